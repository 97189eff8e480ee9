#include "gateway/reviews/reviews.h"

#include "gateway/store/reviews.h"

namespace gateway::reviews {
namespace {

using common::Fail;
using common::Result;

std::optional<std::string> zip_of(const BillingDetails& details) {
    const auto* zip = details.address ? details.address->if_contains("postal_code") : nullptr;
    if (zip == nullptr || !zip->is_string()) return std::nullopt;
    return std::string{zip->get_string()};
}

}  // namespace

void open_if_risky(store::Transaction& tx, PaymentIntent& intent, Charge& charge, const Call& call,
                   const Renderer& renderer, EventLog& events, std::int64_t now_ms) {
    if (charge.risk_level != "elevated") return;
    Review review;
    review.id = common::new_id("prv_", charge.scope.account);
    review.scope = charge.scope;
    set_time(review, now_ms);
    review.charge = charge.id;
    review.payment_intent = intent.id;
    review.billing_zip = zip_of(charge.billing_details);
    if (call.publishable && !call.client_address.empty()) review.ip_address = call.client_address;
    store::insert(tx, review);
    intent.review = charge.review = review.id;
    charge.outcome_type = "manual_review";
    charge.outcome_reason = "elevated_risk_level";
    events.add("review.opened", rendering_of(renderer, &review));
}

void close(store::Transaction& tx, const Charge& charge, std::string_view reason, const Renderer& renderer,
           EventLog& events) {
    if (!charge.review) return;
    auto review = store::lock<Review>(tx, charge.scope, *charge.review);
    if (!review || !review->open) return;
    review->open = false;
    review->closed_reason = reason;
    store::update(tx, *review);
    events.add("review.closed", rendering_of(renderer, &*review));
}

Result<Review> approve(Work& work, const std::string& id) {
    auto review = store::require_locked<Review>(work.tx, work.scope(), id);
    if (!review) return review;
    if (!review->open)
        return Fail{common::Error::invalid("", "", "This review was closed already. Reason: {}.",
                                           {common::Safe::id(review->closed_reason.value_or(""))})};
    review->open = false;
    review->closed_reason = "approved";
    store::update(work.tx, *review);
    work.tell("review.closed", &*review);
    return review;
}

}  // namespace gateway::reviews
