#include "vault/store/audit_rows.h"

#include "vault/store/audit_digest.h"

namespace vault::store {
namespace {

using audit::Checkpoint;
using audit::Record;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;
using common::crypto::Digest;
using common::db::bytes;
using common::db::bytes_text;
using common::db::CopyTarget;
using common::db::Statement;
using common::db::Transaction;

const CopyTarget<11> entries_target{"audit_entry",
                                    {"stream", "sequence", "recorded_at", "actor", "action", "object",
                                     "origin", "outcome", "detail", "previous", "hash"}};

constexpr Statement find_head{"audit_head", R"(
SELECT sequence, hash FROM audit_entry WHERE stream = $1 ORDER BY sequence DESC LIMIT 1)"};

constexpr Statement find_hash{"audit_hash",
                              "SELECT hash FROM audit_entry WHERE stream = $1 AND sequence = $2"};

constexpr Statement read_entries{"audit_entries", R"(
SELECT sequence, recorded_at, actor, action, object, origin, outcome, detail, previous, hash FROM audit_entry
 WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3)"};

constexpr Statement read_matching{"audit_matching", R"(
SELECT sequence, recorded_at, actor, action, object, origin, outcome, detail, previous, hash FROM audit_entry
 WHERE stream = $1 AND sequence > $2 AND sequence <= $3 AND recorded_at >= $4 AND recorded_at < $5
   AND ($6 = '' OR object = $6) AND ($7 = '' OR actor = $7) AND ($8 = '' OR action = $8)
 ORDER BY sequence)"};

constexpr Statement insert_checkpoint{"audit_checkpoint_insert", R"(
INSERT INTO audit_checkpoint (stream, number, sequence, hash, made_at, key_version, previous, mac)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};

constexpr Statement find_last_checkpoint{"audit_checkpoint_last", R"(
SELECT number, sequence, hash, made_at, key_version, previous, mac FROM audit_checkpoint
 WHERE stream = $1 ORDER BY number DESC LIMIT 1)"};

constexpr Statement read_checkpoints{"audit_checkpoints", R"(
SELECT number, sequence, hash, made_at, key_version, previous, mac FROM audit_checkpoint
 WHERE stream = $1 AND number > $2 ORDER BY number LIMIT $3)"};

// One probe of the index a stream: DISTINCT would read every entry.
constexpr Statement next_of_entries{"audit_next_stream", R"(
SELECT stream FROM audit_entry WHERE stream > $1 ORDER BY stream LIMIT 1)"};
constexpr Statement next_of_checkpoints{"audit_next_checkpoint_stream", R"(
SELECT stream FROM audit_checkpoint WHERE stream > $1 ORDER BY stream LIMIT 1)"};

// What the table's own checks would not have let in gets no hash, and so fits none.
Record record_of(const std::string& stream, const pqxx::row& row) {
    Record record;
    record.stream = stream;
    record.sequence = row[0].as<std::int64_t>();
    record.recorded_at = row[1].as<std::int64_t>();
    const auto outcome = audit::outcome_of(row[6].c_str());
    const auto previous = digest_if(row[8]);
    record.entry = {row[2].c_str(),
                    row[3].c_str(),
                    row[4].c_str(),
                    row[5].c_str(),
                    outcome.value_or(audit::Outcome::failed),
                    row[7].c_str()};
    record.previous = previous.value_or(Digest{});
    if (outcome && previous) record.hash = digest_of(row[9]);
    return record;
}

std::vector<Record> records_of(const std::string& stream, const pqxx::result& rows) {
    std::vector<Record> records;
    records.reserve(rows.size());
    for (const auto& row : rows)
        records.push_back(record_of(stream, row));
    return records;
}

Result<bool> insert_all(Transaction& tx, const std::vector<Record>& records) {
    std::vector<decltype(entries_target)::Row> rows;
    rows.reserve(records.size());
    for (const auto& record : records) {
        const auto& entry = record.entry;
        rows.push_back({record.stream, std::to_string(record.sequence), std::to_string(record.recorded_at),
                        entry.actor, entry.action, entry.object, entry.origin,
                        std::string{audit::to_string(entry.outcome)}, entry.detail,
                        bytes_text(record.previous), bytes_text(record.hash)});
    }
    tx.copy(entries_target, rows);
    return true;
}

}  // namespace

Task<bool> AuditRows::append(Records records, Deadline deadline) {
    auto job = [records = std::move(records)](Transaction& tx) { return insert_all(tx, *records); };
    return pool_.transaction(std::move(job), deadline);
}

Task<AuditRows::Head> AuditRows::head(std::string stream, Deadline deadline) {
    auto job = [stream = std::move(stream)](Transaction& tx) -> Result<Head> {
        const auto rows = tx.exec(find_head, stream);
        if (rows.empty()) return Head{};
        return Head{rows[0][0].as<std::int64_t>(), digest_of(rows[0][1])};
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::optional<Digest>> AuditRows::hash_at(std::string stream, std::int64_t sequence, Deadline deadline) {
    auto job = [stream = std::move(stream), sequence](Transaction& tx) -> Result<std::optional<Digest>> {
        const auto rows = tx.exec(find_hash, stream, sequence);
        if (rows.empty()) return std::nullopt;
        return digest_of(rows[0][0]);
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::vector<Record>> AuditRows::entries(std::string stream, std::int64_t after, std::int64_t limit,
                                             Deadline deadline) {
    auto job = [stream = std::move(stream), after, limit](Transaction& tx) -> Result<std::vector<Record>> {
        return records_of(stream, tx.exec(read_entries, stream, after, limit));
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::vector<Record>> AuditRows::matching(std::string stream, std::int64_t after, std::int64_t until,
                                              AuditFilter filter, Deadline deadline) {
    auto job = [stream = std::move(stream), after, until,
                filter = std::move(filter)](Transaction& tx) -> Result<std::vector<Record>> {
        return records_of(stream, tx.exec(read_matching, stream, after, until, filter.from, filter.to,
                                          filter.object, filter.actor, filter.action));
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> AuditRows::add_checkpoint(Checkpoint checkpoint, Deadline deadline) {
    auto job = [made = std::move(checkpoint)](Transaction& tx) -> Result<bool> {
        tx.exec(insert_checkpoint, made.stream, made.number, made.sequence, bytes(made.hash), made.made_at,
                made.key_version, bytes(made.previous), bytes(made.mac));
        return true;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::optional<Checkpoint>> AuditRows::last_checkpoint(std::string stream, Deadline deadline) {
    auto job = [stream = std::move(stream)](Transaction& tx) -> Result<std::optional<Checkpoint>> {
        const auto rows = tx.exec(find_last_checkpoint, stream);
        if (rows.empty()) return std::nullopt;
        return checkpoint_of(stream, rows[0]);
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::vector<Checkpoint>> AuditRows::checkpoints(std::string stream, std::int64_t after,
                                                     std::int64_t limit, Deadline deadline) {
    auto job = [stream = std::move(stream), after,
                limit](Transaction& tx) -> Result<std::vector<Checkpoint>> {
        std::vector<Checkpoint> found;
        for (const auto& row : tx.exec(read_checkpoints, stream, after, limit))
            found.push_back(checkpoint_of(stream, row));
        return found;
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::vector<std::string>> AuditRows::streams(Deadline deadline) {
    auto job = [](Transaction& tx) -> Result<std::vector<std::string>> {
        std::vector<std::string> names;
        for (std::string last;;) {
            const auto of_entries = tx.exec(next_of_entries, last);
            const auto of_checkpoints = tx.exec(next_of_checkpoints, last);
            if (of_entries.empty() && of_checkpoints.empty()) return names;
            if (of_entries.empty())
                last = of_checkpoints[0][0].c_str();
            else if (of_checkpoints.empty())
                last = of_entries[0][0].c_str();
            else
                last = std::min<std::string>(of_entries[0][0].c_str(), of_checkpoints[0][0].c_str());
            names.push_back(last);
        }
    };
    return pool_.read(std::move(job), deadline);
}

}  // namespace vault::store
