#include "gateway/store/ledger.h"

#include <algorithm>

#include "gateway/store/paging.h"
#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_accounts{"ledger_accounts_insert",
                                    "INSERT INTO ledger_accounts (account_id, livemode, currency, name)"
                                    " VALUES ($1, $2, $3, $4), ($1, $2, $3, $5)"
                                    " ON CONFLICT (account_id, livemode, currency, name) DO NOTHING"};
// Leaves the foreign keys of transfers, which share the key of the row, undisturbed.
constexpr Statement lock_account{
    "ledger_account_lock",
    "SELECT 1 FROM ledger_accounts WHERE account_id = $1 AND livemode = $2 AND currency = $3 AND name = $4"
    " FOR NO KEY UPDATE"};
constexpr Statement insert_transfer{
    "ledger_transfer_insert",
    "INSERT INTO ledger_transfers (account_id, id, livemode, position, currency, debit_account,"
    " credit_account, amount, state, posted, source, step, created)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    " ON CONFLICT (account_id, source, step) DO NOTHING"};
constexpr Statement settle{"ledger_transfer_settle",
                           "UPDATE ledger_transfers SET state = $4, posted = $5, settled_at = $6"
                           " WHERE account_id = $1 AND source = $2 AND step = $3 AND state = 'pending'"};
// Each transfer counts on two accounts.
constexpr Statement balances{
    "ledger_balances",
    "SELECT currency, name, sum(debits)::bigint, sum(credits)::bigint, sum(debits_pending)::bigint,"
    " sum(credits_pending)::bigint FROM ("
    "SELECT currency, debit_account AS name, posted AS debits, 0 AS credits,"
    " CASE WHEN state = 'pending' THEN amount ELSE 0 END AS debits_pending, 0 AS credits_pending"
    " FROM ledger_transfers WHERE account_id = $1 AND livemode = $2"
    " UNION ALL SELECT currency, credit_account, 0, posted, 0,"
    " CASE WHEN state = 'pending' THEN amount ELSE 0 END"
    " FROM ledger_transfers WHERE account_id = $1 AND livemode = $2) AS sides"
    " GROUP BY currency, name ORDER BY currency, name"};

ledger::Transfer transfer_of(const pqxx::row& row, const Scope& scope) {
    auto state = ledger::TransferState::posted;
    if (!boost::describe::enum_from_string(row[7].c_str(), state))
        throw std::invalid_argument{"a transfer has an unknown state"};
    return {row[0].as<std::string>(),
            scope,
            row[1].as<std::int64_t>(),
            common::Currency::find(row[2].c_str()).value(),
            row[3].as<std::string>(),
            row[4].as<std::string>(),
            row[5].as<std::int64_t>(),
            row[6].as<std::int64_t>(),
            state,
            row[8].as<std::string>(),
            row[9].as<std::string>(),
            row[10].as<std::int64_t>(),
            optional_integer(row[11])};
}

}  // namespace

void insert_ledger_accounts(Transaction& tx, const Scope& scope, common::Currency currency, const char* debit,
                            const char* credit) {
    tx.exec(insert_accounts, scope.account.value, scope.livemode, std::string{currency.code()}, debit,
            credit);
}

bool lock_ledger_account(Transaction& tx, const Scope& scope, common::Currency currency, const char* name) {
    return !tx.exec(lock_account, scope.account.value, scope.livemode, std::string{currency.code()}, name)
                .empty();
}

bool insert(Transaction& tx, const ledger::Transfer& transfer) {
    return tx.exec(insert_transfer, transfer.scope.account.value, transfer.id, transfer.scope.livemode,
                   transfer.position, std::string{transfer.currency.code()}, transfer.debit, transfer.credit,
                   transfer.amount, boost::describe::enum_to_string(transfer.state, ""), transfer.posted,
                   transfer.source, transfer.step, transfer.created_ms)
               .affected_rows() == 1;
}

bool settle_transfer(Transaction& tx, const Scope& scope, const std::string& source, const std::string& step,
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

common::Result<Page<ledger::Transfer>> list_transfers(Transaction& tx, const Scope& scope,
                                                      const ListQuery& query) {
    static const std::string transfers = "ledger_transfers";
    static const std::string columns =
        "id, position, currency, debit_account, credit_account, amount, posted, state, source, step,"
        " created, settled_at";
    auto rows = page_rows(tx, {transfers, columns, "ledger transaction"}, scope, query);
    if (!rows) return common::Fail{std::move(rows).error()};
    Page<ledger::Transfer> page;
    page.has_more = rows->has_more;
    for (const auto& row : rows->rows)
        page.items.push_back(transfer_of(row, scope));
    if (!query.ending_before.empty()) std::ranges::reverse(page.items);
    return page;
}

}  // namespace gateway::store
