#include "gateway/webhooks/secrets.h"

namespace gateway::webhooks {

Secrets::Secrets(const common::SecretBytes& pepper) : sealer_{pepper, "portcullis webhook secrets"} {}

std::string Secrets::seal(std::string_view endpoint, const common::SecretText& secret) const {
    return sealer_.seal(endpoint, secret.view());
}

std::vector<common::SecretText> Secrets::open(std::string_view endpoint, const SealedSecrets& sealed,
                                              std::int64_t now_ms) const {
    std::vector<common::SecretText> secrets;
    auto present = sealer_.open(endpoint, sealed.present);
    if (!present) return secrets;
    secrets.push_back(*std::move(present));
    if (sealed.previous.empty() || sealed.previous_until_ms <= now_ms) return secrets;
    if (auto previous = sealer_.open(endpoint, sealed.previous)) secrets.push_back(*std::move(previous));
    return secrets;
}

}  // namespace gateway::webhooks
