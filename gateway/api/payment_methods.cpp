#include "gateway/customers/payment_methods.h"

#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/lists.h"
#include "gateway/api/payment_method_rules.h"
#include "gateway/api/shown.h"
#include "gateway/store/payments.h"

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

// "payment_method_data[card][number]"
std::string card_param(std::string_view within, std::string_view name) {
    const auto card = within.empty() ? std::string{"card"} : std::string{within}.append("[card]");
    return card + '[' + std::string{name} + ']';
}

// A token, or number and date; a token has its own.
common::Status check_card(const Parameters& card, std::string_view within) {
    const bool by_token = card.text("token").has_value();
    for (const auto* name : {"number", "exp_month", "exp_year", "cvc"}) {
        const auto param = card_param(within, name);
        if (by_token && card.has(name))
            return common::Fail{common::Error::invalid(
                "parameters_exclusive", param, "You may only specify one of these parameters: {}, {}.",
                {common::Safe::param(param), common::Safe::param(card_param(within, "token"))})};
        if (!by_token && !card.has(name) && std::string_view{name} != "cvc")
            return common::Fail{common::Error::invalid(
                "parameter_missing", param, "Missing required param: {}.", {common::Safe::param(param)})};
    }
    return {};
}

}  // namespace

common::Status may_send_card_data(const Context& context) {
    const auto& caller = context.caller;
    if (caller.livemode && caller.kind != KeyKind::publishable && !caller.account.raw_card_data_live)
        return common::Fail{common::Error{403, common::ErrorType::invalid_request, "",
                                          "Sending card numbers with a secret key is not enabled for this "
                                          "account in live mode. Collect them with "
                                          "your publishable key."}
                                .with_retry(false)};
    return {};
}

void put_card(NewPaymentMethod& input, const Parameters& card) {
    input.number = common::SecretText{card.raw("number")};
    input.cvc = common::SecretText{card.raw("cvc")};
    input.exp_month = expiry_part(card, "exp_month");
    input.exp_year = expiry_part(card, "exp_year");
}

common::Result<NewPaymentMethod> new_payment_method(const Parameters& parameters, const Context& context,
                                                    std::string_view within) {
    NewPaymentMethod input;
    const auto card = parameters.hash("card");
    input.token = card->text("token");
    if (auto fine = check_card(*card, within); !fine) return common::Fail{fine.error()};
    if (input.token) {
        input.token_param = card_param(within, "token");
    } else {
        if (auto fine = may_send_card_data(context); !fine) return common::Fail{fine.error()};
        put_card(input, *card);
    }
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
    co_return co_await context.read([&context](Work& work) {
        return shown(work, store::require<PaymentMethod>(work.tx, work.scope(), context.id));
    });
}

common::Task<StoredResponse> list_payment_methods(Context& context) {
    co_return co_await list_of<PaymentMethod>(context, filters_of(context.parameters(), {"customer"}));
}

common::Task<StoredResponse> update_payment_method(Context& context) {
    const auto parameters = context.parameters();
    PaymentMethodChanges changes;
    changes.metadata = parameters.metadata_change();
    changes.allow_redisplay = parameters.text("allow_redisplay");
    if (const auto details = parameters.hash("billing_details")) {
        changes.address = details->object_change("address", billing_details_rules);
        changes.email = details->text_change("email");
        changes.name = details->text_change("name");
        changes.phone = details->text_change("phone");
        changes.tax_id = details->text_change("tax_id");
    }
    co_return co_await context.change([&context, changes = std::move(changes)](Work& work) {
        return shown(work, customers::update_method(work, context.id, changes));
    });
}

common::Task<StoredResponse> attach_payment_method(Context& context) {
    auto customer = context.parameters().text("customer").value_or("");
    co_return co_await context.backend->attach_method(context.call, context.id, std::move(customer));
}

common::Task<StoredResponse> detach_payment_method(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, customers::detach_method(work, context.id)); });
}

}  // namespace gateway::api
