// Whether the vault can do its work: asked of the HSM, the database and the link, not guessed.
#pragma once

#include <atomic>
#include <mutex>

#include "hsm/hsm.h"
#include "vault/api/interfaces.h"
#include "vault/audit/log.h"
#include "vault/relay/relay.h"
#include "vault/store/card_rows.h"

namespace vault::api {

class HealthProbe final : public HealthSource {
  public:
    HealthProbe(hsm::Hsm& hsm, store::CardRows& rows, const relay::Relay& relay, const audit::Log& log)
        : hsm_{hsm}, rows_{rows}, relay_{relay}, log_{log} {}
    // HSM and database are asked at most once a second, however many callers there are.
    common::Task<HealthReport> report(common::Deadline deadline) override;
    void draining() { draining_ = true; }

  private:
    using Steady = std::chrono::steady_clock;
    hsm::Hsm& hsm_;
    store::CardRows& rows_;
    const relay::Relay& relay_;
    const audit::Log& log_;
    std::atomic<bool> draining_ = false;
    std::mutex mutex_;
    HealthReport last_;
    Steady::time_point asked_;
    bool known_ = false;
};

}  // namespace vault::api
