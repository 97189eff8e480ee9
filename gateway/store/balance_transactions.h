#pragma once

#include "gateway/ledger/balance_transaction.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<BalanceTransaction> {
    static constexpr common::Text kind = "balance transaction";
    static constexpr const char* table = "balance_transactions";
    static constexpr std::array columns{"type", "status", "currency",     "amount", "fee",
                                        "net",  "source", "available_on", "payout"};
};

// Accounts with some that are pending though their time has come, those that have waited longest first.
std::vector<common::AccountId> accounts_with_due_balance(Transaction& tx, std::int64_t now, int limit);
// Marks up to `limit` of them as available; the rows stay locked, and what others have locked is left to
// them. Of what it returns only id, scope, status, currency and net are set.
std::vector<BalanceTransaction> take_due_balance(Transaction& tx, common::AccountId account, std::int64_t now,
                                                 int limit);

}  // namespace gateway::store
