// Parameters of webhook endpoints and events.
#pragma once

#include "gateway/api/lists.h"

namespace gateway::api {

inline constexpr Rule create_webhook_rules[] = {text("api_version"),
                                                refuse("connect"),
                                                text("description", 5000).unset(),
                                                list("enabled_events").needed(),
                                                list("expand"),
                                                metadata(),
                                                text("url").needed()};
inline constexpr Rule update_webhook_rules[] = {text("description", 5000).unset(),
                                                boolean("disabled"),
                                                list("enabled_events"),
                                                list("expand"),
                                                metadata(),
                                                text("url")};
inline constexpr Rule rotate_webhook_rules[] = {integer("overlap_seconds"), list("expand")};
inline constexpr Rule list_webhooks_rules[] = {PORTCULLIS_LIST_RULES};
inline constexpr Rule list_events_rules[] = {
    PORTCULLIS_LIST_RULES,       range("created"),         text("type"), list("types"),
    boolean("delivery_success"), integer("after_sequence")};

}  // namespace gateway::api
