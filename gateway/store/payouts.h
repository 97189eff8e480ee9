#pragma once

#include "gateway/payouts/payout.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<Payout> {
    static constexpr common::Text kind = "payout";
    static constexpr const char* table = "payouts";
    static constexpr std::array columns{"status",      "amount",       "currency",
                                        "destination", "arrival_date", "due_at"};
};

// Accounts with some that the clock is to look at, those that have waited longest first; under Scan::payouts.
std::vector<common::AccountId> accounts_with_due_payouts(Transaction& tx, std::int64_t now_ms, int limit);
// The one that has waited longest, locked; what others have locked is left to them. Until `until_ms` it is
// nobody else's.
std::optional<Payout> lease_due_payout(Transaction& tx, common::AccountId account, std::int64_t now_ms,
                                       std::int64_t until_ms);

}  // namespace gateway::store
