// The double-entry ledger of a merchant account. A transfer has a debit account, a credit account, an amount
// and a currency in one row, so it balances by construction. Liabilities grow on the credit side.
//
//   acq_recv   asset      what the acquirer owes us
//   m_pend     liability  the merchant's money that the acquirer has not paid out yet
//   m_avail    liability  the merchant's money that can be paid out
//   m_hold, m_prov, fee_inc, net_cost, disp_loss: of disputes and fees, not used yet
//
//   step                 debit      credit    amount
//   authorized           acq_recv   m_pend    what was approved, pending: counts for nothing
//   captured             posts the pending one with what was captured, and so lets the rest go
//   declined, canceled   voids the pending one
//
// Settlement (m_pend → m_avail), fees and refunds follow with the parts that they belong to.
#pragma once

#include <map>
#include <vector>

#include "common/money.h"
#include "common/result.h"
#include "gateway/scope.h"
#include "gateway/store/session.h"

namespace gateway::ledger {

struct Transfer {
    std::string id;  // "lt_…"
    Scope scope;
    common::Currency currency;
    const char* debit;
    const char* credit;
    std::int64_t amount = 0;  // minor units, > 0
    bool pending = false;
    std::string source;  // with `step` unique in the account, so that a step that is run again posts nothing
    const char* step;
    std::int64_t created_ms = 0;
};

// Posted sums of one account in one currency.
struct Balance {
    std::string currency, name;
    std::int64_t debits = 0, credits = 0;
    std::int64_t debits_pending = 0, credits_pending = 0;
};

// Holds what an approval promised. `charge` names the source.
void hold(store::Transaction& tx, const Scope& scope, const std::string& charge, common::Money amount,
          std::int64_t now_ms);
// Posts `captured` minor units of the hold; the rest of it is let go. False: no hold is pending.
bool post_hold(store::Transaction& tx, const Scope& scope, const std::string& charge, std::int64_t captured,
               std::int64_t now_ms);
bool void_hold(store::Transaction& tx, const Scope& scope, const std::string& charge, std::int64_t now_ms);

struct TrialBalance {
    std::int64_t debits = 0, credits = 0;
    std::int64_t difference() const { return debits - credits; }  // zero at any moment
};
// By currency.
std::map<std::string, TrialBalance> trial_balance(store::Transaction& tx, const Scope& scope);

}  // namespace gateway::ledger
