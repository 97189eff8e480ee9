#pragma once

#include <map>

#include "gateway/store/table.h"
#include "gateway/webhooks/endpoint.h"

namespace gateway::store {

template <>
struct Shape<webhooks::Endpoint> {
    static constexpr common::Text kind = "webhook endpoint";
    static constexpr const char* table = "webhook_endpoints";
    static constexpr std::array columns{"enabled", "deleted"};
};

// — endpoints —

// That are not deleted.
std::int64_t count_endpoints(Transaction& tx, const Scope& scope);
// Of those that are enabled, in the order in which they were made.
std::vector<webhooks::Subscriber> subscribers(Transaction& tx, const Scope& scope);

// Since when every delivery to it has failed. `failing` keeps the time that is there already.
void note_failing(Transaction& tx, const webhooks::Lane& lane, std::int64_t now_ms);
void note_working(Transaction& tx, const webhooks::Lane& lane);
// Disables it if it has been failing since `since_ms` or longer; whether it did.
bool disable_failing(Transaction& tx, const webhooks::Lane& lane, std::int64_t since_ms);

// — deliveries —

void insert(Transaction& tx, const webhooks::NewDelivery& delivery);
// What is pending for an endpoint ends.
void cancel_deliveries(Transaction& tx, const webhooks::Lane& lane, std::int64_t now_ms);
// Deliveries of an event that have not succeeded and were not cancelled.
std::int64_t pending_webhooks(Transaction& tx, common::AccountId account, std::int64_t sequence);
// The same of several, by sequence; those with none are left out.
std::map<std::int64_t, std::int64_t> pending_webhooks(Transaction& tx, common::AccountId account,
                                                      const std::vector<Event>& events);
// Has the event sent again to each endpoint that is enabled and got it, or was to get it; those endpoints.
std::vector<std::string> deliver_again(Transaction& tx, common::AccountId account, std::int64_t sequence,
                                       std::int64_t now_ms);

// Endpoints with something due, the longest waiting first; under Scan::webhook_deliveries.
std::vector<webhooks::Lane> lanes_with_due_deliveries(Transaction& tx, std::int64_t now_ms, int limit);
struct Backlog {
    std::int64_t due = 0, oldest_due_ms = 0;
};
// Counts `limit` at most; under Scan::webhook_deliveries.
Backlog backlog(Transaction& tx, std::int64_t now_ms, int limit);
// Takes due deliveries of an endpoint until `until_ms`, the oldest first; what another process is taking is
// skipped.
std::vector<webhooks::Delivery> lease_deliveries(Transaction& tx, const webhooks::Lane& lane,
                                                 std::int64_t now_ms, std::int64_t until_ms, int limit);
// False when the lease was lost: then the row is left as it is.
bool finish(Transaction& tx, const webhooks::Delivery& delivery, const webhooks::Outcome& outcome);
// Removes what ended before; under Scan::webhook_purge.
std::int64_t purge_deliveries(Transaction& tx, std::int64_t ended_before_ms, int limit);

}  // namespace gateway::store
