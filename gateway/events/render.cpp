#include "gateway/events/render.h"

namespace gateway {
namespace {

boost::json::value or_null(const std::optional<std::string>& text) {
    if (!text) return nullptr;
    return boost::json::value(*text);
}

}  // namespace

boost::json::object render_event(const Event& event, std::int64_t pending_webhooks) {
    boost::json::object data;
    data["object"] = event.object;
    if (event.previous) data["previous_attributes"] = *event.previous;
    boost::json::object request;
    request["id"] = or_null(event.request_id);
    request["idempotency_key"] = or_null(event.idempotency_key);
    boost::json::object result;
    result["id"] = event.id;
    result["object"] = "event";
    result["api_version"] = event.api_version;
    result["created"] = event.created;
    result["data"] = std::move(data);
    result["livemode"] = event.scope.livemode;
    result["pending_webhooks"] = pending_webhooks;
    result["request"] = std::move(request);
    result["sequence"] = event.sequence;
    result["type"] = event.type;
    return result;
}

}  // namespace gateway
