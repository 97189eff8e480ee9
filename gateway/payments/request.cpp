#include "gateway/payments/request.h"

namespace gateway {

AcquirerRequest reversal_of(const AcquirerRequest& request, const std::string& authorization_id,
                            std::int64_t now_ms) {
    AcquirerRequest reversal = request;
    reversal.id = common::new_id("areq_", request.scope.account);
    reversal.purpose = Purpose::reversal;
    reversal.action = Action::void_;
    reversal.authorization_id = authorization_id;
    reversal.state = RequestState::open;
    reversal.responded = true;
    reversal.outcome.clear();
    reversal.attempts = 0;
    reversal.created_ms = now_ms;
    reversal.due_ms = now_ms;
    return reversal;
}

}  // namespace gateway
