// Ends Checkout Sessions whose time is over.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "gateway/renderer.h"

namespace gateway::checkout {

// At most `limit` of them; how many it were. Each is one transaction under its lock, so any number of
// gateways may do this at once. One whose payment is on its way is looked at again a minute later. Run every
// second or so.
common::Task<int> expire_due(common::db::Pool& database, const Renderer& renderer, std::int64_t now_ms,
                             int limit);

}  // namespace gateway::checkout
