#pragma once

#include "gateway/ledger/ledger.h"
#include "gateway/object.h"
#include "gateway/store/session.h"

namespace gateway::store {

// Both accounts of a transfer, where they are not there yet.
void insert_ledger_accounts(Transaction& tx, const Scope& scope, common::Currency currency, const char* debit,
                            const char* credit);
// Until the transaction ends, for whoever takes it too. False: nothing was ever booked on it.
bool lock_ledger_account(Transaction& tx, const Scope& scope, common::Currency currency, const char* name);
// False: a transfer of this source and step is there already.
bool insert(Transaction& tx, const ledger::Transfer& transfer);
// Ends a pending transfer: posts 1 ≤ `posted` ≤ amount, or voids it (0). False: there is none that is
// pending.
bool settle_transfer(Transaction& tx, const Scope& scope, const std::string& source, const std::string& step,
                     std::int64_t posted, std::int64_t now_ms);
std::vector<ledger::Balance> ledger_balances(Transaction& tx, const Scope& scope);
common::Result<Page<ledger::Transfer>> list_transfers(Transaction& tx, const Scope& scope,
                                                      const ListQuery& query);

}  // namespace gateway::store
