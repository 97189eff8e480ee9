#include "gateway/api/handlers.h"

namespace gateway::api {

common::Task<StoredResponse> read_charge(Context& context) {
    const auto scope = context.call.scope;
    auto found = co_await context.backend->find_charge(scope, context.id);
    if (!found) co_return common::Fail{found.error()};
    const Expansion expand{context.call.expand};
    if (!expand.find("payment_intent") || found->charge.payment_intent.empty())
        co_return context.renderer->charge(found->charge, nullptr, context.call);
    auto payment = co_await context.backend->find_intent(scope, found->charge.payment_intent);
    if (!payment) co_return common::Fail{payment.error()};
    co_return context.renderer->charge(found->charge, &*payment, context.call);
}

}  // namespace gateway::api
