#include "gateway/payouts/machine.h"

#include "common/assert.h"

namespace gateway {

void advance(Payout& payout, PayoutEvent event) {
    const auto to = next(payout.status, event);
    PORTCULLIS_ASSERT(to.has_value());
    payout.status = *to;
}

}  // namespace gateway
