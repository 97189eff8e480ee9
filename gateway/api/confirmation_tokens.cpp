#include "gateway/api/handlers.h"
#include "gateway/api/intent_checks.h"
#include "gateway/api/token_rules.h"
#include "gateway/store/tokens.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;

Result<NewConfirmationToken> new_confirmation_token(const Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = at_most_one(parameters, {"payment_method", "payment_method_data"}); !fine)
        return Fail{fine.error()};
    NewConfirmationToken input;
    auto& token = input.token;
    token.payment_method = parameters.text("payment_method");
    token.return_url = parameters.text("return_url");
    token.setup_future_usage = parameters.text("setup_future_usage");
    token.shipping = object_of(parameters, "shipping", confirmation_rules);
    token.mandate_data = object_of(parameters, "mandate_data", confirmation_rules);
    token.payment_method_options =
        object_of(parameters, "payment_method_options", confirmation_rules).value_or(object{});
    token.use_stripe_sdk = parameters.raw("use_stripe_sdk") == "true";
    if (const auto data = parameters.hash("payment_method_data")) {
        auto method = new_payment_method(*data, context, "payment_method_data");
        if (!method) return Fail{method.error()};
        input.payment_method_data = *std::move(method);
    } else if (!token.payment_method) {
        return Fail{Error::invalid("parameter_missing", "payment_method_data",
                                   "Missing required param: payment_method_data.")};
    }
    return input;
}

}  // namespace

Task<StoredResponse> create_confirmation_token(Context& context) {
    auto input = new_confirmation_token(context);
    if (!input) co_return Fail{input.error()};
    co_return co_await context.backend->create_confirmation_token(context.call, *std::move(input));
}

Task<StoredResponse> create_test_confirmation(Context& context) {
    if (context.caller.livemode)
        co_return Fail{Error{403, common::ErrorType::invalid_request, "",
                             "Test helpers exist in test mode only. Use a test mode key."}
                           .with_retry(false)};
    co_return co_await create_confirmation_token(context);
}

Task<StoredResponse> read_confirmation_token(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto token = store::require<ConfirmationToken>(work.tx, work.scope(), context.id);
        if (!token) return Fail{token.error()};
        return work.show(&*token);
    });
}

}  // namespace gateway::api
