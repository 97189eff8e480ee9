// Endpoints of merchants and what is to be delivered to them: plain values, no HTTP, no SQL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/object.hpp>

#include "gateway/events/events.h"
#include "gateway/object.h"

namespace gateway::webhooks {

inline constexpr int endpoints_max = 16;                       // of an account and mode
inline constexpr std::int64_t overlap_ms_max = 24 * 3600'000;  // of the secret before a rotation

// Signing secrets as they are stored: hexadecimal (secrets.h).
struct SealedSecrets {
    std::string present, previous;
    std::int64_t previous_until_ms = 0;
};
BOOST_DESCRIBE_STRUCT(SealedSecrets, (), (present, previous, previous_until_ms))

struct Endpoint : Object {  // "we_…"
    bool enabled = true;
    bool deleted = false;  // still valid as a list's cursor, and answered as a stub
    std::string url;
    std::optional<std::string> api_version, description;  // without a version: the account's
    std::vector<std::string> enabled_events;
    boost::json::object metadata;
    SealedSecrets secrets;
};
BOOST_DESCRIBE_STRUCT(Endpoint, (),
                      (enabled, deleted, url, api_version, description, enabled_events, metadata, secrets))

// Which endpoint wants what; all that writing an event needs to know.
struct Subscriber {
    std::string endpoint;
    std::optional<std::string> api_version;
    std::vector<std::string> enabled_events;
};

struct NewDelivery {
    Scope scope;
    std::int64_t sequence = 0;  // of the event
    std::string endpoint;
    std::int64_t now_ms = 0;
    int endpoints = 1;  // how many get the event
    std::string api_version;
    std::optional<boost::json::object>
        object;  // where the version renders it otherwise than the event has it
};

// An endpoint that something is due for.
struct Lane {
    common::AccountId account;
    std::string endpoint;
    auto operator<=>(const Lane&) const = default;
};

// A delivery that this process may try, until its lease runs out.
struct Delivery {
    Lane lane;
    Event event;  // as this endpoint gets it
    int endpoints = 1;
    int attempts = 1;  // since `began_ms`, this one included
    int lease = 1;     // whoever finds another number in the row has lost it
    std::int64_t began_ms = 0;
    std::string url;
    SealedSecrets secrets;
    bool enabled = true;
};

enum class DeliveryState : std::uint8_t { pending, delivered, failed, canceled };

// What came of it.
struct Outcome {
    DeliveryState state = DeliveryState::pending;
    std::int64_t now_ms = 0, due_ms = 0;
    std::optional<int> status;  // HTTP
    std::string fault;          // why there is none; a word of ours
};

}  // namespace gateway::webhooks
