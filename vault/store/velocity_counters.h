// Rows of card_velocity, which belong to no account.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"

namespace vault::store {

class VelocityCounters {
  public:
    explicit VelocityCounters(common::db::Pool& pool) : pool_{pool} {}
    // One more in `slot`, unless there are `limit` in the slots behind `after_slot`. false: there were, and
    // nothing was counted.
    common::Task<bool> count(std::vector<std::uint8_t> fingerprint, std::int64_t slot,
                             std::int64_t after_slot, std::int64_t limit, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
