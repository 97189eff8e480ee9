// Rows of custody_register, custodian, custodial_act and custodial_approval.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/keys/custody.h"

namespace vault::store {

class CustodianRows {
  public:
    explicit CustodianRows(common::db::Pool& pool) : pool_{pool} {}

    common::Task<keys::CustodyRows> load(common::Deadline deadline);
    // An act in whatever state; Cause::not_found.
    common::Task<keys::Act> act(std::string id, common::Deadline deadline);
    // The latest acts, ended ones too, newest first.
    common::Task<std::vector<keys::Act>> history(int limit, common::Deadline deadline);
    // Cause::conflict: the register is at another sequence, and nothing was changed.
    common::Task<bool> apply(keys::CustodyChange change, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
