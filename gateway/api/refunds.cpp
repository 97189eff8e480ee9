#include "gateway/refunds/refunds.h"

#include "gateway/api/handlers.h"
#include "gateway/api/lists.h"
#include "gateway/api/shown.h"
#include "gateway/store/payments.h"
#include "gateway/store/refunds.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

}  // namespace

Task<StoredResponse> create_refund(Context& context) {
    const auto parameters = context.parameters();
    NewRefund input;
    input.charge = parameters.text("charge");
    input.payment_intent = parameters.text("payment_intent");
    input.amount = parameters.integer("amount");
    input.reason = parameters.text("reason");
    input.metadata = parameters.metadata();
    co_return co_await context.backend->create_refund(context.call, std::move(input));
}

Task<StoredResponse> read_refund(Context& context) {
    co_return co_await context.read([&context](Work& work) {
        return shown(work, store::require<Refund>(work.tx, work.scope(), context.id));
    });
}

Task<StoredResponse> update_refund(Context& context) {
    co_return co_await context.change(
        [&context, metadata = context.parameters().metadata_change()](Work& work) {
            return shown(work, refunds::update(work, context.id, metadata));
        });
}

Task<StoredResponse> cancel_refund(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, refunds::cancel(work, context.id)); });
}

Task<StoredResponse> list_charge_refunds(Context& context) {
    auto query = list_query(context.parameters());
    if (!query) co_return Fail{query.error()};
    query->equal = {{"charge", context.id}};
    co_return co_await context.read([&context, query = *std::move(query)](Work& work) -> Result<object> {
        if (auto charge = store::require<Charge>(work.tx, work.scope(), context.id); !charge)
            return Fail{charge.error()};
        auto page = store::list<Refund>(work.tx, work.scope(), query);
        if (!page) return Fail{page.error()};
        return envelope(work, *page, context.path);
    });
}

Task<StoredResponse> list_refunds(Context& context) {
    co_return co_await list_of<Refund>(context,
                                       filters_of(context.parameters(), {"charge", "payment_intent"}));
}

}  // namespace gateway::api
