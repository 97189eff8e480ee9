// What becomes of payouts, by the clock: they are sent to the bank when their hour has come, and what the
// bank says is booked. A payout is in transit before the bank is asked, and the bank takes an order once,
// whoever sends it how often; so a gateway that dies leaves nothing that another one could not take up.
#pragma once

#include "common/clock.h"
#include "common/db/pool.h"
#include "gateway/bank_accounts/numbers.h"
#include "gateway/payouts/bank.h"
#include "gateway/payouts/payout.h"
#include "gateway/renderer.h"

namespace gateway::payouts {

inline constexpr std::int64_t lease_ms = 30'000;  // after which another gateway takes up what one had begun
inline constexpr std::int64_t look_again_ms = 60'000;     // when the bank does not know yet
inline constexpr std::int64_t watch_ms = 24 * 3'600'000;  // how often the bank is asked about what was paid,
inline constexpr std::int64_t watched_days = 5;           // and for how long: so long money may come back

class Dispatcher {
  public:
    Dispatcher(common::db::Pool& database, Bank& bank, const BankNumbers& numbers, const Renderer& renderer,
               const common::Clock& clock)
        : database_{&database}, bank_{&bank}, numbers_{&numbers}, renderer_{&renderer}, clock_{&clock} {}

    // At most `limit` payouts that are due; how many were dealt with. Run every second or so, by any number
    // of gateways.
    common::Task<int> run(int limit);

  private:
    struct Leased {
        Payout payout;
        BankAccount destination;
    };

    std::int64_t now_ms() const { return clock_->now().time_since_epoch().count(); }
    common::Task<std::optional<Leased>> lease(common::AccountId account);
    common::Task<bool> carry_out(Leased leased);
    // In transactions of their own; nothing is booked twice.
    common::Task<bool> book_taken(const Payout& payout, std::string trace);
    common::Task<bool> book_outcome(const Payout& payout, std::optional<Outcome> outcome);

    common::db::Pool* database_;
    Bank* bank_;
    const BankNumbers* numbers_;
    const Renderer* renderer_;
    const common::Clock* clock_;
};

}  // namespace gateway::payouts
