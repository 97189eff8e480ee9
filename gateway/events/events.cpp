#include "gateway/events/events.h"

#include <algorithm>

#include "gateway/store/events.h"
#include "gateway/store/webhooks.h"
#include "gateway/webhooks/doorbell.h"
#include "gateway/webhooks/event_types.h"

namespace gateway {

EventLog::EventLog(const Call& call, std::string api_version, std::int64_t now_seconds)
    : call_{&call}, api_version_{std::move(api_version)}, now_seconds_{now_seconds} {}

boost::json::object previous_attributes(const boost::json::object& before, const boost::json::object& after) {
    boost::json::object previous;
    const auto compare = [&](const boost::json::object::const_iterator& entry,
                             const boost::json::value* now) {
        const auto& was = entry->value();
        if (now != nullptr && *now == was) return;
        if (now != nullptr && was.is_object() && now->is_object())
            previous[entry->key()] = previous_attributes(was.get_object(), now->get_object());
        else
            previous[entry->key()] = was;
    };
    for (auto entry = before.begin(); entry != before.end(); ++entry)
        compare(entry, after.if_contains(entry->key()));
    for (const auto& entry : after)
        if (!before.contains(entry.key())) previous[entry.key()] = nullptr;
    return previous;
}

void EventLog::add(std::string_view type, const Rendering& rendering,
                   std::optional<boost::json::object> previous) {
    add(type, rendering(api_version_), std::move(previous));
    renderings_.back() = rendering;
}

void EventLog::add(std::string_view type, boost::json::object object,
                   std::optional<boost::json::object> previous) {
    Event event;
    event.id = common::new_id("evt_", call_->scope.account);
    event.scope = call_->scope;
    event.created = now_seconds_;
    event.type = type;
    event.api_version = api_version_;
    if (const auto* id = object.if_contains("id"); id != nullptr && id->is_string())
        event.object_id = std::string{id->get_string()};
    event.object = std::move(object);
    event.previous = std::move(previous);
    if (!call_->request_id.empty()) event.request_id = call_->request_id;  // none: time did it
    if (call_->idempotency.is_given()) event.idempotency_key = call_->idempotency.key;
    events_.push_back(std::move(event));
    renderings_.emplace_back();
}

void EventLog::write(store::Transaction& tx) {
    if (events_.empty()) return;
    auto sequence =
        store::reserve_sequence(tx, call_->scope.account, static_cast<std::int64_t>(events_.size()));
    for (auto& event : events_) {
        event.sequence = sequence++;
        store::insert(tx, event);
    }
    deliver(tx);
    events_.clear();
    renderings_.clear();
}

// Asks for the endpoints while it holds the account's counter, which whoever makes or changes an endpoint
// takes first: so an endpoint gets every event that is committed after its creation was answered.
void EventLog::deliver(store::Transaction& tx) const {
    const auto subscribers = store::subscribers(tx, call_->scope);
    std::vector<webhooks::Lane> lanes;
    for (std::size_t i = 0; i < events_.size(); ++i) {
        const auto& event = events_[i];
        const auto wanting = std::ranges::count_if(subscribers, [&event](const auto& subscriber) {
            return webhooks::wants(subscriber.enabled_events, event.type);
        });
        for (const auto& subscriber : subscribers) {
            if (!webhooks::wants(subscriber.enabled_events, event.type)) continue;
            webhooks::NewDelivery delivery;
            delivery.scope = event.scope;
            delivery.sequence = event.sequence;
            delivery.endpoint = subscriber.endpoint;
            delivery.now_ms = now_seconds_ * 1000;
            delivery.endpoints = static_cast<int>(wanting);
            delivery.api_version = subscriber.api_version.value_or(event.api_version);
            if (delivery.api_version != event.api_version && renderings_[i]) {
                auto object = renderings_[i](delivery.api_version);
                if (object != event.object) delivery.object = std::move(object);
            }
            store::insert(tx, delivery);
            const webhooks::Lane lane{event.scope.account, subscriber.endpoint};
            if (std::ranges::find(lanes, lane) == lanes.end()) lanes.push_back(lane);
        }
    }
    if (lanes.empty()) return;
    tx.after_commit([waiting = std::move(lanes)] { webhooks::Doorbell::of_process().ring(waiting); });
}

}  // namespace gateway
