#include "gateway/api/handlers.h"
#include "gateway/api/intent_checks.h"
#include "gateway/api/lists.h"
#include "gateway/api/setup_intent_rules.h"
#include "gateway/setups/rules.h"
#include "gateway/store/setups.h"

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Status;

constexpr std::string_view confirm_only[] = {"confirmation_token", "mandate_data", "return_url"};

// Those that are kept without effect; null where it was given empty.
boost::json::object echoed_of(const Parameters& parameters, Rules rules) {
    boost::json::object echoed;
    for (const auto* name : {"excluded_payment_method_types", "mandate_data"})
        if (parameters.has(name)) echoed[name] = parameters.json(name, rules);
    return echoed;
}

std::optional<boost::json::array> allowed_of(const Parameters& parameters, Rules rules) {
    if (parameters.list_size("allowed_payment_method_types") == 0) return std::nullopt;
    return parameters.json("allowed_payment_method_types", rules).get_array();
}

Result<std::optional<NewPaymentMethod>> method_data(const Context& context) {
    const auto data = context.parameters().hash("payment_method_data");
    if (!data) return std::nullopt;
    auto method = new_payment_method(*data, context, "payment_method_data");
    if (!method) return Fail{method.error()};
    return *std::move(method);
}

Status check_choices(const Parameters& parameters) {
    if (auto fine = at_most_one(parameters, {"allowed_payment_method_types", "automatic_payment_methods",
                                             "payment_method_types"});
        !fine)
        return fine;
    return at_most_one(parameters, {"payment_method", "payment_method_data"});
}

Status check_create(const Parameters& parameters) {
    if (auto fine = check_choices(parameters); !fine) return fine;
    if (parameters.boolean("confirm").value_or(false)) return {};
    for (const auto name : confirm_only)
        if (parameters.has(name))
            return Fail{Error::invalid("", name,
                                       "The parameter `{}` cannot be passed when creating a SetupIntent "
                                       "unless `confirm` is set to true.",
                                       {common::Safe::param(name)})};
    return {};
}

SetupIntent read_intent(const Parameters& parameters) {
    SetupIntent intent;
    put_method_choice(intent, parameters, create_setup_rules);
    intent.customer = parameters.text("customer");
    intent.description = parameters.text("description");
    intent.metadata = parameters.metadata();
    intent.payment_method = parameters.text("payment_method");
    intent.return_url = parameters.text("return_url");
    intent.usage = parameters.text("usage").value_or("off_session");
    if (const auto options = object_of(parameters, "payment_method_options", create_setup_rules))
        merge(intent.payment_method_options, *options);
    merge(intent.echoed, echoed_of(parameters, create_setup_rules));
    return intent;
}

// What is given here goes before what a confirmation token says.
ConfirmSetup confirmation(const Parameters& parameters, Rules rules) {
    ConfirmSetup confirm;
    confirm.confirmation_token = parameters.text("confirmation_token");
    confirm.payment_method = parameters.text("payment_method");
    confirm.return_url = parameters.text("return_url");
    confirm.echoed = echoed_of(parameters, rules);
    if (auto options = object_of(parameters, "payment_method_options", rules))
        confirm.payment_method_options = *std::move(options);
    return confirm;
}

Result<CreateSetup> read_create(const Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_create(parameters); !fine) return Fail{fine.error()};
    auto data = method_data(context);
    if (!data) return Fail{data.error()};
    CreateSetup input{read_intent(parameters), *std::move(data), {}};
    if (parameters.boolean("confirm").value_or(false))
        input.confirm = confirmation(parameters, create_setup_rules);
    return input;
}

Result<UpdateSetup> read_update(const Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_choices(parameters); !fine) return Fail{fine.error()};
    auto data = method_data(context);
    if (!data) return Fail{data.error()};
    UpdateSetup input;
    input.payment_method_data = *std::move(data);
    input.allowed_payment_method_types = allowed_of(parameters, update_setup_rules);
    input.customer = parameters.text("customer");
    input.payment_method = parameters.text_change("payment_method");
    input.description = parameters.text_change("description");
    input.metadata = parameters.metadata_change();
    input.echoed = echoed_of(parameters, update_setup_rules);
    if (auto options = object_of(parameters, "payment_method_options", update_setup_rules))
        input.payment_method_options = *std::move(options);
    return input;
}

Result<ConfirmSetup> read_confirm(const Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_choices(parameters); !fine) return Fail{fine.error()};
    auto data = method_data(context);
    if (!data) return Fail{data.error()};
    auto input = confirmation(parameters, confirm_setup_rules);
    input.payment_method_data = *std::move(data);
    input.allowed_payment_method_types = allowed_of(parameters, confirm_setup_rules);
    input.client_secret = parameters.text("client_secret");
    return input;
}

}  // namespace

common::Task<StoredResponse> create_setup_intent(Context& context) {
    auto input = read_create(context);
    if (!input) co_return Fail{input.error()};
    co_return co_await context.backend->create_setup(context.call, *std::move(input));
}

common::Task<StoredResponse> read_setup_intent(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<boost::json::object> {
        const auto found = setups::find(work.tx, work.scope(), context.id);
        if (!found) return Fail{found.error()};
        const auto given = context.parameters().text("client_secret");
        if (auto fine = rules::client_secret(found->intent, given, context.call.publishable); !fine)
            return Fail{fine.error()};
        return work.show(&*found);
    });
}

common::Task<StoredResponse> list_setup_intents(Context& context) {
    co_return co_await list_of<SetupIntent>(context,
                                            filters_of(context.parameters(), {"customer", "payment_method"}));
}

common::Task<StoredResponse> update_setup_intent(Context& context) {
    auto input = read_update(context);
    if (!input) co_return Fail{input.error()};
    co_return co_await context.backend->update_setup(context.call, context.id, *std::move(input));
}

common::Task<StoredResponse> confirm_setup_intent(Context& context) {
    auto input = read_confirm(context);
    if (!input) co_return Fail{input.error()};
    co_return co_await context.backend->confirm_setup(context.call, context.id, *std::move(input));
}

common::Task<StoredResponse> cancel_setup_intent(Context& context) {
    CancelIntent input;
    input.cancellation_reason = context.parameters().text("cancellation_reason");
    co_return co_await context.backend->cancel_setup(context.call, context.id, std::move(input));
}

common::Task<StoredResponse> list_setup_attempts(Context& context) {
    auto query = list_query(context.parameters());
    if (!query) co_return Fail{query.error()};
    query->equal = filters_of(context.parameters(), {"setup_intent"});
    co_return co_await context.read([&context, &query](Work& work) -> Result<boost::json::object> {
        const auto& id = query->equal.front().second;
        if (auto found = store::require<SetupIntent>(work.tx, work.scope(), id, "setup_intent"); !found)
            return Fail{found.error()};
        const auto page = store::list<SetupAttempt>(work.tx, work.scope(), *query);
        if (!page) return Fail{page.error()};
        return envelope(work, *page, context.path);
    });
}

}  // namespace gateway::api
