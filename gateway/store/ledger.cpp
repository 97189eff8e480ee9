#include "gateway/store/ledger.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_account{"ledger_account_insert",
                                   "INSERT INTO ledger_accounts (account_id, livemode, currency, name)"
                                   " VALUES ($1, $2, $3, $4)"
                                   " ON CONFLICT (account_id, livemode, currency, name) DO NOTHING"};
constexpr Statement insert_transfer{
    "ledger_transfer_insert",
    "INSERT INTO ledger_transfers (account_id, id, livemode, currency, debit_account, credit_account, "
    "amount, state,"
    " posted, source, step, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    " ON CONFLICT (account_id, source, step) DO NOTHING"};
constexpr Statement settle{"ledger_transfer_settle",
                           "UPDATE ledger_transfers SET state = $4, posted = $5, settled_at = $6"
                           " WHERE account_id = $1 AND source = $2 AND step = $3 AND state = 'pending'"};
constexpr Statement balances{
    "ledger_balances",
    "SELECT a.currency, a.name,"
    " coalesce((SELECT sum(t.posted) FROM ledger_transfers t WHERE t.account_id = a.account_id"
    " AND t.livemode = a.livemode AND t.currency = a.currency AND t.debit_account = a.name), 0)::bigint,"
    " coalesce((SELECT sum(t.posted) FROM ledger_transfers t WHERE t.account_id = a.account_id"
    " AND t.livemode = a.livemode AND t.currency = a.currency AND t.credit_account = a.name), 0)::bigint,"
    " coalesce((SELECT sum(t.amount) FROM ledger_transfers t WHERE t.account_id = a.account_id"
    " AND t.livemode = a.livemode AND t.currency = a.currency AND t.debit_account = a.name"
    " AND t.state = 'pending'), 0)::bigint,"
    " coalesce((SELECT sum(t.amount) FROM ledger_transfers t WHERE t.account_id = a.account_id"
    " AND t.livemode = a.livemode AND t.currency = a.currency AND t.credit_account = a.name"
    " AND t.state = 'pending'), 0)::bigint"
    " FROM ledger_accounts a WHERE a.account_id = $1 AND a.livemode = $2 ORDER BY a.currency, a.name"};

}  // namespace

void insert_ledger_account(Transaction& tx, const Scope& scope, common::Currency currency, const char* name) {
    tx.exec(insert_account, scope.account.value, scope.livemode, std::string{currency.code()}, name);
}

bool insert(Transaction& tx, const ledger::Transfer& transfer) {
    const bool pending = transfer.pending;
    return tx.exec(insert_transfer, transfer.scope.account.value, transfer.id, transfer.scope.livemode,
                   std::string{transfer.currency.code()}, transfer.debit, transfer.credit, transfer.amount,
                   pending ? "pending" : "posted", pending ? std::int64_t{0} : transfer.amount,
                   transfer.source, transfer.step, transfer.created_ms)
               .affected_rows() == 1;
}

bool settle_transfer(Transaction& tx, const Scope& scope, const std::string& source, const char* step,
                     std::int64_t posted, std::int64_t now_ms) {
    return tx.exec(settle, scope.account.value, source, step, posted > 0 ? "posted" : "voided", posted,
                   now_ms)
               .affected_rows() == 1;
}

std::vector<ledger::Balance> ledger_balances(Transaction& tx, const Scope& scope) {
    std::vector<ledger::Balance> found;
    for (const auto& row : tx.exec(balances, scope.account.value, scope.livemode)) {
        ledger::Balance balance;
        balance.currency = row[0].as<std::string>();
        balance.name = row[1].as<std::string>();
        balance.debits = row[2].as<std::int64_t>();
        balance.credits = row[3].as<std::int64_t>();
        balance.debits_pending = row[4].as<std::int64_t>();
        balance.credits_pending = row[5].as<std::int64_t>();
        found.push_back(std::move(balance));
    }
    return found;
}

}  // namespace gateway::store
