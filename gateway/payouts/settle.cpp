#include "gateway/payouts/settle.h"

#include "common/log.h"
#include "gateway/due.h"
#include "gateway/ledger/ledger.h"
#include "gateway/payouts/machine.h"
#include "gateway/store/bank_accounts.h"
#include "gateway/store/payouts.h"
#include "gateway/work.h"

namespace gateway::payouts {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Task;
using store::Transaction;

constexpr int payouts_of_account_max = 20;

ledger::PayoutEntry entry_of(const Payout& payout) {
    return {payout.id, {payout.amount, payout.currency}, payout.description};
}

void settle(Transaction& tx, Payout& payout, const Outcome& outcome, std::int64_t now_ms) {
    payout.due_at.reset();
    if (outcome.paid()) {
        if (payout.status == PayoutStatus::in_transit) advance(payout, PayoutEvent::arrived);
        const auto until = (payout.arrival_date + watched_days * 24 * 3600) * 1000;
        if (now_ms + watch_ms <= until) payout.due_at = now_ms + watch_ms;
        return;
    }
    advance(payout, PayoutEvent::returned);
    payout.failure_code = outcome.failure_code;
    payout.failure_balance_transaction = ledger::return_payout(tx, payout.scope, entry_of(payout), now_ms).id;
}

}  // namespace

Task<int> Dispatcher::run(int limit) {
    const auto accounts =
        co_await due_accounts(*database_, store::Scan::payouts, [this](store::Transaction& tx, int most) {
            return store::accounts_with_due_payouts(tx, now_ms(), most);
        });
    if (!accounts) co_return Fail{accounts.error()};

    int taken = 0, done = 0;
    for (const auto account : *accounts)
        for (int i = 0; i < payouts_of_account_max && taken < limit; ++i, ++taken) {
            auto leased = co_await lease(account);
            if (!leased) co_return Fail{leased.error()};
            if (!*leased) break;
            auto ended = co_await carry_out(**std::move(leased));
            if (ended)
                ++done;
            else
                common::log::failure("a payout could not be dealt with yet", ended.error());
        }
    co_return done;
}

Task<std::optional<Dispatcher::Leased>> Dispatcher::lease(common::AccountId account) {
    auto job = [this, account](Transaction& tx) -> Result<std::optional<Leased>> {
        store::enter(tx, account);
        const auto now = now_ms();
        auto payout = store::lease_due_payout(tx, account, now, now + lease_ms);
        if (!payout) return std::nullopt;
        auto destination = store::require<BankAccount>(tx, payout->scope, payout->destination);
        if (!destination) return Fail{destination.error()};
        if (payout->status == PayoutStatus::pending) {
            const auto before = *payout;
            advance(*payout, PayoutEvent::sent);
            ledger::send_payout(tx, payout->scope, entry_of(*payout), now);
            store::update(tx, *payout);
            act_by_clock(tx, payout->scope, *renderer_, now,
                         [&](Work& work) { work.tell_changed("payout.updated", &before, &*payout); });
        }
        return Leased{*std::move(payout), *std::move(destination)};
    };
    auto leased = co_await database_->transaction(job);
    co_return leased;
}

Task<bool> Dispatcher::carry_out(Leased leased) {
    const auto& payout = leased.payout;
    if (payout.trace) {
        auto outcome = co_await bank_->outcome(payout.scope, payout.id);
        if (!outcome) co_return Fail{outcome.error()};
        co_return co_await book_outcome(payout, *std::move(outcome));
    }
    auto number = numbers_->open(leased.destination);
    if (!number)
        co_return Fail{Error::internal("the number of bank account {} does not open",
                                       {common::Safe::id(leased.destination.id)})};
    Order order{payout.scope,       payout.id,          {payout.amount, payout.currency},
                leased.destination, *std::move(number), payout.statement_descriptor.value_or(""),
                payout.arrival_date};
    auto trace = co_await bank_->take(std::move(order));
    if (!trace) co_return Fail{trace.error()};
    co_return co_await book_taken(payout, *std::move(trace));
}

Task<bool> Dispatcher::book_taken(const Payout& payout, std::string trace) {
    auto job = [this, &payout, &trace](Transaction& tx) -> Result<bool> {
        store::enter(tx, payout.scope.account);
        const auto before = store::require_locked<Payout>(tx, payout.scope, payout.id);
        if (!before) return Fail{before.error()};
        if (before->trace) return true;
        auto after = *before;
        after.trace = trace;
        after.due_at = after.arrival_date * 1000;
        store::update(tx, after);
        act_by_clock(tx, payout.scope, *renderer_, now_ms(),
                     [&](Work& work) { work.tell_changed("payout.updated", &*before, &after); });
        return true;
    };
    auto done = co_await database_->transaction(job);
    co_return done;
}

Task<bool> Dispatcher::book_outcome(const Payout& payout, std::optional<Outcome> outcome) {
    auto job = [this, &payout, &outcome](Transaction& tx) -> Result<bool> {
        store::enter(tx, payout.scope.account);
        auto present = store::require_locked<Payout>(tx, payout.scope, payout.id);
        if (!present) return Fail{present.error()};
        if (present->status == PayoutStatus::failed) return true;
        const auto before = present->status;
        if (outcome)
            settle(tx, *present, *outcome, now_ms());
        else
            present->due_at = now_ms() + look_again_ms;
        store::update(tx, *present);
        if (present->status == before) return true;
        const bool paid = present->status == PayoutStatus::paid;
        act_by_clock(tx, payout.scope, *renderer_, now_ms(),
                     [&](Work& work) { work.tell(paid ? "payout.paid" : "payout.failed", &*present); });
        return true;
    };
    auto done = co_await database_->transaction(job);
    co_return done;
}

}  // namespace gateway::payouts
