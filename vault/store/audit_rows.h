// Rows of audit_entry and audit_checkpoint. Nothing here changes or deletes one: the role may not.
#pragma once

#include <optional>
#include <vector>

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/audit/checkpoint.h"
#include "vault/audit/record.h"

namespace vault::store {

// Empty and zero members select everything.
struct AuditFilter {
    std::int64_t from = 0;        // recorded_at, inclusive
    std::int64_t to = INT64_MAX;  // exclusive
    std::string object, actor, action;
};

class AuditRows {
  public:
    using Digest = common::crypto::Digest;
    struct Head {
        std::int64_t sequence = 0;  // 0: the stream is empty
        Digest hash{};
    };

    explicit AuditRows(common::db::Pool& pool) : pool_{pool} {}

    // All or none, in one statement; they are of one stream and follow each other. Cause::conflict: one of
    // the sequences is taken. Cause::outcome_unknown: read hash_at.
    using Records = std::shared_ptr<const std::vector<audit::Record>>;
    common::Task<bool> append(Records records, common::Deadline deadline);
    common::Task<Head> head(std::string stream, common::Deadline deadline);
    common::Task<std::optional<Digest>> hash_at(std::string stream, std::int64_t sequence,
                                                common::Deadline deadline);
    // Entries behind `after`, in order, `limit` at most.
    common::Task<std::vector<audit::Record>> entries(std::string stream, std::int64_t after,
                                                     std::int64_t limit, common::Deadline deadline);
    // Those between `after` (exclusive) and `until` (inclusive) that the filter selects, in order.
    common::Task<std::vector<audit::Record>> matching(std::string stream, std::int64_t after,
                                                      std::int64_t until, AuditFilter filter,
                                                      common::Deadline deadline);

    // Cause::conflict: the number is taken.
    common::Task<bool> add_checkpoint(audit::Checkpoint checkpoint, common::Deadline deadline);
    common::Task<std::optional<audit::Checkpoint>> last_checkpoint(std::string stream,
                                                                   common::Deadline deadline);
    common::Task<std::vector<audit::Checkpoint>> checkpoints(std::string stream, std::int64_t after,
                                                             std::int64_t limit, common::Deadline deadline);

    // The names of all streams, of entries and of checkpoints, in order.
    common::Task<std::vector<std::string>> streams(common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
