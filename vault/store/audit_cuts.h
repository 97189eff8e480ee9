// Rows of audit_cut, and what is asked and done when the audit log is cut off. Everything but `apply` may be
// done by the service's role.
#pragma once

#include <optional>

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/audit/cut.h"

namespace vault::store {

class AuditCuts {
  public:
    explicit AuditCuts(common::db::Pool& pool) : pool_{pool} {}

    common::Task<std::optional<audit::Cut>> find(std::string stream, common::Deadline deadline);
    // The first of the entries behind `after` and up to `until` that is not older than this; none: 0.
    common::Task<std::int64_t> first_since(std::string stream, std::int64_t after, std::int64_t until,
                                           std::int64_t time, common::Deadline deadline);
    // The last checkpoint of the next `numbers` behind `after` that was made before the time, and vouches for
    // an entry of (`sequence_after`, `sequence_max`].
    struct Range {
        std::int64_t after = 0, numbers = 0, sequence_after = 0, sequence_max = 0, before = 0;
    };
    common::Task<std::optional<audit::Checkpoint>> checkpoint_in(std::string stream, Range range,
                                                                 common::Deadline deadline);
    // As the owner: keeps the row and deletes what is before it, all or nothing. `entries`: how many that
    // must be, Cause::integrity otherwise. Cause::conflict: the stream was cut at the same place or behind
    // it.
    common::Task<bool> apply(audit::Cut cut, std::int64_t entries, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
