#include "common/money.h"
#include "gateway/api/handlers.h"
#include "gateway/api/intent_checks.h"
#include "gateway/api/lists.h"
#include "gateway/api/payment_intent_rules.h"
#include "gateway/payments/rules.h"
#include "gateway/store/payments.h"

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Status;

constexpr std::string_view confirm_only[] = {"confirmation_token", "error_on_requires_action", "mandate_data",
                                             "off_session", "return_url"};
constexpr std::string_view cvc_token_param = "payment_method_options[card][cvc_token]";

// What is said of the method, but for the token of a security code, which is used and not kept.
struct MethodOptions {
    boost::json::object kept;
    std::optional<std::string> cvc_token;
};
MethodOptions options_of(const Parameters& parameters, Rules rules) {
    MethodOptions options{
        object_of(parameters, "payment_method_options", rules).value_or(boost::json::object{}), {}};
    auto* card = options.kept.if_contains("card");
    auto* of_card = card ? card->if_object() : nullptr;
    const auto* token = of_card ? of_card->if_contains("cvc_token") : nullptr;
    if (!token) return options;
    if (token->is_string()) options.cvc_token = std::string{token->get_string()};
    of_card->erase("cvc_token");
    return options;
}

// A security code is not kept until somebody confirms.
Status check_no_code(const MethodOptions& options) {
    if (!options.cvc_token) return {};
    return Fail{Error::invalid("", cvc_token_param,
                               "The parameter `{}` can be passed only where a PaymentIntent is confirmed.",
                               {common::Safe::param(cvc_token_param)})};
}

// Those that are kept without effect; null where it was given empty.
boost::json::object echoed_of(const Parameters& parameters, Rules rules) {
    boost::json::object echoed;
    for (const auto* name : {"amount_details", "excluded_payment_method_types", "mandate_data",
                             "payment_details", "radar_options"})
        if (parameters.has(name)) echoed[name] = parameters.json(name, rules);
    return echoed;
}

bool merchant_initiated(const Parameters& parameters) {
    const auto value = parameters.raw("off_session");
    return !value.empty() && value != "false";
}

void put_capture_method(PaymentIntent& intent, const Parameters& parameters) {
    if (const auto method = parameters.text("capture_method"))
        intent.capture_method = capture_method_of(*method).value_or(CaptureMethod::automatic_async);
}

Result<PaymentIntent> read_intent(const Parameters& parameters, const Context& context) {
    const auto currency = check_currency(parameters.raw("currency"));
    if (!currency) return Fail{currency.error()};
    const auto amount = parameters.integer("amount").value_or(0);
    if (auto fine = rules::amount(amount, *currency); !fine) return Fail{fine.error()};
    if (auto fine = check_descriptors(parameters, context.caller.account.statement_descriptor); !fine)
        return Fail{fine.error()};

    PaymentIntent intent;
    intent.currency = *currency;
    intent.scope = context.call.scope;
    intent.amount = amount;
    put_capture_method(intent, parameters);
    put_method_choice(intent, parameters, create_intent_rules);
    intent.confirmation_method = parameters.text("confirmation_method").value_or("automatic");
    intent.customer = parameters.text("customer");
    intent.description = parameters.text("description");
    intent.payment_method = parameters.text("payment_method");
    intent.receipt_email = parameters.text("receipt_email");
    intent.return_url = parameters.text("return_url");
    intent.setup_future_usage = parameters.text("setup_future_usage");
    intent.statement_descriptor_suffix = parameters.text("statement_descriptor_suffix");
    intent.transfer_group = parameters.text("transfer_group");
    intent.metadata = parameters.metadata();
    intent.shipping = object_of(parameters, "shipping", create_intent_rules);
    merge(intent.payment_method_options, options_of(parameters, create_intent_rules).kept);
    intent.off_session = merchant_initiated(parameters);
    merge(intent.echoed, echoed_of(parameters, create_intent_rules));
    return intent;
}

Status check_create(const Parameters& parameters) {
    if (auto fine = at_most_one(parameters, {"allowed_payment_method_types", "automatic_payment_methods",
                                             "payment_method_types"});
        !fine)
        return fine;
    if (auto fine = at_most_one(parameters, {"payment_method", "payment_method_data"}); !fine) return fine;
    if (parameters.boolean("confirm").value_or(false)) return {};
    if (auto fine = check_no_code(options_of(parameters, create_intent_rules)); !fine) return fine;
    for (const auto name : confirm_only)
        if (parameters.has(name) && parameters.raw(name) != "false")
            return Fail{
                Error::invalid("", name,
                               "The parameter `{}` cannot be passed when creating a PaymentIntent unless "
                               "`confirm` is set to true.",
                               {common::Safe::param(name)})};
    return {};
}

// What is given here goes before what a confirmation token says.
ConfirmIntent confirmation(const Parameters& parameters, Rules rules) {
    ConfirmIntent confirm;
    confirm.confirmation_token = parameters.text("confirmation_token");
    confirm.receipt_email = parameters.text_change("receipt_email");
    confirm.setup_future_usage = parameters.text_change("setup_future_usage");
    confirm.shipping = parameters.object_change("shipping", rules);
    if (const auto method = parameters.text("capture_method"))
        confirm.capture_method = capture_method_of(*method);
    auto options = options_of(parameters, rules);
    confirm.payment_method_options = std::move(options.kept);
    confirm.cvc_token = std::move(options.cvc_token);
    confirm.echoed = echoed_of(parameters, rules);
    confirm.off_session = merchant_initiated(parameters);
    confirm.error_on_requires_action = parameters.boolean("error_on_requires_action").value_or(false);
    confirm.use_stripe_sdk = parameters.raw("use_stripe_sdk") == "true";
    confirm.return_url = parameters.text("return_url");
    return confirm;
}

Result<CreateIntent> read_create(const Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_create(parameters); !fine) return Fail{fine.error()};
    auto intent = read_intent(parameters, context);
    if (!intent) return Fail{intent.error()};
    CreateIntent input{*std::move(intent), {}, {}};
    if (const auto data = parameters.hash("payment_method_data")) {
        auto method = new_payment_method(*data, context, "payment_method_data");
        if (!method) return Fail{method.error()};
        input.payment_method_data = *std::move(method);
    }
    if (parameters.boolean("confirm").value_or(false))
        input.confirm = confirmation(parameters, create_intent_rules);
    return input;
}

Result<UpdateIntent> read_update(const Context& context) {
    const auto parameters = context.parameters();
    for (const auto exclusive : {std::pair{"allowed_payment_method_types", "payment_method_types"},
                                 {"payment_method", "payment_method_data"}})
        if (auto fine = at_most_one(parameters, {exclusive.first, exclusive.second}); !fine)
            return Fail{fine.error()};
    if (auto fine = check_descriptors(parameters, context.caller.account.statement_descriptor); !fine)
        return Fail{fine.error()};
    UpdateIntent input;
    input.amount = parameters.integer("amount");
    if (parameters.has("currency")) {
        const auto currency = check_currency(parameters.raw("currency"));
        if (!currency) return Fail{currency.error()};
        input.currency = *currency;
    }
    if (const auto method = parameters.text("capture_method"))
        input.capture_method = capture_method_of(*method);
    input.customer = parameters.text("customer");
    input.transfer_group = parameters.text("transfer_group");
    input.payment_method = parameters.text_change("payment_method");
    input.description = parameters.text_change("description");
    input.receipt_email = parameters.text_change("receipt_email");
    input.setup_future_usage = parameters.text_change("setup_future_usage");
    input.statement_descriptor_suffix = parameters.text_change("statement_descriptor_suffix");
    input.shipping = parameters.object_change("shipping", update_intent_rules);
    input.metadata = parameters.metadata_change();
    input.echoed = echoed_of(parameters, update_intent_rules);
    auto options = options_of(parameters, update_intent_rules);
    if (auto fine = check_no_code(options); !fine) return Fail{fine.error()};
    input.payment_method_options = std::move(options.kept);
    if (const auto data = parameters.hash("payment_method_data")) {
        auto method = new_payment_method(*data, context, "payment_method_data");
        if (!method) return Fail{method.error()};
        input.payment_method_data = *std::move(method);
    }
    return input;
}

// Only with a publishable key: what would decide on money or the second factor.
Status check_browser(const Parameters& parameters) {
    std::string_view found;
    for (const auto name : confirm_secret_only)
        if (parameters.has(name)) found = name;
    if (const auto radar = parameters.hash("radar_options"); radar && radar->has("referrer"))
        found = "radar_options[referrer]";
    const auto options = parameters.hash("payment_method_options");
    if (const auto card = options ? options->hash("card") : std::nullopt; card && card->has("capture_method"))
        found = "payment_method_options[card][capture_method]";
    if (found.empty()) return {};
    return Fail{Error::invalid("", found, "The parameter `{}` cannot be passed with a publishable API key.",
                               {common::Safe::param(found)})};
}

Result<ConfirmIntent> read_confirm(const Context& context) {
    const auto parameters = context.parameters();
    if (context.call.publishable)
        if (auto fine = check_browser(parameters); !fine) return Fail{fine.error()};
    if (auto fine = at_most_one(parameters, {"allowed_payment_method_types", "payment_method_types"}); !fine)
        return Fail{fine.error()};
    if (auto fine = at_most_one(parameters, {"payment_method", "payment_method_data"}); !fine)
        return Fail{fine.error()};
    auto confirm = confirmation(parameters, confirm_intent_rules);
    confirm.payment_method = parameters.text("payment_method");
    confirm.client_secret = parameters.text("client_secret");
    confirm.amount_to_confirm = parameters.integer("amount_to_confirm");
    if (const auto data = parameters.hash("payment_method_data")) {
        auto method = new_payment_method(*data, context, "payment_method_data");
        if (!method) return Fail{method.error()};
        confirm.payment_method_data = *std::move(method);
    }
    return confirm;
}

}  // namespace

common::Task<StoredResponse> create_payment_intent(Context& context) {
    auto input = read_create(context);
    if (!input) co_return Fail{input.error()};
    auto call = context.call;
    auto done = co_await context.backend->create_intent(std::move(call), *std::move(input));
    co_return done;
}

common::Task<StoredResponse> read_payment_intent(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<boost::json::object> {
        const auto found = payments::find(work.tx, work.scope(), context.id);
        if (!found) return Fail{found.error()};
        const auto given = context.parameters().text("client_secret");
        if (auto fine = rules::client_secret(found->intent, given, context.call.publishable); !fine)
            return Fail{fine.error()};
        return work.show(&*found);
    });
}

common::Task<StoredResponse> list_payment_intents(Context& context) {
    co_return co_await list_of<PaymentIntent>(context, filters_of(context.parameters(), {"customer"}));
}

common::Task<StoredResponse> update_payment_intent(Context& context) {
    auto input = read_update(context);
    if (!input) co_return Fail{input.error()};
    co_return co_await context.backend->update_intent(context.call, context.id, *std::move(input));
}

common::Task<StoredResponse> confirm_payment_intent(Context& context) {
    auto input = read_confirm(context);
    if (!input) co_return Fail{input.error()};
    auto call = context.call;
    auto done = co_await context.backend->confirm_intent(std::move(call), context.id, *std::move(input));
    co_return done;
}

common::Task<StoredResponse> capture_payment_intent(Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_descriptors(parameters, context.caller.account.statement_descriptor); !fine)
        co_return Fail{fine.error()};
    CaptureIntent input;
    input.amount_to_capture = parameters.integer("amount_to_capture");
    if (input.amount_to_capture)
        if (auto fine = check_positive(*input.amount_to_capture, "amount_to_capture"); !fine)
            co_return Fail{fine.error()};
    input.final_capture = parameters.boolean("final_capture").value_or(true);
    input.statement_descriptor_suffix = parameters.text("statement_descriptor_suffix");
    input.metadata = parameters.metadata_change();
    input.echoed = echoed_of(parameters, capture_intent_rules);
    auto call = context.call;
    auto done = co_await context.backend->capture_intent(std::move(call), context.id, std::move(input));
    co_return done;
}

common::Task<StoredResponse> increase_payment_intent(Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_descriptors(parameters, context.caller.account.statement_descriptor); !fine)
        co_return Fail{fine.error()};
    IncreaseIntent input;
    input.amount = parameters.integer("amount").value_or(0);
    if (auto fine = check_positive(input.amount, "amount"); !fine) co_return Fail{fine.error()};
    input.description = parameters.text("description");
    input.metadata = parameters.metadata_change();
    input.echoed = echoed_of(parameters, increase_intent_rules);
    co_return co_await context.backend->increase_intent(context.call, context.id, std::move(input));
}

common::Task<StoredResponse> cancel_payment_intent(Context& context) {
    CancelIntent input;
    input.cancellation_reason = context.parameters().text("cancellation_reason");
    auto call = context.call;
    auto done = co_await context.backend->cancel_intent(std::move(call), context.id, std::move(input));
    co_return done;
}

}  // namespace gateway::api
