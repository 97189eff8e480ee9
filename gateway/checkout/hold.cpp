#include "gateway/checkout/hold.h"

#include "gateway/checkout/machine.h"
#include "gateway/payments/machine.h"
#include "gateway/payments/rules.h"
#include "gateway/store/checkout_sessions.h"
#include "gateway/store/payments.h"

namespace gateway::checkout {

using common::Fail;
using common::Result;

Result<Held> hold(store::Transaction& tx, const Scope& scope, const std::string& id) {
    const auto seen = store::require<CheckoutSession>(tx, scope, id);
    if (!seen) return Fail{seen.error()};
    Held held;
    if (seen->payment_intent) held.intent = store::lock<PaymentIntent>(tx, scope, *seen->payment_intent);
    auto session = store::require_locked<CheckoutSession>(tx, scope, id);
    if (!session) return Fail{session.error()};
    if (session->payment_intent != seen->payment_intent) return Fail{rules::locked()};
    held.session = *std::move(session);
    return held;
}

void close(Work& work, Held& held) {
    if (held.intent && next(held.intent->status, IntentEvent::canceled)) {
        advance(*held.intent, IntentEvent::canceled);
        held.intent->canceled_at = work.now();
        held.intent->cancellation_reason = "expired";
        store::update(work.tx, *held.intent);
        work.tell("payment_intent.canceled", &*held.intent);
    }
    advance(held.session, CheckoutEvent::expired);
    store::update(work.tx, held.session);
    work.tell("checkout.session.expired", &held.session);
}

}  // namespace gateway::checkout
