#include "gateway/webhooks/endpoints.h"

#include "gateway/no_such.h"
#include "gateway/store/events.h"
#include "gateway/store/webhooks.h"
#include "gateway/webhooks/doorbell.h"
#include "gateway/webhooks/event_types.h"
#include "gateway/webhooks/signature.h"

namespace gateway::webhooks {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

constexpr common::Text kind = "webhook endpoint";

// Whoever writes an event holds the account's counter until the commit; so does whoever changes which
// endpoints there are. An event that is committed later finds the change.
void stop_events(Work& work) {
    store::reserve_sequence(work.tx, work.scope().account, 0);
}

common::Status check_events(const std::vector<std::string>& names) {
    if (names.empty())
        return Fail{
            Error::invalid("parameter_missing", "enabled_events", "Missing required param: enabled_events.")};
    for (std::size_t i = 0; i < names.size(); ++i)
        if (!is_known_event(names[i]))
            return Fail{Error::invalid("", "enabled_events[" + std::to_string(i) + ']',
                                       "Invalid enabled_events[{}]: {} is not the name of an event.",
                                       {Safe::number(static_cast<std::int64_t>(i)), Safe::param(names[i])})};
    return {};
}

common::Status apply(Endpoint& endpoint, const Desk& desk, const EndpointChanges& changes) {
    if (changes.url) {
        if (auto target = parse_target(*changes.url, endpoint.scope.livemode, desk.rules); !target)
            return Fail{std::move(target.error())};
        endpoint.url = *changes.url;
    }
    if (changes.enabled_events) {
        if (auto fine = check_events(*changes.enabled_events); !fine) return fine;
        endpoint.enabled_events = *changes.enabled_events;
    }
    put_change(endpoint.description, changes.description);
    if (auto fine = put_metadata(endpoint.metadata, changes.metadata); !fine) return Fail{fine.error()};
    if (changes.disabled) endpoint.enabled = !*changes.disabled;
    return {};
}

// Locked. Deliveries come before their endpoint, as the deliverer locks them.
Result<Endpoint> take(Work& work, const std::string& id, bool ends_deliveries) {
    stop_events(work);
    const Lane lane{work.scope().account, id};
    if (ends_deliveries) store::cancel_deliveries(work.tx, lane, work.now_ms);
    auto endpoint = store::require_locked<Endpoint>(work.tx, work.scope(), id);
    if (endpoint && endpoint->deleted) return Fail{no_such(kind, id, work.scope(), false)};
    // Whatever it is changed to may work.
    if (endpoint) store::note_working(work.tx, lane);
    return endpoint;
}

}  // namespace

Result<Endpoint> create(Work& work, const Desk& desk, const EndpointChanges& input) {
    Endpoint endpoint;
    work.stamp(endpoint, "we_");
    endpoint.api_version = input.api_version;
    if (auto fine = apply(endpoint, desk, input); !fine) return Fail{std::move(fine.error())};
    stop_events(work);
    if (store::count_endpoints(work.tx, work.scope()) >= endpoints_max)
        return Fail{Error::invalid("", "",
                                   "You have reached the maximum of {} webhook endpoints in this mode.",
                                   {Safe::number(endpoints_max)})};
    endpoint.secrets.present = desk.secrets->seal(endpoint.id, new_secret());
    store::insert(work.tx, endpoint);
    return endpoint;
}

Result<Endpoint> update(Work& work, const Desk& desk, const std::string& id, const EndpointChanges& changes) {
    auto endpoint = take(work, id, changes.disabled.value_or(false));
    if (!endpoint) return endpoint;
    if (auto fine = apply(*endpoint, desk, changes); !fine) return Fail{std::move(fine.error())};
    store::update(work.tx, *endpoint);
    return endpoint;
}

Result<Endpoint> remove(Work& work, const std::string& id) {
    auto endpoint = take(work, id, true);
    if (!endpoint) return endpoint;
    endpoint->enabled = false;
    endpoint->deleted = true;
    endpoint->secrets = {};
    store::update(work.tx, *endpoint);
    return endpoint;
}

Result<Endpoint> rotate_secret(Work& work, const Desk& desk, const std::string& id, std::int64_t overlap_ms) {
    auto endpoint = take(work, id, false);
    if (!endpoint) return endpoint;
    auto& secrets = endpoint->secrets;
    secrets.previous = overlap_ms > 0 ? std::move(secrets.present) : std::string{};
    secrets.previous_until_ms = overlap_ms > 0 ? work.now_ms + std::min(overlap_ms, overlap_ms_max) : 0;
    secrets.present = desk.secrets->seal(id, new_secret());
    store::update(work.tx, *endpoint);
    return endpoint;
}

Result<Endpoint> require(Work& work, const std::string& id) {
    auto endpoint = store::require<Endpoint>(work.tx, work.scope(), id);
    if (endpoint && endpoint->deleted) return Fail{no_such(kind, id, work.scope(), false)};
    return endpoint;
}

void deliver_again(Work& work, const Event& event) {
    const auto account = event.scope.account;
    auto endpoints = store::deliver_again(work.tx, account, event.sequence, work.now_ms);
    for (const auto& subscriber : store::subscribers(work.tx, event.scope)) {
        if (!wants(subscriber.enabled_events, event.type)) continue;
        if (std::ranges::find(endpoints, subscriber.endpoint) != endpoints.end()) continue;
        NewDelivery delivery;
        delivery.scope = event.scope;
        delivery.sequence = event.sequence;
        delivery.endpoint = subscriber.endpoint;
        delivery.now_ms = work.now_ms;
        delivery.api_version = event.api_version;
        store::insert(work.tx, delivery);
        endpoints.push_back(subscriber.endpoint);
    }
    std::vector<Lane> lanes;
    for (const auto& endpoint : endpoints)
        lanes.push_back({account, endpoint});
    work.tx.after_commit([waiting = std::move(lanes)] { Doorbell::of_process().ring(waiting); });
}

}  // namespace gateway::webhooks
