#include "gateway/idempotency/idempotency.h"

#include "common/assert.h"

namespace gateway::idempotency {
namespace {

using common::Cause;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;

constexpr std::int64_t lifetime_ms = std::chrono::milliseconds{lifetime}.count();

common::Result<std::optional<StoredResponse>> answer(store::Transaction& tx, const Call& call,
                                                     const store::IdempotencyRow& row, Verdict verdict,
                                                     std::int64_t now_ms) {
    if (verdict == Verdict::ours && !row.finished) return std::nullopt;
    if (verdict != Verdict::finished && verdict != Verdict::ours)
        return Fail{refusal(verdict, call.idempotency)};
    auto response = row.response;
    response.replayed = verdict == Verdict::finished;
    if (response.replayed) store::touch_replayed(tx, call.scope, row.key.key, now_ms);
    return response;
}

}  // namespace

Verdict judge(const store::IdempotencyRow& row, const IdempotencyKey& key, std::string_view request_id,
              std::int64_t now_ms) {
    if (row.finished && now_ms - row.created_ms >= lifetime_ms) return Verdict::fresh;
    if (row.key.method != key.method || row.key.path != key.path) return Verdict::other_endpoint;
    if (row.key.parameters != key.parameters) return Verdict::other_parameters;
    if (row.request_id == request_id) return Verdict::ours;
    return row.finished ? Verdict::finished : Verdict::running;
}

Error refusal(Verdict verdict, const IdempotencyKey& key) {
    const auto shown = Safe::param(key.key);
    switch (verdict) {
        case Verdict::other_endpoint:
            return Error{400,
                         ErrorType::idempotency,
                         "",
                         "Keys for idempotent requests can only be used for the same endpoint they were "
                         "first used for. "
                         "Try using a key other than '{}' if you meant to execute a different request.",
                         {shown}};
        case Verdict::other_parameters:
            return Error{
                400,
                ErrorType::idempotency,
                "",
                "Keys for idempotent requests can only be used with the same parameters they were first used "
                "with. Try using a key other than '{}' if you meant to execute a different request.",
                {shown}};
        case Verdict::running:
            return Error{
                409,
                ErrorType::invalid_request,
                "idempotency_key_in_use",
                "Another request with the idempotency key '{}' is still in progress. Try again later.",
                {shown}}
                .with_cause(Cause::conflict)
                .with_retry(true);
        case Verdict::fresh:
        case Verdict::ours:
        case Verdict::finished:
            break;
    }
    return Error::internal("an idempotency key that is no obstacle was refused");
}

common::Result<std::optional<StoredResponse>> claim(store::Transaction& tx, const Call& call,
                                                    std::int64_t now_ms) {
    const auto& key = call.idempotency;
    for (int round = 0; round < 3; ++round) {
        if (store::insert_key(tx, call.scope, key, call.request_id, now_ms)) return std::nullopt;
        const auto row = store::find_key(tx, call.scope, key.key);
        if (!row) continue;  // removed since
        const auto verdict = judge(*row, key, call.request_id, now_ms);
        if (verdict != Verdict::fresh) return answer(tx, call, *row, verdict, now_ms);
        store::remove_old_key(tx, call.scope, key.key, row->created_ms);
    }
    return Fail{refusal(Verdict::running, key)};
}

common::Result<std::optional<StoredResponse>> look(store::Transaction& tx, const Call& call,
                                                   std::int64_t now_ms) {
    const auto row = store::find_key(tx, call.scope, call.idempotency.key);
    if (!row) return std::nullopt;
    const auto verdict = judge(*row, call.idempotency, call.request_id, now_ms);
    if (verdict == Verdict::fresh) return std::nullopt;
    return answer(tx, call, *row, verdict, now_ms);
}

void finish(store::Transaction& tx, const Call& call, const StoredResponse& response) {
    PORTCULLIS_ASSERT(!response.media);
    store::finish_key(tx, call.scope, call.idempotency.key, call.request_id, response);
}

void release(store::Transaction& tx, const Call& call) {
    store::remove_running_key(tx, call.scope, call.idempotency.key, call.request_id);
}

common::Task<std::int64_t> purge(common::db::Pool& database, std::int64_t now_ms, int limit) {
    auto job = [now_ms, limit](store::Transaction& tx) -> common::Result<std::int64_t> {
        store::enter_scan(tx, store::Scan::idempotency_keys);
        return store::purge_keys(tx, now_ms - lifetime_ms, limit);
    };
    co_return co_await database.transaction(job);
}

}  // namespace gateway::idempotency
