// What merchants do with their webhook endpoints, and sending an event again.
#pragma once

#include "gateway/payments/changes.h"
#include "gateway/webhooks/endpoint.h"
#include "gateway/webhooks/secrets.h"
#include "gateway/webhooks/target.h"
#include "gateway/work.h"

namespace gateway::webhooks {

// What the gateway's configuration gives.
struct Desk {
    const Secrets* secrets;
    UrlRules rules;
};

// What a request says about an endpoint; a new one takes the values, an existing one the changes.
struct EndpointChanges {
    std::optional<std::string> url;
    std::optional<std::vector<std::string>> enabled_events;
    std::optional<std::string> api_version;  // of a new one
    Change<std::string> description;
    Change<boost::json::object> metadata;
    std::optional<bool> disabled;
};

// 400 for a URL that the rules refuse, for a name that no event has, and when there are endpoints_max
// already.
common::Result<Endpoint> create(Work& work, const Desk& desk, const EndpointChanges& input);
common::Result<Endpoint> update(Work& work, const Desk& desk, const std::string& id,
                                const EndpointChanges& changes);
// What is pending for it ends.
common::Result<Endpoint> remove(Work& work, const std::string& id);
// A new secret; the present one signs too for `overlap_ms`, a day at most.
common::Result<Endpoint> rotate_secret(Work& work, const Desk& desk, const std::string& id,
                                       std::int64_t overlap_ms);
// Deleted ones are not found.
common::Result<Endpoint> require(Work& work, const std::string& id);

// Has the event sent to each enabled endpoint that got it, was to get it, or wants such events by now.
void deliver_again(Work& work, const Event& event);

}  // namespace gateway::webhooks
