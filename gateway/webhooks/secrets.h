// Signing secrets as they are stored, each bound to its endpoint's id.
#pragma once

#include "gateway/sealer.h"
#include "gateway/webhooks/endpoint.h"

namespace gateway::webhooks {

class Secrets {
  public:
    explicit Secrets(const common::SecretBytes& pepper);

    std::string seal(std::string_view endpoint, const common::SecretText& secret) const;
    // Those that sign at this time, the present one first; empty when they do not open: another pepper, or a
    // row that was changed.
    std::vector<common::SecretText> open(std::string_view endpoint, const SealedSecrets& sealed,
                                         std::int64_t now_ms) const;

  private:
    Sealer sealer_;
};

}  // namespace gateway::webhooks
