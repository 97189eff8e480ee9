#include "gateway/refunds/machine.h"

#include "common/assert.h"

namespace gateway {

void advance(Refund& refund, RefundEvent event) {
    const auto to = next(refund.status, event);
    PORTCULLIS_ASSERT(to.has_value());
    refund.status = *to;
}

}  // namespace gateway
