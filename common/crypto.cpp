#include "common/crypto.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "common/assert.h"
#include "common/base62.h"

namespace common::crypto {
namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using CipherPtr = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD, Deleter<EVP_MD_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using MacPtr = std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;

// Fetching takes locks and costs more than the operations, so it happens once.
struct Algorithms {
    CipherPtr aes_256_gcm{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
    DigestPtr sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    MacPtr hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    Algorithms() { PORTCULLIS_ASSERT(aes_256_gcm && sha256 && hmac); }
};

const Algorithms& algorithms() {
    static const Algorithms fetched;
    return fetched;
}

int as_int(std::size_t size) {
    PORTCULLIS_ASSERT(size <= 0x7fffffff);
    return static_cast<int>(size);
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The thread's cipher context; reset behind each use, which wipes the key schedule.
class GcmContext {
  public:
    GcmContext() { PORTCULLIS_ASSERT(context()); }
    ~GcmContext() { EVP_CIPHER_CTX_reset(context()); }
    GcmContext(const GcmContext&) = delete;
    GcmContext& operator=(const GcmContext&) = delete;
    EVP_CIPHER_CTX* get() { return context(); }

  private:
    static EVP_CIPHER_CTX* context() {
        thread_local const CipherContext made{EVP_CIPHER_CTX_new()};
        return made.get();
    }
};

// Small draws come from a block of the thread's; what was handed out is wiped at once.
class RandomBlock {
  public:
    RandomBlock() = default;
    ~RandomBlock() { wipe(block_.data(), block_.size()); }
    RandomBlock(const RandomBlock&) = delete;
    RandomBlock& operator=(const RandomBlock&) = delete;
    void draw(std::span<std::uint8_t> out) {
        if (out.size() > block_.size() - used_) {
            PORTCULLIS_ASSERT(RAND_bytes(block_.data(), as_int(block_.size())) == 1);
            used_ = 0;
        }
        std::memcpy(out.data(), block_.data() + used_, out.size());
        wipe(block_.data() + used_, out.size());
        used_ += out.size();
    }

  private:
    static constexpr std::size_t block_size = 4096;
    std::array<std::uint8_t, block_size> block_{};
    std::size_t used_ = block_size;
};

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < base64_alphabet.size(); ++i)
        values[static_cast<std::uint8_t>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}();

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void random_bytes(std::span<std::uint8_t> out) {
    constexpr std::size_t small_max = 512;
    if (out.empty()) return;
    if (out.size() > small_max) {
        PORTCULLIS_ASSERT(RAND_bytes(out.data(), as_int(out.size())) == 1);
        return;
    }
    thread_local RandomBlock block;
    block.draw(out);
}

namespace {

template <class Text>
Text base62_text(std::size_t characters) {
    constexpr std::uint8_t unbiased_below = 248;  // 4 × 62
    Text text;
    text.reserve(characters);
    std::array<std::uint8_t, 32> drawn{};
    while (text.size() < characters) {
        random_bytes(drawn);
        for (const auto byte : drawn)
            if (byte < unbiased_below && text.size() < characters)
                text.push_back(base62::alphabet[byte % 62]);
    }
    wipe(drawn.data(), drawn.size());
    return text;
}

}  // namespace

std::string random_base62(std::size_t characters) {
    return base62_text<std::string>(characters);
}

SecretText random_secret(std::size_t characters) {
    return base62_text<SecretText>(characters);
}

Digest sha256(std::span<const std::uint8_t> data) {
    thread_local const DigestContext context{EVP_MD_CTX_new()};
    PORTCULLIS_ASSERT(context != nullptr);
    Digest digest;
    unsigned size = 0;
    PORTCULLIS_ASSERT(EVP_DigestInit_ex2(context.get(), algorithms().sha256.get(), nullptr) == 1);
    PORTCULLIS_ASSERT(EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1);
    PORTCULLIS_ASSERT(EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1 && size == digest.size());
    return digest;
}

Digest sha256(std::string_view data) {
    return sha256(bytes_of(data));
}

Digest hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data) {
    // Holds the digest but no key: each call works on a copy, whose key is wiped when it is freed.
    thread_local const MacContext blank = [] {
        MacContext made{EVP_MAC_CTX_new(algorithms().hmac.get())};
        std::string name = "SHA256";
        const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                    OSSL_PARAM_construct_end()};
        PORTCULLIS_ASSERT(made && EVP_MAC_CTX_set_params(made.get(), parameters.data()) == 1);
        return made;
    }();
    static constexpr std::uint8_t no_key = 0;  // a null key means "keep the old one" to OpenSSL
    const MacContext context{EVP_MAC_CTX_dup(blank.get())};
    Digest digest;
    std::size_t size = 0;
    PORTCULLIS_ASSERT(context != nullptr);
    PORTCULLIS_ASSERT(EVP_MAC_init(context.get(), key.empty() ? &no_key : key.data(), key.size(), nullptr) ==
                      1);
    PORTCULLIS_ASSERT(EVP_MAC_update(context.get(), data.data(), data.size()) == 1);
    PORTCULLIS_ASSERT(EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 &&
                      size == digest.size());
    return digest;
}

Digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view data) {
    return hmac_sha256(key, bytes_of(data));
}

Bytes gcm_seal(std::span<const std::uint8_t> key, std::span<const std::uint8_t> plain,
               std::span<const std::uint8_t> aad) {
    PORTCULLIS_ASSERT(key.size() == gcm_key_size);
    Bytes sealed(gcm_iv_size + plain.size() + gcm_tag_size);
    random_bytes(std::span{sealed}.first(gcm_iv_size));
    GcmContext context;
    auto* const gcm = context.get();
    int size = 0;
    PORTCULLIS_ASSERT(
        EVP_EncryptInit_ex2(gcm, algorithms().aes_256_gcm.get(), key.data(), sealed.data(), nullptr) == 1);
    if (!aad.empty())
        PORTCULLIS_ASSERT(EVP_EncryptUpdate(gcm, nullptr, &size, aad.data(), as_int(aad.size())) == 1);
    auto* const cipher_text = sealed.data() + gcm_iv_size;
    if (!plain.empty())
        PORTCULLIS_ASSERT(EVP_EncryptUpdate(gcm, cipher_text, &size, plain.data(), as_int(plain.size())) ==
                          1);
    auto* const tag = cipher_text + plain.size();
    PORTCULLIS_ASSERT(EVP_EncryptFinal_ex(gcm, tag, &size) == 1 && size == 0);
    PORTCULLIS_ASSERT(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, as_int(gcm_tag_size), tag) == 1);
    return sealed;
}

namespace {

bool is_sealed(std::span<const std::uint8_t> sealed) {
    return sealed.size() >= gcm_iv_size + gcm_tag_size;
}

// Into `plain`, which has the ciphertext's size. What is there when it fails is not authenticated.
bool open_into(std::span<std::uint8_t> plain, std::span<const std::uint8_t> key,
               std::span<const std::uint8_t> sealed, std::span<const std::uint8_t> aad) {
    PORTCULLIS_ASSERT(key.size() == gcm_key_size);
    const auto cipher_text = sealed.subspan(gcm_iv_size, plain.size());
    std::array<std::uint8_t, gcm_tag_size> tag{};
    std::copy(sealed.end() - gcm_tag_size, sealed.end(), tag.begin());
    GcmContext context;
    auto* const gcm = context.get();
    int size = 0;
    PORTCULLIS_ASSERT(
        EVP_DecryptInit_ex2(gcm, algorithms().aes_256_gcm.get(), key.data(), sealed.data(), nullptr) == 1);
    if (!aad.empty())
        PORTCULLIS_ASSERT(EVP_DecryptUpdate(gcm, nullptr, &size, aad.data(), as_int(aad.size())) == 1);
    if (!cipher_text.empty())
        PORTCULLIS_ASSERT(
            EVP_DecryptUpdate(gcm, plain.data(), &size, cipher_text.data(), as_int(cipher_text.size())) == 1);
    PORTCULLIS_ASSERT(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, as_int(gcm_tag_size), tag.data()) == 1);
    std::uint8_t nothing_left = 0;
    if (EVP_DecryptFinal_ex(gcm, &nothing_left, &size) == 1) return true;
    ERR_clear_error();
    return false;
}

}  // namespace

// Both wipe what they return nothing of: unauthenticated text never leaves.
std::optional<SecretBytes> gcm_open(std::span<const std::uint8_t> key, std::span<const std::uint8_t> sealed,
                                    std::span<const std::uint8_t> aad) {
    if (!is_sealed(sealed)) return std::nullopt;
    SecretBytes plain{sealed.size() - gcm_iv_size - gcm_tag_size};
    if (!open_into(plain.bytes(), key, sealed, aad)) return std::nullopt;
    return plain;
}

std::optional<SecretText> gcm_open_text(std::span<const std::uint8_t> key,
                                        std::span<const std::uint8_t> sealed,
                                        std::span<const std::uint8_t> aad) {
    if (!is_sealed(sealed)) return std::nullopt;
    SecretText plain;
    plain.resize(sealed.size() - gcm_iv_size - gcm_tag_size);
    const std::span out{reinterpret_cast<std::uint8_t*>(plain.data()), plain.size()};
    if (!open_into(out, key, sealed, aad)) return std::nullopt;
    return plain;
}

std::string to_hex(std::span<const std::uint8_t> data) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(data.size() * 2);
    for (const auto byte : data) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

std::optional<Bytes> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    Bytes data(hex.size() / 2);
    for (std::size_t i = 0; i < data.size(); ++i) {
        const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        data[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return data;
}

std::string to_base64(std::span<const std::uint8_t> data) {
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const auto left = std::min<std::size_t>(3, data.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? data[i + k] : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? base64_alphabet[group >> (18 - 6 * k) & 63U] : '=';
    }
    return text;
}

// RFC 4648 section 4, canonical: padding is there and its unused bits are zero.
std::optional<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    Bytes data;
    data.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const auto value = k < 4 - padding ? base64_values[static_cast<std::uint8_t>(text[i + k])] : 0;
            if (value < 0) return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        if ((padding == 1 && (group & 0xffU) != 0) || (padding == 2 && (group & 0xffffU) != 0))
            return std::nullopt;
        for (std::size_t k = 0; k < 3 - padding; ++k)
            data.push_back(static_cast<std::uint8_t>(group >> (16 - 8 * k)));
    }
    return data;
}

}  // namespace common::crypto
