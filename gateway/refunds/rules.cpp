#include "gateway/refunds/rules.h"

#include "gateway/refunds/machine.h"

namespace gateway::rules {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;

Error not_refundable(common::Text code, common::Text message, const Charge& charge) {
    return Error{400, ErrorType::invalid_request, code, message, {Safe::id(charge.id)}};
}

}  // namespace

std::int64_t refundable(const Charge& charge) {
    return charge.amount_captured - charge.refunds - charge.refund_pending;
}

common::Result<std::int64_t> may_refund(const Charge& charge, const std::optional<std::int64_t>& amount) {
    if (charge.status == ChargeStatus::failed)
        return Fail{
            not_refundable("charge_not_refundable", "Charge {} failed: there is nothing to refund.", charge)};
    if (!charge.captured && !charge.refunded)
        return Fail{
            not_refundable("",
                           "This PaymentIntent does not have a successful charge to refund: charge {} "
                           "was not captured. Cancel the PaymentIntent instead.",
                           charge)};
    if (charge.disputed)
        return Fail{not_refundable("charge_disputed",
                                   "Charge {} has been charged back; it cannot be refunded.", charge)};
    const auto left = refundable(charge);
    if (left == 0)
        return Fail{
            not_refundable("charge_already_refunded", "Charge {} has already been refunded.", charge)};
    if (!amount) return left;
    if (*amount <= 0)
        return Fail{Error::invalid("parameter_invalid_integer", "amount",
                                   "This value must be greater than or equal to 1.")};
    if (*amount > left) {
        const auto asked = common::Money{*amount, charge.currency}.display();
        const auto open = common::Money{left, charge.currency}.display();
        return Fail{Error::invalid("", "amount",
                                   "Refund amount ({}) is greater than unrefunded amount on charge ({}).",
                                   {Safe::param(asked), Safe::param(open)})};
    }
    return *amount;
}

common::Status may_cancel(const Refund& refund) {
    if (next(refund.status, RefundEvent::canceled)) return {};
    return Fail{Error{400,
                      ErrorType::invalid_request,
                      "",
                      "Only a refund with a status of requires_action can be canceled. This one has a status "
                      "of {}.",
                      {Safe::id(boost::describe::enum_to_string(refund.status, ""))}}};
}

}  // namespace gateway::rules
