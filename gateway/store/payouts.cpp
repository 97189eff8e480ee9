#include "gateway/store/payouts.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement due_accounts{"payouts_due_accounts",
                                 "SELECT account_id FROM payouts WHERE due_at <= $1"
                                 " GROUP BY account_id ORDER BY min(due_at) LIMIT $2"};
// Materialized: as a plain subquery, LIMIT … SKIP LOCKED may be run once for each row, and takes more than
// the limit.
constexpr Statement lease_due{
    "payouts_lease_due",
    "WITH due AS MATERIALIZED (SELECT id FROM payouts WHERE account_id = $1 AND due_at <= $2"
    " ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " UPDATE payouts SET due_at = $3 WHERE account_id = $1 AND id IN (SELECT id FROM due)"
    " RETURNING livemode, id"};

}  // namespace

PORTCULLIS_TABLE(Payout);

std::vector<common::AccountId> accounts_with_due_payouts(Transaction& tx, std::int64_t now_ms, int limit) {
    std::vector<common::AccountId> accounts;
    for (const auto& row : tx.exec(due_accounts, now_ms, limit))
        accounts.push_back({row[0].as<std::int64_t>()});
    return accounts;
}

std::optional<Payout> lease_due_payout(Transaction& tx, common::AccountId account, std::int64_t now_ms,
                                       std::int64_t until_ms) {
    const auto rows = tx.exec(lease_due, account.value, now_ms, until_ms);
    if (rows.empty()) return std::nullopt;
    return lock<Payout>(tx, {account, rows[0][0].as<bool>()}, rows[0][1].as<std::string>());
}

}  // namespace gateway::store
