#include "gateway/store/webhooks.h"

#include <array>

#include "gateway/store/table_impl.h"

namespace gateway::store {

PORTCULLIS_TABLE(webhooks::Endpoint);

namespace {

using common::db::Statement;
using webhooks::Delivery;
using webhooks::Endpoint;
using webhooks::Lane;

constexpr Statement count_present{
    "webhook_endpoint_count",
    "SELECT count(*) FROM webhook_endpoints WHERE account_id = $1 AND livemode = $2 AND NOT deleted"};
constexpr Statement find_subscribers{
    "webhook_endpoint_subscribers",
    "SELECT id, document FROM webhook_endpoints"
    " WHERE account_id = $1 AND livemode = $2 AND enabled AND NOT deleted ORDER BY position, id"};
constexpr Statement mark_failing{"webhook_endpoint_failing",
                                 "UPDATE webhook_endpoints SET failing_since = $3"
                                 " WHERE account_id = $1 AND id = $2 AND failing_since IS NULL"};
constexpr Statement mark_working{"webhook_endpoint_working",
                                 "UPDATE webhook_endpoints SET failing_since = NULL"
                                 " WHERE account_id = $1 AND id = $2 AND failing_since IS NOT NULL"};
constexpr Statement disable_endpoint{
    "webhook_endpoint_disable",
    "UPDATE webhook_endpoints SET enabled = false"
    " WHERE account_id = $1 AND id = $2 AND enabled AND failing_since <= $3"};

constexpr Statement insert_delivery{
    "webhook_delivery_insert",
    "INSERT INTO webhook_deliveries (account_id, sequence, endpoint, livemode, state, attempts, lease, "
    "began, due_at,"
    " endpoints, api_version, object) VALUES ($1, $2, $3, $4, 'pending', 0, 0, $5, $5, $6, $7, $8::json)"};
constexpr Statement cancel_pending{"webhook_delivery_cancel",
                                   "UPDATE webhook_deliveries SET state = 'canceled', ended = $3"
                                   " WHERE account_id = $1 AND endpoint = $2 AND state = 'pending'"};
constexpr Statement count_pending{
    "webhook_delivery_pending",
    "SELECT count(*) FROM webhook_deliveries"
    " WHERE account_id = $1 AND sequence = $2 AND state IN ('pending', 'failed')"};
constexpr Statement count_pending_of{
    "webhook_delivery_pending_of",
    "SELECT sequence, count(*) FROM webhook_deliveries WHERE account_id = $1"
    " AND sequence = ANY ($2::bigint[]) AND state IN ('pending', 'failed') GROUP BY sequence"};
constexpr Statement begin_again{
    "webhook_delivery_again",
    "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, lease = lease + 1, began = $3, due_at = "
    "$3,"
    " ended = NULL, last_status = NULL, last_fault = NULL WHERE account_id = $1 AND sequence = $2"
    " AND endpoint IN (SELECT id FROM webhook_endpoints WHERE account_id = $1 AND enabled)"
    " RETURNING endpoint"};
constexpr Statement due_lanes{
    "webhook_delivery_due_lanes",
    "SELECT account_id, endpoint FROM webhook_deliveries WHERE state = 'pending' AND due_at <= $1"
    " GROUP BY account_id, endpoint ORDER BY min(due_at) LIMIT $2"};
constexpr Statement count_due{
    "webhook_delivery_backlog",
    "SELECT count(*), coalesce(min(due_at), 0) FROM (SELECT due_at FROM webhook_deliveries"
    " WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at LIMIT $2) AS due"};
// Materialized: as a plain subquery, LIMIT … SKIP LOCKED may be run once for each row, and takes more than
// the limit.
constexpr Statement lease{
    "webhook_delivery_lease",
    "WITH due AS MATERIALIZED (SELECT sequence FROM webhook_deliveries WHERE account_id = $1 AND endpoint = "
    "$2"
    " AND state = 'pending' AND due_at <= $3 ORDER BY due_at, sequence LIMIT $5 FOR UPDATE SKIP LOCKED),"
    " leased AS (UPDATE webhook_deliveries SET due_at = $4, attempts = attempts + 1, lease = lease + 1"
    " WHERE account_id = $1 AND endpoint = $2 AND sequence IN (SELECT sequence FROM due)"
    " RETURNING sequence, livemode, attempts, lease, began, endpoints, api_version, object)"
    " SELECT d.sequence, d.livemode, d.attempts, d.began, d.endpoints, d.api_version,"
    " coalesce(d.object, e.object), e.id, e.created, e.type, e.object_id, e.previous, e.request_id,"
    " e.idempotency_key, w.enabled, w.document, d.lease"
    " FROM leased d JOIN events e ON e.account_id = $1 AND e.sequence = d.sequence"
    " JOIN webhook_endpoints w ON w.account_id = $1 AND w.id = $2 ORDER BY d.sequence"};
constexpr Statement finish_delivery{
    "webhook_delivery_finish",
    "UPDATE webhook_deliveries SET state = $5, due_at = $6, ended = $7, last_status = $8, last_fault = $9"
    " WHERE account_id = $1 AND sequence = $2 AND endpoint = $3 AND lease = $4 AND state = 'pending'"};
constexpr Statement purge_ended{
    "webhook_delivery_purge",
    "DELETE FROM webhook_deliveries WHERE state <> 'pending' AND ended < $1"
    " AND (account_id, sequence, endpoint) IN (SELECT account_id, sequence, endpoint FROM webhook_deliveries"
    " WHERE state <> 'pending' AND ended < $1 ORDER BY ended LIMIT $2)"};

constexpr std::array<const char*, 4> states{"pending", "delivered", "failed", "canceled"};

Delivery read(const pqxx::row& row, const Lane& lane) {
    Delivery delivery;
    delivery.lane = lane;
    auto& event = delivery.event;
    event.sequence = row[0].as<std::int64_t>();
    event.scope = {lane.account, row[1].as<bool>()};
    delivery.attempts = row[2].as<int>();
    delivery.began_ms = row[3].as<std::int64_t>();
    delivery.endpoints = row[4].as<int>();
    event.api_version = row[5].as<std::string>();
    event.object = boost::json::parse(row[6].c_str()).as_object();
    event.id = row[7].as<std::string>();
    event.created = row[8].as<std::int64_t>();
    event.type = row[9].as<std::string>();
    event.object_id = row[10].as<std::string>();
    if (!row[11].is_null()) event.previous = boost::json::parse(row[11].c_str()).as_object();
    event.request_id = optional_text(row[12]);
    event.idempotency_key = optional_text(row[13]);
    delivery.enabled = row[14].as<bool>();
    auto endpoint = codec::parse<Endpoint>(row[15].c_str());
    delivery.url = std::move(endpoint.url);
    delivery.secrets = std::move(endpoint.secrets);
    delivery.lease = row[16].as<int>();
    return delivery;
}

}  // namespace

std::int64_t count_endpoints(Transaction& tx, const Scope& scope) {
    return tx.exec(count_present, scope.account.value, scope.livemode)[0][0].as<std::int64_t>();
}

std::vector<webhooks::Subscriber> subscribers(Transaction& tx, const Scope& scope) {
    std::vector<webhooks::Subscriber> found;
    for (const auto& row : tx.exec(find_subscribers, scope.account.value, scope.livemode)) {
        auto endpoint = codec::parse<Endpoint>(row[1].c_str());
        found.push_back(
            {row[0].as<std::string>(), std::move(endpoint.api_version), std::move(endpoint.enabled_events)});
    }
    return found;
}

void note_failing(Transaction& tx, const Lane& lane, std::int64_t now_ms) {
    tx.exec(mark_failing, lane.account.value, lane.endpoint, now_ms);
}

void note_working(Transaction& tx, const Lane& lane) {
    tx.exec(mark_working, lane.account.value, lane.endpoint);
}

bool disable_failing(Transaction& tx, const Lane& lane, std::int64_t since_ms) {
    return tx.exec(disable_endpoint, lane.account.value, lane.endpoint, since_ms).affected_rows() == 1;
}

void insert(Transaction& tx, const webhooks::NewDelivery& delivery) {
    std::optional<std::string> object;
    if (delivery.object) object = boost::json::serialize(*delivery.object);
    tx.exec(insert_delivery, delivery.scope.account.value, delivery.sequence, delivery.endpoint,
            delivery.scope.livemode, delivery.now_ms, delivery.endpoints, delivery.api_version, object);
}

void cancel_deliveries(Transaction& tx, const Lane& lane, std::int64_t now_ms) {
    tx.exec(cancel_pending, lane.account.value, lane.endpoint, now_ms);
}

std::int64_t pending_webhooks(Transaction& tx, common::AccountId account, std::int64_t sequence) {
    return tx.exec(count_pending, account.value, sequence)[0][0].as<std::int64_t>();
}

std::map<std::int64_t, std::int64_t> pending_webhooks(Transaction& tx, common::AccountId account,
                                                      const std::vector<Event>& events) {
    std::map<std::int64_t, std::int64_t> counts;
    if (events.empty()) return counts;
    std::string sequences = "{";
    for (const auto& event : events)
        sequences += (sequences.size() > 1 ? "," : "") + std::to_string(event.sequence);
    for (const auto& row : tx.exec(count_pending_of, account.value, sequences + '}'))
        counts[row[0].as<std::int64_t>()] = row[1].as<std::int64_t>();
    return counts;
}

std::vector<std::string> deliver_again(Transaction& tx, common::AccountId account, std::int64_t sequence,
                                       std::int64_t now_ms) {
    std::vector<std::string> endpoints;
    for (const auto& row : tx.exec(begin_again, account.value, sequence, now_ms))
        endpoints.push_back(row[0].as<std::string>());
    return endpoints;
}

std::vector<Lane> lanes_with_due_deliveries(Transaction& tx, std::int64_t now_ms, int limit) {
    std::vector<Lane> lanes;
    for (const auto& row : tx.exec(due_lanes, now_ms, limit))
        lanes.push_back({{row[0].as<std::int64_t>()}, row[1].as<std::string>()});
    return lanes;
}

Backlog backlog(Transaction& tx, std::int64_t now_ms, int limit) {
    const auto rows = tx.exec(count_due, now_ms, limit);
    return {rows[0][0].as<std::int64_t>(), rows[0][1].as<std::int64_t>()};
}

std::vector<Delivery> lease_deliveries(Transaction& tx, const Lane& lane, std::int64_t now_ms,
                                       std::int64_t until_ms, int limit) {
    std::vector<Delivery> deliveries;
    for (const auto& row : tx.exec(lease, lane.account.value, lane.endpoint, now_ms, until_ms, limit))
        deliveries.push_back(read(row, lane));
    return deliveries;
}

bool finish(Transaction& tx, const Delivery& delivery, const webhooks::Outcome& outcome) {
    std::optional<std::int64_t> ended;
    if (outcome.state != webhooks::DeliveryState::pending) ended = outcome.now_ms;
    std::optional<std::string> fault;
    if (!outcome.fault.empty()) fault = outcome.fault;
    return tx.exec(finish_delivery, delivery.lane.account.value, delivery.event.sequence,
                   delivery.lane.endpoint, delivery.lease, states.at(static_cast<std::size_t>(outcome.state)),
                   outcome.due_ms, ended, outcome.status, fault)
               .affected_rows() == 1;
}

std::int64_t purge_deliveries(Transaction& tx, std::int64_t ended_before_ms, int limit) {
    return static_cast<std::int64_t>(tx.exec(purge_ended, ended_before_ms, limit).affected_rows());
}

}  // namespace gateway::store
