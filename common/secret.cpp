#include "common/secret.h"

#include <new>

#include <openssl/crypto.h>

namespace common {

void wipe(void* memory, std::size_t size) noexcept {
    if (size != 0) OPENSSL_cleanse(memory, size);
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

SecretBytes::SecretBytes(std::size_t size) {
    if (size == 0) return;
    data_ = static_cast<std::uint8_t*>(OPENSSL_secure_zalloc(size));
    if (data_ == nullptr) throw std::bad_alloc{};
    size_ = size;
}

SecretBytes SecretBytes::copy_of(std::span<const std::uint8_t> bytes) {
    SecretBytes copy{bytes.size()};
    if (!bytes.empty()) std::memcpy(copy.data_, bytes.data(), bytes.size());
    return copy;
}

SecretBytes SecretBytes::copy_of(std::string_view text) {
    return copy_of(std::span{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        clear();
        data_ = other.data_, size_ = other.size_;
        other.forget();
    }
    return *this;
}

void SecretBytes::clear() noexcept {
    if (data_ != nullptr) OPENSSL_secure_clear_free(data_, size_);
    forget();
}

}  // namespace common
