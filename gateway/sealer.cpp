#include "gateway/sealer.h"

#include "common/crypto.h"

namespace gateway {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

common::SecretBytes derived_key(const common::SecretBytes& pepper, std::string_view purpose) {
    auto digest = common::crypto::hmac_sha256(pepper.bytes(), purpose);
    auto key = common::SecretBytes::copy_of(digest);
    common::wipe(digest.data(), digest.size());
    return key;
}

Sealer::Sealer(const common::SecretBytes& pepper, std::string_view purpose)
    : key_{derived_key(pepper, purpose)} {}

std::string Sealer::seal(std::string_view owner, std::string_view secret) const {
    return common::crypto::to_hex(common::crypto::gcm_seal(key_.bytes(), bytes_of(secret), bytes_of(owner)));
}

std::optional<common::SecretText> Sealer::open(std::string_view owner, std::string_view sealed) const {
    const auto bytes = common::crypto::from_hex(sealed);
    if (!bytes) return std::nullopt;
    const auto opened = common::crypto::gcm_open(key_.bytes(), *bytes, bytes_of(owner));
    if (!opened) return std::nullopt;
    return common::SecretText{opened->text()};
}

}  // namespace gateway
