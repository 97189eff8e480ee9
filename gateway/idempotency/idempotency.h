// A merchant may send a request again under the same Idempotency-Key and gets the answer of the first, byte
// for byte. The key is claimed in the transaction of the first effect and finished in the one of the last.
#pragma once

#include "gateway/scope.h"
#include "gateway/store/idempotency_keys.h"

namespace gateway::idempotency {

inline constexpr std::chrono::hours lifetime{24};  // from the first use on; then the key is a new one

enum class Verdict : std::uint8_t {
    fresh,  // older than its lifetime: forgotten
    other_endpoint,
    other_parameters,
    running,
    ours,  // claimed by this very request, in a commit whose outcome it did not learn
    finished,
};

// What a key that is there already means for a request.
Verdict judge(const store::IdempotencyRow& row, const IdempotencyKey& key, std::string_view request_id,
              std::int64_t now_ms);

// The API's errors: 400 idempotency_error for another endpoint or parameters, 409 for one still running.
common::Error refusal(Verdict verdict, const IdempotencyKey& key);

// Claims the key for `call`: nothing = go on, else the answer to repeat (and the transaction must be
// committed). A claim that a former run of this same request committed counts as claimed.
common::Result<std::optional<StoredResponse>> claim(store::Transaction& tx, const Call& call,
                                                    std::int64_t now_ms);

// As `claim`, without claiming: for work that comes before the first transaction.
common::Result<std::optional<StoredResponse>> look(store::Transaction& tx, const Call& call,
                                                   std::int64_t now_ms);

// Stores the answer.
void finish(store::Transaction& tx, const Call& call, const StoredResponse& response);

// Takes the claim back, since nothing was done.
void release(store::Transaction& tx, const Call& call);

// Removes up to `limit` finished keys of any account that are past their lifetime; returns how many.
common::Task<std::int64_t> purge(common::db::Pool& database, std::int64_t now_ms, int limit);

}  // namespace gateway::idempotency
