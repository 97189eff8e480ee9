#include "vault/store/audit_cuts.h"

#include "vault/store/audit_digest.h"

namespace vault::store {
namespace {

using audit::Checkpoint;
using audit::Cut;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;
using common::db::bytes;
using common::db::Statement;
using common::db::Transaction;

constexpr Statement find_cut{"audit_cut_find", R"(
SELECT checkpoint, sequence, hash, vouched_by, before, made_at, key_version, mac FROM audit_cut WHERE stream = $1)"};

constexpr Statement find_first_since{"audit_first_since", R"(
SELECT sequence FROM audit_entry
 WHERE stream = $1 AND sequence > $2 AND sequence <= $3 AND recorded_at >= $4 ORDER BY sequence LIMIT 1)"};

constexpr Statement find_checkpoint_in{"audit_checkpoint_in", R"(
SELECT number, sequence, hash, made_at, key_version, previous, mac FROM audit_checkpoint
 WHERE stream = $1 AND number > $2 AND number <= $2::bigint + $3 AND sequence > $4 AND sequence <= $5 AND made_at < $6
 ORDER BY number DESC LIMIT 1)"};

constexpr Statement put_cut{"audit_cut_put", R"(
INSERT INTO audit_cut (stream, checkpoint, sequence, hash, vouched_by, before, made_at, key_version, mac)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (stream) DO UPDATE SET checkpoint = excluded.checkpoint, sequence = excluded.sequence, hash = excluded.hash,
  vouched_by = excluded.vouched_by, before = excluded.before, made_at = excluded.made_at,
  key_version = excluded.key_version, mac = excluded.mac
WHERE audit_cut.sequence < excluded.sequence RETURNING stream)"};

constexpr Statement delete_entries{"audit_cut_entries",
                                   "DELETE FROM audit_entry WHERE stream = $1 AND sequence <= $2"};
constexpr Statement delete_checkpoints{"audit_cut_checkpoints",
                                       "DELETE FROM audit_checkpoint WHERE stream = $1 AND number < $2"};

Result<bool> cut_off(Transaction& tx, const Cut& cut, std::int64_t entries) {
    if (tx.exec(put_cut, cut.stream, cut.checkpoint, cut.sequence, bytes(cut.hash), bytes(cut.vouched_by),
                cut.before, cut.made_at, cut.key_version, bytes(cut.mac))
            .empty())
        return Fail{Error::unavailable("audit: the stream {} is being pruned by somebody else",
                                       Cause::conflict, {Safe::param(cut.stream)})};
    const auto deleted = tx.exec(delete_entries, cut.stream, cut.sequence).affected_rows();
    if (static_cast<std::int64_t>(deleted) != entries)
        return Fail{
            Error::internal("audit: {} entries of {} would have been removed instead of {}, so none was; "
                            "see audit verify",
                            {Safe::number(static_cast<std::int64_t>(deleted)), Safe::param(cut.stream),
                             Safe::number(entries)})
                .with_cause(Cause::integrity)};
    tx.exec(delete_checkpoints, cut.stream, cut.checkpoint);
    return true;
}

}  // namespace

Task<std::optional<Cut>> AuditCuts::find(std::string stream, Deadline deadline) {
    auto job = [stream = std::move(stream)](Transaction& tx) -> Result<std::optional<Cut>> {
        const auto rows = tx.exec(find_cut, stream);
        if (rows.empty()) return std::nullopt;
        const auto& row = rows[0];
        return Cut{stream,
                   row[0].as<std::int64_t>(),
                   row[1].as<std::int64_t>(),
                   digest_of(row[2]),
                   digest_of(row[3]),
                   row[4].as<std::int64_t>(),
                   row[5].as<std::int64_t>(),
                   row[6].as<unsigned>(),
                   digest_of(row[7])};
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::int64_t> AuditCuts::first_since(std::string stream, std::int64_t after, std::int64_t until,
                                          std::int64_t time, Deadline deadline) {
    auto job = [stream = std::move(stream), after, until, time](Transaction& tx) -> Result<std::int64_t> {
        const auto rows = tx.exec(find_first_since, stream, after, until, time);
        return rows.empty() ? 0 : rows[0][0].as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::optional<Checkpoint>> AuditCuts::checkpoint_in(std::string stream, Range range, Deadline deadline) {
    auto job = [stream = std::move(stream), range](Transaction& tx) -> Result<std::optional<Checkpoint>> {
        const auto rows = tx.exec(find_checkpoint_in, stream, range.after, range.numbers,
                                  range.sequence_after, range.sequence_max, range.before);
        if (rows.empty()) return std::nullopt;
        return checkpoint_of(stream, rows[0]);
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> AuditCuts::apply(Cut cut, std::int64_t entries, Deadline deadline) {
    auto job = [cut = std::move(cut), entries](Transaction& tx) { return cut_off(tx, cut, entries); };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
