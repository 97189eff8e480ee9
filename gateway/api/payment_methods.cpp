#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/payment_method_rules.h"

namespace gateway::api {
namespace {

BillingDetails billing_details(const Parameters& parameters) {
    BillingDetails details;
    const auto given = parameters.hash("billing_details");
    if (!given) return details;
    if (const auto address = given->json("address", billing_details_rules); address.is_object())
        details.address = address.get_object();
    details.email = given->text("email");
    details.name = given->text("name");
    details.phone = given->text("phone");
    details.tax_id = given->text("tax_id");
    return details;
}

// The vault says what is wrong with a month or year, but takes small numbers only.
std::int64_t expiry_part(const Parameters& card, std::string_view name) {
    return std::clamp<std::int64_t>(card.integer(name).value_or(0), -1, 9999);
}

}  // namespace

common::Result<NewPaymentMethod> new_payment_method(const Parameters& parameters, const Context& context) {
    const auto& caller = context.caller;
    if (caller.livemode && caller.kind != KeyKind::publishable && !caller.account.raw_card_data_live)
        return common::Fail{common::Error{403, common::ErrorType::invalid_request, "",
                                          "Sending card numbers with a secret key is not enabled for this "
                                          "account in live mode. Collect them with "
                                          "your publishable key."}
                                .with_retry(false)};
    NewPaymentMethod input;
    const auto card = parameters.hash("card");
    input.number = common::SecretText{card->raw("number")};
    input.cvc = common::SecretText{card->raw("cvc")};
    input.exp_month = expiry_part(*card, "exp_month");
    input.exp_year = expiry_part(*card, "exp_year");
    input.billing_details = billing_details(parameters);
    input.allow_redisplay = parameters.text("allow_redisplay").value_or("unspecified");
    input.metadata = parameters.metadata();
    if (const auto radar = parameters.hash("radar_options")) input.radar_session = radar->text("session");
    return input;
}

common::Task<StoredResponse> create_payment_method(Context& context) {
    auto input = new_payment_method(context.parameters(), context);
    if (!input) co_return common::Fail{input.error()};
    auto call = context.call;
    auto done = co_await context.backend->create_payment_method(std::move(call), *std::move(input));
    co_return done;
}

common::Task<StoredResponse> read_payment_method(Context& context) {
    auto found = co_await context.backend->find_payment_method(context.call.scope, context.id);
    if (!found) co_return common::Fail{found.error()};
    co_return context.renderer->payment_method(*found, context.call);
}

}  // namespace gateway::api
