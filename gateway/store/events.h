#pragma once

#include "gateway/events/events.h"
#include "gateway/store/session.h"

namespace gateway::store {

// The next `count` sequence numbers of the account; the first of them. Held until the transaction ends, so
// take them last.
std::int64_t reserve_sequence(Transaction& tx, common::AccountId account, std::int64_t count);
void insert(Transaction& tx, const Event& event);
// Oldest first, behind `after_sequence`.
std::vector<Event> events_after(Transaction& tx, const Scope& scope, std::int64_t after_sequence, int limit);

}  // namespace gateway::store
