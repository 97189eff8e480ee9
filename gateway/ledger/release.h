// Makes available what has waited for its settlement days.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "gateway/renderer.h"

namespace gateway::ledger {

// At most `limit` balance transactions whose available_on has come; how many it were. Each batch is one
// transaction under the locks of its rows, so any number of gateways may do this at once, and one that dies
// leaves nothing half done. Tells balance.available where money became so. Run every second or so.
common::Task<int> release_due(common::db::Pool& database, const Renderer& renderer, std::int64_t now_ms,
                              int limit);

}  // namespace gateway::ledger
