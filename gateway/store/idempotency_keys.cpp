#include "gateway/store/idempotency_keys.h"

#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_row{
    "idempotency_insert",
    "INSERT INTO idempotency_keys (account_id, livemode, key, method, path, parameters, request_id, created, "
    "finished)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false) ON CONFLICT (account_id, livemode, key) DO NOTHING"};
constexpr Statement find_row{"idempotency_find",
                             "SELECT method, path, parameters, request_id, created, finished, status, body,"
                             " should_retry FROM idempotency_keys"
                             " WHERE account_id = $1 AND livemode = $2 AND key = $3"};
constexpr Statement finish_row{
    "idempotency_finish",
    "UPDATE idempotency_keys SET finished = true, status = $5, body = $6, should_retry = $7"
    " WHERE account_id = $1 AND livemode = $2 AND key = $3 AND request_id = $4"
    " AND NOT finished"};
constexpr Statement touch_row{"idempotency_touch",
                              "UPDATE idempotency_keys SET replayed_at = $4"
                              " WHERE account_id = $1 AND livemode = $2 AND key = $3"};
constexpr Statement remove_running{
    "idempotency_remove_running",
    "DELETE FROM idempotency_keys WHERE account_id = $1 AND livemode = $2 AND key = $3"
    " AND request_id = $4 AND NOT finished"};
constexpr Statement remove_old{
    "idempotency_remove_old",
    "DELETE FROM idempotency_keys WHERE account_id = $1 AND livemode = $2 AND key = $3"
    " AND created = $4 AND finished"};
constexpr Statement purge_rows{
    "idempotency_purge",
    "DELETE FROM idempotency_keys WHERE finished AND created < $1"
    " AND (account_id, livemode, key) IN (SELECT account_id, livemode, key"
    " FROM idempotency_keys WHERE finished AND created < $1 ORDER BY created LIMIT $2)"};

}  // namespace

bool insert_key(Transaction& tx, const Scope& scope, const IdempotencyKey& key, const std::string& request_id,
                std::int64_t now_ms) {
    return tx.exec(insert_row, scope.account.value, scope.livemode, key.key, key.method, key.path,
                   key.parameters, request_id, now_ms)
               .affected_rows() == 1;
}

std::optional<IdempotencyRow> find_key(Transaction& tx, const Scope& scope, const std::string& key) {
    const auto rows = tx.exec(find_row, scope.account.value, scope.livemode, key);
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    IdempotencyRow found;
    found.key = {key, row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::string>()};
    found.request_id = row[3].as<std::string>();
    found.created_ms = row[4].as<std::int64_t>();
    found.finished = row[5].as<bool>();
    if (found.finished) {
        found.response.status = row[6].as<int>();
        found.response.body = row[7].as<std::string>();
        if (!row[8].is_null()) found.response.should_retry = row[8].as<bool>();
    }
    found.response.original_request = found.request_id;
    return found;
}

void finish_key(Transaction& tx, const Scope& scope, const std::string& key, const std::string& request_id,
                const StoredResponse& response) {
    tx.exec(finish_row, scope.account.value, scope.livemode, key, request_id, response.status, response.body,
            response.should_retry);
}

void touch_replayed(Transaction& tx, const Scope& scope, const std::string& key, std::int64_t now_ms) {
    tx.exec(touch_row, scope.account.value, scope.livemode, key, now_ms);
}

void remove_running_key(Transaction& tx, const Scope& scope, const std::string& key,
                        const std::string& request_id) {
    tx.exec(remove_running, scope.account.value, scope.livemode, key, request_id);
}

void remove_old_key(Transaction& tx, const Scope& scope, const std::string& key, std::int64_t created_ms) {
    tx.exec(remove_old, scope.account.value, scope.livemode, key, created_ms);
}

std::int64_t purge_keys(Transaction& tx, std::int64_t created_before_ms, int limit) {
    return static_cast<std::int64_t>(tx.exec(purge_rows, created_before_ms, limit).affected_rows());
}

}  // namespace gateway::store
