#include "gateway/api/cors.h"

namespace gateway::api {

void allow_any_origin(common::http::Headers& headers) {
    headers.set("Access-Control-Allow-Origin", "*");
    headers.set("Access-Control-Expose-Headers", "Request-Id");
}

common::http::Response preflight() {
    auto response = common::http::json_response(200, "{}");
    allow_any_origin(response.headers);
    response.headers.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    response.headers.set("Access-Control-Allow-Headers",
                         "Authorization, Content-Type, Stripe-Version, Idempotency-Key, Stripe-Account");
    response.headers.set("Access-Control-Max-Age", "600");
    return response;
}

}  // namespace gateway::api
