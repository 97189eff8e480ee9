#include "gateway/refunds/refund.h"

namespace gateway {

Refund refund_of(const Charge& charge, std::int64_t amount, std::string id, std::int64_t now_ms) {
    Refund refund;
    refund.id = std::move(id);
    refund.scope = charge.scope;
    set_time(refund, now_ms);
    refund.amount = amount;
    refund.currency = charge.currency;
    refund.charge = charge.id;
    refund.payment_intent = charge.payment_intent;
    refund.payment_method = charge.payment_method;
    refund.customer = charge.customer;
    return refund;
}

Refund released_part(const Charge& charge, std::int64_t amount, std::int64_t now_ms) {
    auto refund = refund_of(charge, amount, common::new_id("re_", charge.scope.account), now_ms);
    refund.of_authorization = true;
    refund.status = RefundStatus::succeeded;
    return refund;
}

}  // namespace gateway
