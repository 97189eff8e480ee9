#include "gateway/payouts/payouts.h"

#include "gateway/api/handlers.h"
#include "gateway/api/intent_checks.h"
#include "gateway/api/lists.h"
#include "gateway/api/shown.h"
#include "gateway/store/payouts.h"

namespace gateway::api {
namespace {

using common::Fail;
using common::Task;

}  // namespace

Task<StoredResponse> create_payout(Context& context) {
    const auto parameters = context.parameters();
    const auto currency = check_currency(parameters.raw("currency"));
    if (!currency) co_return Fail{currency.error()};
    payouts::NewPayout input;
    input.amount = parameters.integer("amount").value_or(0);
    input.currency = *currency;
    if (parameters.raw("method") == "instant") input.method = PayoutMethod::instant;
    input.destination = parameters.text("destination");
    input.description = parameters.text("description");
    input.statement_descriptor = parameters.text("statement_descriptor");
    input.metadata = parameters.metadata();
    co_return co_await context.change([&context, input = std::move(input)](Work& work) {
        return shown(work, payouts::create(work, context.backend->payouts(), input));
    });
}

Task<StoredResponse> read_payout(Context& context) {
    co_return co_await context.read([&context](Work& work) {
        return shown(work, store::require<Payout>(work.tx, work.scope(), context.id));
    });
}

Task<StoredResponse> update_payout(Context& context) {
    co_return co_await context.change(
        [&context, metadata = context.parameters().metadata_change()](Work& work) {
            return shown(work, payouts::update(work, context.id, metadata));
        });
}

Task<StoredResponse> cancel_payout(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, payouts::cancel(work, context.id)); });
}

Task<StoredResponse> reverse_payout(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, payouts::reverse(work, context.id)); });
}

Task<StoredResponse> list_payouts(Context& context) {
    co_return co_await list_of<Payout>(context, filters_of(context.parameters(), {"destination", "status"}),
                                       {"arrival_date"});
}

}  // namespace gateway::api
