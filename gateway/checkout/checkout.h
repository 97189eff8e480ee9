// What happens to a Checkout Session. Whoever holds a session and its payment intent has locked the intent
// first.
#pragma once

#include "gateway/checkout/session.h"
#include "gateway/payments/changes.h"
#include "gateway/work.h"

namespace gateway::checkout {

// — the merchant —

// `wanted` as validated, with its totals. 400 for a customer who is not there and for an expiry out of range.
common::Result<CheckoutSession> create(Work& work, CheckoutSession wanted,
                                       const std::optional<std::int64_t>& expires_at);
common::Result<CheckoutSession> update(Work& work, const std::string& id,
                                       const Change<boost::json::object>& metadata);
// Its open payment intent is canceled with it. 429 while the acquirer is asked about the payment.
common::Result<CheckoutSession> expire(Work& work, const std::string& id);

// — the shopper —

// The payment intent that the session is paid with, locked: made at the first attempt, the same at every
// later one, however many tabs there are. 429 while another attempt is on its way.
common::Result<PaymentIntent> begin(Work& work, const std::string& id, const Shopper& shopper);
// Of a session that costs nothing.
common::Result<CheckoutSession> complete_free(Work& work, const std::string& id, const Shopper& shopper);

// — the payment —

// The intent, which the transaction holds, was authorized or captured: completes its session, if it has one,
// or tells it that the money has come.
void note_payment(store::Transaction& tx, EventLog& events, const Renderer& renderer,
                  const PaymentIntent& intent);

}  // namespace gateway::checkout
