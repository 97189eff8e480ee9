#include "gateway/ledger/ledger.h"

#include "common/assert.h"
#include "gateway/store/ledger.h"

namespace gateway::ledger {
namespace {

constexpr const char* acquirer_receivable = "acq_recv";
constexpr const char* merchant_pending = "m_pend";
constexpr const char* step_payment = "payment";

}  // namespace

void hold(store::Transaction& tx, const Scope& scope, const std::string& charge, common::Money amount,
          std::int64_t now_ms) {
    PORTCULLIS_ASSERT(amount.minor() > 0);
    store::insert_ledger_account(tx, scope, amount.currency(), acquirer_receivable);
    store::insert_ledger_account(tx, scope, amount.currency(), merchant_pending);
    const Transfer transfer{common::new_id("lt_", scope.account),
                            scope,
                            amount.currency(),
                            acquirer_receivable,
                            merchant_pending,
                            amount.minor(),
                            true,
                            charge,
                            step_payment,
                            now_ms};
    store::insert(tx, transfer);
}

bool post_hold(store::Transaction& tx, const Scope& scope, const std::string& charge, std::int64_t captured,
               std::int64_t now_ms) {
    PORTCULLIS_ASSERT(captured > 0);
    return store::settle_transfer(tx, scope, charge, step_payment, captured, now_ms);
}

bool void_hold(store::Transaction& tx, const Scope& scope, const std::string& charge, std::int64_t now_ms) {
    return store::settle_transfer(tx, scope, charge, step_payment, 0, now_ms);
}

std::map<std::string, TrialBalance> trial_balance(store::Transaction& tx, const Scope& scope) {
    std::map<std::string, TrialBalance> totals;
    for (const auto& balance : store::ledger_balances(tx, scope)) {
        auto& total = totals[balance.currency];
        total.debits += balance.debits;
        total.credits += balance.credits;
    }
    return totals;
}

}  // namespace gateway::ledger
