#include "gateway/setups/machine.h"

#include "common/assert.h"

namespace gateway {

void advance(SetupIntent& intent, SetupEvent event) {
    const auto to = next(intent.status, event);
    PORTCULLIS_ASSERT(to.has_value());
    intent.status = *to;
}

}  // namespace gateway
