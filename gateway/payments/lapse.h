// Ends authorizations that are too old to be captured.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "gateway/renderer.h"

namespace gateway::payments {

// At most `limit` charges whose capture_before has come: the payment is canceled and the hold given back, or,
// where a part was captured, the payment is complete with that. How many it were. Each is one transaction
// under the locks of its rows, so any number of gateways may do this at once. Run every second or so.
common::Task<int> lapse_due(common::db::Pool& database, const Renderer& renderer, std::int64_t now_ms,
                            int limit);

}  // namespace gateway::payments
