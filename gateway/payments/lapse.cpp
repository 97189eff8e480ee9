#include "gateway/payments/lapse.h"

#include <algorithm>

#include "gateway/due.h"
#include "gateway/ledger/ledger.h"
#include "gateway/payments/machine.h"
#include "gateway/payments/request.h"
#include "gateway/refunds/refund.h"
#include "gateway/reviews/reviews.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"
#include "gateway/store/refunds.h"
#include "gateway/work.h"

namespace gateway::payments {
namespace {

using common::Fail;
using common::Result;

constexpr int of_account_max = 100;

// The acquirer forgets the hold by itself, too, but not as soon.
AcquirerRequest void_of(const PaymentIntent& intent, const Charge& charge, std::int64_t now_ms) {
    AcquirerRequest request;
    request.scope = charge.scope;
    request.payment_intent = intent.id;
    request.charge = charge.id;
    request.amount = charge.amount_authorized;
    request.currency = charge.currency;
    request.call = call_of_clock(charge.scope);
    request.detail["creates_intent"] = false;
    auto reversal = reversal_of(request, charge.authorization_request, now_ms);
    reversal.due_ms = now_ms;  // sent by PaymentService::recover
    return reversal;
}

void end_unpaid(Work& work, PaymentIntent& intent, Charge& charge) {
    charge.refunded = true;
    advance(intent, IntentEvent::lapsed);
    intent.canceled_at = work.now();
    intent.cancellation_reason = "automatic";
    store::insert(work.tx, void_of(intent, charge, work.now_ms));
    reviews::close(work.tx, charge, "canceled", work.renderer, work.events);
    work.tell("charge.expired", &charge);
    work.tell("payment_intent.canceled", &intent);
}

void end_paid_in_part(Work& work, PaymentIntent& intent) {
    advance(intent, IntentEvent::captured);
    work.tell("payment_intent.succeeded", &intent);
}

bool end(store::Transaction& tx, const Scope& scope, const std::string& id, const Renderer& renderer,
         std::int64_t now_ms) {
    const auto seen = store::find<Charge>(tx, scope, id);
    if (!seen) return false;
    auto intent = store::lock<PaymentIntent>(tx, scope, seen->payment_intent);
    auto charge = store::lock<Charge>(tx, scope, id);
    // Whoever is at work on it goes first; what has ended meanwhile stays as it is.
    if (!intent || !charge || intent->in_flight || intent->status != IntentStatus::requires_capture)
        return false;
    const auto left = charge->amount_authorized - charge->amount_captured;
    ledger::void_hold(tx, scope, {charge->id, charge->holds}, now_ms);
    charge->released = left;
    intent->amount_capturable = 0;
    store::insert(tx, released_part(*charge, left, now_ms));
    act_by_clock(tx, scope, renderer, now_ms, [&](Work& work) {
        if (charge->amount_captured == 0)
            end_unpaid(work, *intent, *charge);
        else
            end_paid_in_part(work, *intent);
        store::update(tx, *charge);
        store::update(tx, *intent);
    });
    return true;
}

}  // namespace

common::Task<int> lapse_due(common::db::Pool& database, const Renderer& renderer, std::int64_t now_ms,
                            int limit) {
    const auto now = now_ms / 1000;
    const auto accounts =
        co_await due_accounts(database, store::Scan::charges, [now](store::Transaction& tx, int most) {
            return store::accounts_with_lapsed_charges(tx, now, most);
        });
    if (!accounts) co_return Fail{accounts.error()};

    int ended = 0;
    for (const auto account : *accounts) {
        auto look = [account, now, wanted = std::min(of_account_max, limit - ended)](
                        store::Transaction& tx) -> Result<std::vector<store::LapsedCharge>> {
            store::enter(tx, account);
            return store::lapsed_charges(tx, account, now, wanted);
        };
        const auto lapsed = co_await database.transaction(look);
        if (!lapsed) co_return Fail{lapsed.error()};
        for (const auto& [scope, id] : *lapsed) {
            auto job = [&](store::Transaction& tx) -> Result<bool> {
                store::enter(tx, account);
                return end(tx, scope, id, renderer, now_ms);
            };
            const auto done = co_await database.transaction(job);
            // Somebody else is at work on it.
            if (!done && done.error().cause() == common::Cause::lock_timeout) continue;
            if (!done) co_return Fail{done.error()};
            ended += *done ? 1 : 0;
        }
        if (ended >= limit) break;
    }
    co_return ended;
}

}  // namespace gateway::payments
