#include <boost/json/array.hpp>

#include "gateway/api/renderer.h"
#include "gateway/webhooks/endpoint.h"

namespace gateway::api {

boost::json::object render_webhook_endpoint(const webhooks::Endpoint& endpoint) {
    if (endpoint.deleted) return {{"id", endpoint.id}, {"object", "webhook_endpoint"}, {"deleted", true}};
    boost::json::array events;
    for (const auto& name : endpoint.enabled_events)
        events.emplace_back(name);
    return {{"id", endpoint.id},
            {"object", "webhook_endpoint"},
            {"api_version", text_or_null(endpoint.api_version)},
            {"application", nullptr},
            {"created", endpoint.created},
            {"description", text_or_null(endpoint.description)},
            {"enabled_events", std::move(events)},
            {"livemode", endpoint.scope.livemode},
            {"metadata", endpoint.metadata},
            {"status", endpoint.enabled ? "enabled" : "disabled"},
            {"url", endpoint.url}};
}

}  // namespace gateway::api
