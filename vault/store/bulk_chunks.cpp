#include "vault/store/bulk_chunks.h"

#include "vault/store/erasure.h"

namespace vault::store {
namespace {

using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Task;
using common::db::Statement;
using common::db::Transaction;

constexpr Statement insert_chunk{"card_bulk_chunk_insert", R"(
INSERT INTO card_bulk_chunk (account_id, livemode, bulk, first_line, outcomes, stored_day)
VALUES ($1, $2, $3, $4, $5::text[], $6) ON CONFLICT (account_id, livemode, bulk, first_line) DO NOTHING)"};

constexpr Statement find_chunk{"card_bulk_chunk_find", R"(
SELECT place.outcome FROM card_bulk_chunk c, unnest(c.outcomes) WITH ORDINALITY AS place (outcome, number)
 WHERE c.account_id = $1 AND c.livemode = $2 AND c.bulk = $3 AND c.first_line = $4 ORDER BY place.number)"};

}  // namespace

Result<bool> insert(Transaction& tx, const BulkChunk& chunk) {
    const auto added = tx.exec(insert_chunk, chunk.account.value, chunk.livemode, chunk.bulk,
                               chunk.first_line, array_of(chunk.outcomes), chunk.day);
    if (added.affected_rows() == 1) return true;
    return Fail{Error{409, ErrorType::invalid_request, "bulk_chunk_known",
                      "These lines are being stored by another request."}};
}

Task<std::optional<BulkChunk>> BulkChunks::find(BulkChunk place, Deadline deadline) {
    auto job = [place = std::move(place)](Transaction& tx) -> Result<std::optional<BulkChunk>> {
        const auto rows =
            tx.exec(find_chunk, place.account.value, place.livemode, place.bulk, place.first_line);
        if (rows.empty()) return std::nullopt;
        auto found = place;
        for (const auto& row : rows)
            found.outcomes.push_back(row[0].as<std::string>());
        return found;
    };
    co_return co_await pool_.read(std::move(job), deadline);
}

Task<bool> BulkChunks::insert(BulkChunk chunk, Deadline deadline) {
    auto job = [chunk = std::move(chunk)](Transaction& tx) { return store::insert(tx, chunk); };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
