// The event object of the API, and the body of a webhook.
#pragma once

#include <boost/json/object.hpp>

#include "gateway/events/events.h"

namespace gateway {

// `pending_webhooks`: deliveries that have not succeeded yet.
boost::json::object render_event(const Event& event, std::int64_t pending_webhooks);

}  // namespace gateway
