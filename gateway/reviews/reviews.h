// Opening and closing reviews, inside the transaction of what causes it.
#pragma once

#include "gateway/events/events.h"
#include "gateway/payments/payment.h"
#include "gateway/renderer.h"
#include "gateway/reviews/review.h"
#include "gateway/work.h"

namespace gateway::reviews {

// For a charge that just succeeded, when its risk is elevated: writes review.opened, and the review's id into
// both, which the caller stores.
void open_if_risky(store::Transaction& tx, PaymentIntent& intent, Charge& charge, const Call& call,
                   const Renderer& renderer, EventLog& events, std::int64_t now_ms);
// Nothing when the charge has no review, or it is closed already. Writes review.closed.
void close(store::Transaction& tx, const Charge& charge, std::string_view reason, const Renderer& renderer,
           EventLog& events);
// By the merchant. 400 when it is closed.
common::Result<Review> approve(Work& work, const std::string& id);

}  // namespace gateway::reviews
