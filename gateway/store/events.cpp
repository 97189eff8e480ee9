#include "gateway/store/events.h"

#include <boost/json.hpp>

#include "gateway/no_such.h"
#include "gateway/store/paging.h"
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

constexpr Statement find_by_id{"event_find",
                               "SELECT sequence, id, created, type, api_version, object_id, object, previous,"
                               " request_id, idempotency_key FROM events"
                               " WHERE account_id = $1 AND livemode = $2 AND id = $3 AND created >= $4"};
constexpr const char* select_events =
    "SELECT sequence, id, created, type, api_version, object_id, object, previous,"
    " request_id, idempotency_key FROM events"
    " WHERE account_id = $1 AND livemode = $2 AND created >= $3";

Event read(const pqxx::row& row, const Scope& scope) {
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
    return event;
}

// A statement that is put together of constants, with its parameters; `name` tells one form from another.
struct Query {
    std::string name, sql;
    Values values;

    // '#' stands for the value's number.
    void where(std::string_view mark, std::string_view condition, std::string value) {
        name += mark;
        values.push_back(std::move(value));
        const auto number = condition.find('#');
        sql.append(" AND ").append(condition.substr(0, number)).append(std::to_string(values.size()));
        sql += condition.substr(number + 1);
    }
    void delivered(bool wanted) {
        name += wanted ? "_delivered" : "_undelivered";
        sql += wanted ? " AND NOT EXISTS" : " AND EXISTS";
        sql +=
            " (SELECT 1 FROM webhook_deliveries AS d WHERE d.account_id = $1 AND d.sequence = events.sequence"
            " AND d.state IN ('pending', 'failed'))";
    }
    void end(bool oldest_first, int limit) {
        name += oldest_first ? "_up" : "_down";
        values.push_back(std::to_string(limit));
        sql += oldest_first ? " ORDER BY sequence LIMIT $" : " ORDER BY sequence DESC LIMIT $";
        sql += std::to_string(values.size());
    }
};

// What is no name of an event is left out: nothing has it.
std::string array_of_types(const std::vector<std::string>& types) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    };
    std::string text = "{";
    for (const auto& type : types)
        if (!type.empty() && std::ranges::all_of(type, plain)) text += (text.size() > 1 ? "," : "") + type;
    return text + '}';
}

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
    for (const auto& row : tx.exec(find_after, scope.account.value, scope.livemode, after_sequence, limit))
        events.push_back(read(row, scope));
    return events;
}

common::Result<Event> require_event(Transaction& tx, const Scope& scope, const std::string& id,
                                    std::int64_t not_before) {
    const auto rows = tx.exec(find_by_id, scope.account.value, scope.livemode, id, not_before);
    if (!rows.empty()) return read(rows[0], scope);
    const auto others = tx.exec(find_by_id, scope.account.value, !scope.livemode, id, not_before);
    return common::Fail{no_such("event", id, scope, !others.empty())};
}

common::Result<Page<Event>> list_events(Transaction& tx, const Scope& scope, const EventQuery& wanted) {
    Query query{"event_list", select_events, keys_of(scope, std::to_string(wanted.not_before))};
    if (!wanted.types.empty()) query.where("_types", "type = ANY ($#::text[])", array_of_types(wanted.types));
    if (wanted.type_prefix) query.where("_prefix", "starts_with(type, $#)", *wanted.type_prefix);
    const auto& page = wanted.page;
    if (page.created_from) query.where("_from", "created >= $#", std::to_string(*page.created_from));
    if (page.created_before) query.where("_before", "created < $#", std::to_string(*page.created_before));
    if (wanted.delivered) query.delivered(*wanted.delivered);
    const bool backwards = !page.ending_before.empty();
    const auto& cursor = backwards ? page.ending_before : page.starting_after;
    if (!cursor.empty()) {
        const auto rows = tx.exec(find_by_id, scope.account.value, scope.livemode, cursor, std::int64_t{0});
        const auto* param = backwards ? "ending_before" : "starting_after";
        if (rows.empty()) return common::Fail{no_such("event", cursor, scope, false, param)};
        query.where(backwards ? "_newer" : "_older", backwards ? "sequence > $#" : "sequence < $#",
                    rows[0][0].as<std::string>());
    }
    if (wanted.after_sequence) query.where("_after", "sequence > $#", std::to_string(*wanted.after_sequence));
    const bool oldest_first = backwards || wanted.after_sequence;
    query.end(oldest_first, page.limit + 1);

    Page<Event> found;
    for (const auto& row : tx.exec({query.name.c_str(), query.sql.c_str()}, bound(query.values)))
        found.items.push_back(read(row, scope));
    found.has_more = static_cast<int>(found.items.size()) > page.limit;
    if (found.has_more) found.items.pop_back();
    if (backwards) std::ranges::reverse(found.items);
    return found;
}

}  // namespace gateway::store
