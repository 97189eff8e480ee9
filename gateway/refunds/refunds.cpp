#include "gateway/refunds/refunds.h"

#include "gateway/refunds/machine.h"
#include "gateway/refunds/rules.h"
#include "gateway/store/refunds.h"

namespace gateway::refunds {

using common::Fail;
using common::Result;

Result<Refund> update(Work& work, const std::string& id, const Change<boost::json::object>& metadata) {
    auto before = store::require_locked<Refund>(work.tx, work.scope(), id);
    if (!before) return before;
    auto after = *before;
    if (auto fine = put_metadata(after.metadata, metadata); !fine) return Fail{fine.error()};
    store::update(work.tx, after);
    work.tell_changed("refund.updated", &*before, &after);
    work.tell_changed("charge.refund.updated", &*before, &after);
    return after;
}

Result<Refund> cancel(Work& work, const std::string& id) {
    auto refund = store::require_locked<Refund>(work.tx, work.scope(), id);
    if (!refund) return refund;
    if (auto fine = rules::may_cancel(*refund); !fine) return Fail{fine.error()};
    advance(*refund, RefundEvent::canceled);
    store::update(work.tx, *refund);
    work.tell("refund.updated", &*refund);
    return refund;
}

}  // namespace gateway::refunds
