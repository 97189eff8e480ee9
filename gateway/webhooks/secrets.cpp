#include "gateway/webhooks/secrets.h"

namespace gateway::webhooks {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::optional<common::SecretText> open_one(const common::SecretBytes& key, std::string_view endpoint,
                                           std::string_view sealed) {
    const auto bytes = common::crypto::from_hex(sealed);
    if (!bytes) return std::nullopt;
    const auto opened = common::crypto::gcm_open(key.bytes(), *bytes, bytes_of(endpoint));
    if (!opened) return std::nullopt;
    return common::SecretText{opened->text()};
}

}  // namespace

Secrets::Secrets(const common::SecretBytes& pepper) {
    auto digest = common::crypto::hmac_sha256(pepper.bytes(), "portcullis webhook secrets");
    key_ = common::SecretBytes::copy_of(digest);
    common::wipe(digest.data(), digest.size());
}

std::string Secrets::seal(std::string_view endpoint, const common::SecretText& secret) const {
    return common::crypto::to_hex(
        common::crypto::gcm_seal(key_.bytes(), bytes_of(secret.view()), bytes_of(endpoint)));
}

std::vector<common::SecretText> Secrets::open(std::string_view endpoint, const SealedSecrets& sealed,
                                              std::int64_t now_ms) const {
    std::vector<common::SecretText> secrets;
    auto present = open_one(key_, endpoint, sealed.present);
    if (!present) return secrets;
    secrets.push_back(*std::move(present));
    if (sealed.previous.empty() || sealed.previous_until_ms <= now_ms) return secrets;
    if (auto previous = open_one(key_, endpoint, sealed.previous)) secrets.push_back(*std::move(previous));
    return secrets;
}

}  // namespace gateway::webhooks
