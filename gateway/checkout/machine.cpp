#include "gateway/checkout/machine.h"

#include "common/assert.h"

namespace gateway {

void advance(CheckoutSession& session, CheckoutEvent event) {
    const auto to = next(session.status, event);
    PORTCULLIS_ASSERT(to.has_value());
    session.status = *to;
    session.due_at.reset();
}

}  // namespace gateway
