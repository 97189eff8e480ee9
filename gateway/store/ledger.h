#pragma once

#include "gateway/ledger/ledger.h"
#include "gateway/store/session.h"

namespace gateway::store {

void insert_ledger_account(Transaction& tx, const Scope& scope, common::Currency currency, const char* name);
// False: a transfer of this source and step is there already.
bool insert(Transaction& tx, const ledger::Transfer& transfer);
// Ends a pending transfer: posts 1 ≤ `posted` ≤ amount, or voids it (0). False: there is none that is
// pending.
bool settle_transfer(Transaction& tx, const Scope& scope, const std::string& source, const char* step,
                     std::int64_t posted, std::int64_t now_ms);
std::vector<ledger::Balance> ledger_balances(Transaction& tx, const Scope& scope);

}  // namespace gateway::store
