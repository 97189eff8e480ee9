#pragma once

#include "gateway/scope.h"
#include "gateway/store/session.h"

namespace gateway::store {

struct IdempotencyRow {
    IdempotencyKey key;
    std::string request_id;
    std::int64_t created_ms = 0;
    bool finished = false;
    StoredResponse response;  // when finished
};

// False: the key is there already (having waited for a twin that was being written).
bool insert_key(Transaction& tx, const Scope& scope, const IdempotencyKey& key, const std::string& request_id,
                std::int64_t now_ms);
std::optional<IdempotencyRow> find_key(Transaction& tx, const Scope& scope, const std::string& key);
// Only while it runs for `request_id`.
void finish_key(Transaction& tx, const Scope& scope, const std::string& key, const std::string& request_id,
                const StoredResponse& response);
void touch_replayed(Transaction& tx, const Scope& scope, const std::string& key, std::int64_t now_ms);
// Only while it runs for `request_id`.
void remove_running_key(Transaction& tx, const Scope& scope, const std::string& key,
                        const std::string& request_id);
// Only when it was made at `created_ms`: a twin may have begun anew.
void remove_old_key(Transaction& tx, const Scope& scope, const std::string& key, std::int64_t created_ms);
// Over all accounts, under Scan::idempotency_keys.
std::int64_t purge_keys(Transaction& tx, std::int64_t created_before_ms, int limit);

}  // namespace gateway::store
