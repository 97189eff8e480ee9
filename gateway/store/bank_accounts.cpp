#include "gateway/store/bank_accounts.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

constexpr common::db::Statement retire{
    "bank_account_retire",
    "UPDATE bank_accounts SET active = false"
    " WHERE account_id = $1 AND livemode = $2 AND currency = $3 AND active"};

}  // namespace

PORTCULLIS_TABLE(BankAccount);

std::optional<BankAccount> active_bank_account(Transaction& tx, const Scope& scope,
                                               common::Currency currency) {
    ListQuery query;
    query.limit = 1;
    query.equal = {{"active", "t"}, {"currency", std::string{currency.code()}}};
    auto page = list<BankAccount>(tx, scope, query);
    if (!page || page->items.empty()) return std::nullopt;
    return std::move(page->items.front());
}

void retire_bank_account(Transaction& tx, const Scope& scope, common::Currency currency) {
    tx.exec(retire, scope.account.value, scope.livemode, std::string{currency.code()});
}

}  // namespace gateway::store
