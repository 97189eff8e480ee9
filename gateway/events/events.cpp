#include "gateway/events/events.h"

#include "gateway/store/events.h"

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
    event.request_id = call_->request_id;
    if (call_->idempotency.is_given()) event.idempotency_key = call_->idempotency.key;
    events_.push_back(std::move(event));
}

void EventLog::write(store::Transaction& tx) {
    if (events_.empty()) return;
    auto sequence =
        store::reserve_sequence(tx, call_->scope.account, static_cast<std::int64_t>(events_.size()));
    for (auto& event : events_) {
        event.sequence = sequence++;
        store::insert(tx, event);
    }
    events_.clear();
}

}  // namespace gateway
