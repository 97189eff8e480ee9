// The business rules of refunds: pure, each an error in the API's words or nothing.
#pragma once

#include "common/result.h"
#include "gateway/refunds/refund.h"

namespace gateway::rules {

// What may still be given back of a charge, in minor units: never more than was captured.
std::int64_t refundable(const Charge& charge);
// Minor units to refund: `amount`, or all that is left. 400 charge_not_refundable, charge_disputed,
// charge_already_refunded, parameter_invalid_integer, or without a code when it is more than is left.
common::Result<std::int64_t> may_refund(const Charge& charge, const std::optional<std::int64_t>& amount);
common::Status may_cancel(const Refund& refund);

}  // namespace gateway::rules
