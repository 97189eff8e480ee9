#include "gateway/payouts/payouts.h"

#include "gateway/ledger/ledger.h"
#include "gateway/payouts/machine.h"
#include "gateway/payouts/rules.h"
#include "gateway/store/bank_accounts.h"
#include "gateway/store/payouts.h"

namespace gateway::payouts {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

Result<BankAccount> destination_of(Work& work, const NewPayout& input) {
    if (!input.destination) {
        if (auto active = store::active_bank_account(work.tx, work.scope(), input.currency))
            return *std::move(active);
        return Fail{Error::invalid("", "destination", "You have no bank account for payouts in {}.",
                                   {Safe::id(input.currency.code())})};
    }
    auto account = store::require<BankAccount>(work.tx, work.scope(), *input.destination, "destination");
    if (!account) return account;
    if (auto fine = rules::may_receive(*account, input.currency); !fine) return Fail{fine.error()};
    return account;
}

}  // namespace

Result<Payout> create(Work& work, const Terms& terms, const NewPayout& input) {
    const common::Money amount{input.amount, input.currency};
    if (auto fine = rules::payout_amount(amount); !fine) return Fail{fine.error()};
    if (auto fine = rules::may_pay_out(work.account, terms, work.scope().livemode); !fine)
        return Fail{fine.error()};
    const auto destination = destination_of(work, input);
    if (!destination) return Fail{destination.error()};
    const auto available = ledger::lock_available(work.tx, work.scope(), input.currency);
    if (auto fine = rules::covers(available, amount); !fine) return Fail{fine.error()};

    Payout payout;
    work.stamp(payout, "po_");
    payout.amount = input.amount;
    payout.currency = input.currency;
    payout.method = input.method;
    payout.arrival_date = terms.arrival(input.method, work.now());
    payout.due_at = terms.sending_ms(input.method, work.now_ms);
    payout.destination = destination->id;
    payout.description = input.description;
    payout.statement_descriptor = input.statement_descriptor;
    payout.metadata = input.metadata;
    payout.balance_transaction =
        ledger::pay_out(work.tx, work.scope(), {payout.id, amount, payout.description}, work.now_ms).id;
    store::insert(work.tx, payout);
    work.tell("payout.created", &payout);
    return payout;
}

Result<Payout> update(Work& work, const std::string& id, const Change<boost::json::object>& metadata) {
    auto before = store::require_locked<Payout>(work.tx, work.scope(), id);
    if (!before) return before;
    auto after = *before;
    if (auto fine = put_metadata(after.metadata, metadata); !fine) return Fail{fine.error()};
    store::update(work.tx, after);
    work.tell_changed("payout.updated", &*before, &after);
    return after;
}

Result<Payout> cancel(Work& work, const std::string& id) {
    auto payout = store::require_locked<Payout>(work.tx, work.scope(), id);
    if (!payout) return payout;
    if (auto fine = rules::may_cancel(*payout); !fine) return Fail{fine.error()};
    advance(*payout, PayoutEvent::canceled);
    payout->due_at.reset();
    const common::Money amount{payout->amount, payout->currency};
    payout->failure_balance_transaction =
        ledger::cancel_payout(work.tx, work.scope(), {id, amount, payout->description}, work.now_ms).id;
    store::update(work.tx, *payout);
    work.tell("payout.canceled", &*payout);
    return payout;
}

Result<Payout> reverse(Work& work, const std::string& id) {
    auto payout = store::require<Payout>(work.tx, work.scope(), id);
    if (!payout) return payout;
    return Fail{Error::invalid(
        "", "", "Payout {} cannot be reversed: this gateway takes no money from bank accounts.",
        {Safe::id(id)})};
}

}  // namespace gateway::payouts
