#include "gateway/api/renderer.h"
#include "gateway/reviews/review.h"

namespace gateway::api {

boost::json::object render_review(const Review& review) {
    return {{"id", review.id},
            {"object", "review"},
            {"billing_zip", text_or_null(review.billing_zip)},
            {"charge", review.charge},
            {"closed_reason", text_or_null(review.closed_reason)},
            {"created", review.created},
            {"ip_address", text_or_null(review.ip_address)},
            {"ip_address_location", nullptr},
            {"livemode", review.scope.livemode},
            {"open", review.open},
            {"opened_reason", review.opened_reason},
            {"payment_intent", review.payment_intent},
            {"reason", review.closed_reason.value_or(review.opened_reason)},
            {"session", nullptr}};
}

}  // namespace gateway::api
