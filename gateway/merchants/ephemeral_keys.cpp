#include "gateway/merchants/ephemeral_keys.h"

#include "common/crypto.h"

namespace gateway {

EphemeralSecrets::EphemeralSecrets(const common::SecretBytes& pepper)
    : key_{derived_key(pepper, "portcullis ephemeral keys")} {}

common::SecretText EphemeralSecrets::of(std::string_view id) const {
    constexpr std::size_t bytes = 16;  // 32 characters
    auto digest = common::crypto::hmac_sha256(key_.bytes(), id);
    common::SecretText secret{common::crypto::to_hex(std::span{digest}.first(bytes))};
    common::wipe(digest.data(), digest.size());
    return secret;
}

}  // namespace gateway
