// Rows of hsm_key.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/keys/registry_rows.h"

namespace vault::store {

class HsmKeys {
  public:
    explicit HsmKeys(common::db::Pool& pool) : pool_{pool} {}
    // By purpose and version.
    common::Task<std::vector<keys::HsmKeyRow>> all(common::Deadline deadline);
    // false: there is a row of that purpose and version already, or another active one.
    common::Task<bool> insert_if_absent(keys::HsmKeyRow row, common::Deadline deadline);
    // Each row as `after` has it, in this order and one transaction, if all still are as `before` has them.
    // Cause::conflict: one is not, and nothing was changed.
    struct Change {
        keys::HsmKeyRow before, after;
    };
    common::Task<bool> change(std::vector<Change> changes, common::Deadline deadline);
    // Checkpoints of the audit log that this version of its key signed.
    common::Task<std::int64_t> count_checkpoints(unsigned key_version, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
