// What a merchant may do with a refund that exists. Making one is a use case of payments, since the acquirer
// is asked.
#pragma once

#include "gateway/payments/changes.h"
#include "gateway/refunds/refund.h"
#include "gateway/work.h"

namespace gateway::refunds {

// Writes refund.updated and charge.refund.updated.
common::Result<Refund> update(Work& work, const std::string& id, const Change<boost::json::object>& metadata);
// 400 in every state but requires_action.
common::Result<Refund> cancel(Work& work, const std::string& id);

}  // namespace gateway::refunds
