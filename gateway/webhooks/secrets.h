// Signing secrets as they are stored: sealed under a key of the gateway's pepper, each bound to its
// endpoint's id.
#pragma once

#include "common/crypto.h"
#include "common/secret.h"
#include "gateway/webhooks/endpoint.h"

namespace gateway::webhooks {

class Secrets {
  public:
    // The pepper's third use, under a key of its own.
    explicit Secrets(const common::SecretBytes& pepper);

    std::string seal(std::string_view endpoint, const common::SecretText& secret) const;
    // Those that sign at this time, the present one first; empty when they do not open: another pepper, or a
    // row that was changed.
    std::vector<common::SecretText> open(std::string_view endpoint, const SealedSecrets& sealed,
                                         std::int64_t now_ms) const;

  private:
    common::SecretBytes key_;
};

}  // namespace gateway::webhooks
