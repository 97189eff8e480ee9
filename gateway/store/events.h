#pragma once

#include "gateway/events/events.h"
#include "gateway/object.h"
#include "gateway/store/session.h"

namespace gateway::store {

// The next `count` sequence numbers of the account; the first of them. Held until the transaction ends, so
// take them last.
std::int64_t reserve_sequence(Transaction& tx, common::AccountId account, std::int64_t count);
void insert(Transaction& tx, const Event& event);
// Oldest first, behind `after_sequence`.
std::vector<Event> events_after(Transaction& tx, const Scope& scope, std::int64_t after_sequence, int limit);

// — the API's reads; nothing from before `not_before` (unix seconds) is found —

// 404 resource_missing.
common::Result<Event> require_event(Transaction& tx, const Scope& scope, const std::string& id,
                                    std::int64_t not_before);
struct EventQuery {
    ListQuery page;                              // created, cursors, limit
    std::vector<std::string> types;              // any of these; empty: all
    std::optional<std::string> type_prefix;      // "charge." of "charge.*"
    std::optional<bool> delivered;               // to every endpoint that was to get it
    std::optional<std::int64_t> after_sequence;  // then oldest first
    std::int64_t not_before = 0;
};
// Newest first. 400 resource_missing for a cursor that is not there.
common::Result<Page<Event>> list_events(Transaction& tx, const Scope& scope, const EventQuery& query);

}  // namespace gateway::store
