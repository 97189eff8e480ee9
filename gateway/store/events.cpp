#include "gateway/store/events.h"

#include <boost/json.hpp>

#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement reserve{
    "event_reserve",
    "INSERT INTO event_counters (account_id, last) VALUES ($1, $2)"
    " ON CONFLICT (account_id) DO UPDATE SET last = event_counters.last + excluded.last"
    " RETURNING last"};
constexpr Statement insert_event{
    "event_insert",
    "INSERT INTO events (account_id, sequence, id, livemode, created, type, api_version, object_id, object, "
    "previous,"
    " request_id, idempotency_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10::json, $11, $12)"};
constexpr Statement find_after{
    "event_find_after",
    "SELECT sequence, id, created, type, api_version, object_id, object, previous,"
    " request_id, idempotency_key FROM events"
    " WHERE account_id = $1 AND livemode = $2 AND sequence > $3 ORDER BY sequence LIMIT $4"};

}  // namespace

std::int64_t reserve_sequence(Transaction& tx, common::AccountId account, std::int64_t count) {
    return tx.exec(reserve, account.value, count)[0][0].as<std::int64_t>() - count + 1;
}

void insert(Transaction& tx, const Event& event) {
    std::optional<std::string> previous;
    if (event.previous) previous = boost::json::serialize(*event.previous);
    tx.exec(insert_event, event.scope.account.value, event.sequence, event.id, event.scope.livemode,
            event.created, event.type, event.api_version, event.object_id,
            boost::json::serialize(event.object), previous, event.request_id, event.idempotency_key);
}

std::vector<Event> events_after(Transaction& tx, const Scope& scope, std::int64_t after_sequence, int limit) {
    std::vector<Event> events;
    for (const auto& row : tx.exec(find_after, scope.account.value, scope.livemode, after_sequence, limit)) {
        Event event;
        event.scope = scope;
        event.sequence = row[0].as<std::int64_t>();
        event.id = row[1].as<std::string>();
        event.created = row[2].as<std::int64_t>();
        event.type = row[3].as<std::string>();
        event.api_version = row[4].as<std::string>();
        event.object_id = row[5].as<std::string>();
        event.object = boost::json::parse(row[6].c_str()).as_object();
        if (!row[7].is_null()) event.previous = boost::json::parse(row[7].c_str()).as_object();
        event.request_id = optional_text(row[8]);
        event.idempotency_key = optional_text(row[9]);
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace gateway::store
