// A session and its payment intent, locked in the one order in which everybody locks them.
#pragma once

#include "gateway/checkout/session.h"
#include "gateway/work.h"

namespace gateway::checkout {

struct Held {
    CheckoutSession session;
    std::optional<PaymentIntent> intent;
};

// 404 when it is not there; lock_timeout, to be tried again, when its intent was made meanwhile.
common::Result<Held> hold(store::Transaction& tx, const Scope& scope, const std::string& id);

// Of an open one whose intent is not moving.
void close(Work& work, Held& held);

}  // namespace gateway::checkout
