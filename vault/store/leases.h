// Work that one of several vaults does at a time.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"

namespace vault::store {

class Leases {
  public:
    explicit Leases(common::db::Pool& pool) : pool_{pool} {}
    // true: `owner` has the work until then, milliseconds of the unix epoch. Also how it is kept, and given
    // back (`until` 0).
    common::Task<bool> take(std::string name, std::string owner, std::int64_t now, std::int64_t until,
                            common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
