#include "gateway/store/balance_transactions.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement due_accounts{
    "balance_due_accounts",
    "SELECT account_id FROM balance_transactions WHERE status = 'pending' AND available_on <= $1"
    " GROUP BY account_id ORDER BY min(available_on) LIMIT $2"};
// Materialized: as a plain subquery, LIMIT … SKIP LOCKED may be run once for each row, and takes more than
// the limit.
constexpr Statement take_due{
    "balance_take_due",
    "WITH due AS MATERIALIZED (SELECT id FROM balance_transactions WHERE account_id = $1"
    " AND status = 'pending' AND available_on <= $2 ORDER BY available_on LIMIT $3 FOR UPDATE SKIP LOCKED)"
    " UPDATE balance_transactions SET status = 'available'"
    " WHERE account_id = $1 AND id IN (SELECT id FROM due)"
    " RETURNING id, livemode, currency, net"};

}  // namespace

PORTCULLIS_TABLE(BalanceTransaction);

std::vector<common::AccountId> accounts_with_due_balance(Transaction& tx, std::int64_t now, int limit) {
    std::vector<common::AccountId> accounts;
    for (const auto& row : tx.exec(due_accounts, now, limit))
        accounts.push_back({row[0].as<std::int64_t>()});
    return accounts;
}

std::vector<BalanceTransaction> take_due_balance(Transaction& tx, common::AccountId account, std::int64_t now,
                                                 int limit) {
    std::vector<BalanceTransaction> taken;
    for (const auto& row : tx.exec(take_due, account.value, now, limit)) {
        BalanceTransaction transaction;
        transaction.id = row[0].as<std::string>();
        transaction.scope = {account, row[1].as<bool>()};
        transaction.status = BalanceStatus::available;
        transaction.currency = common::Currency::find(row[2].c_str()).value();
        transaction.net = row[3].as<std::int64_t>();
        taken.push_back(std::move(transaction));
    }
    return taken;
}

}  // namespace gateway::store
