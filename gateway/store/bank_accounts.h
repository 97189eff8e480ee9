#pragma once

#include "gateway/bank_accounts/bank_account.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<BankAccount> {
    static constexpr common::Text kind = "external account";
    static constexpr const char* table = "bank_accounts";
    static constexpr std::array columns{"currency", "active"};
};

std::optional<BankAccount> active_bank_account(Transaction& tx, const Scope& scope,
                                               common::Currency currency);
// Makes room for another one of that currency.
void retire_bank_account(Transaction& tx, const Scope& scope, common::Currency currency);

}  // namespace gateway::store
