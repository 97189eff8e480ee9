// A bank for test mode. It settles by the clock, and its outcomes go by the account's number.
#pragma once

#include "common/clock.h"
#include "common/db/pool.h"
#include "gateway/payouts/bank.h"

namespace gateway::payouts {

class SandboxBank final : public Bank {
  public:
    // Its book is a table of that database.
    SandboxBank(common::db::Pool& database, const common::Clock& clock)
        : database_{&database}, clock_{&clock} {}
    common::Task<std::string> take(Order order) override;
    common::Task<std::optional<Outcome>> outcome(Scope scope, std::string payout) override;

  private:
    common::db::Pool* database_;
    const common::Clock* clock_;
};

}  // namespace gateway::payouts
