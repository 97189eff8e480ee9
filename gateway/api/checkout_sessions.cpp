#include "gateway/store/checkout_sessions.h"

#include <algorithm>

#include "gateway/api/checkout_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/api/intent_checks.h"
#include "gateway/api/lists.h"
#include "gateway/api/shown.h"
#include "gateway/checkout/checkout.h"
#include "gateway/checkout/rules.h"
#include "gateway/no_such.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using common::Task;

constexpr std::string_view placeholder = "{CHECKOUT_SESSION_ID}";
constexpr std::size_t images_max = 8;

// Empty unless it is a hash.
object hash_of(const Parameters& parameters, std::string_view name, Rules rules) {
    return object_of(parameters, name, rules).value_or(object{});
}

std::optional<boost::json::array> array_of(const Parameters& parameters, std::string_view name, Rules rules) {
    auto value = parameters.json(name, rules);
    return value.is_array() ? std::optional{std::move(value.get_array())} : std::nullopt;
}

// The id of the session will stand where its placeholder is.
Status check_success_url(std::string_view text) {
    std::string url{text};
    for (auto at = url.find(placeholder); at != url.npos; at = url.find(placeholder, at))
        url.replace(at, placeholder.size(), "cs");
    return check_url(url, "success_url");
}

Error missing(std::string_view param) {
    return Error::invalid("parameter_missing", param, "Missing required param: {}.", {Safe::param(param)});
}

Error only_in(common::Text mode, std::string_view param) {
    return Error::invalid("", param, "You can not pass `{}` in `{}` mode.",
                          {Safe::param(param), Safe::word(mode)});
}

// — line items —

Status check_images(const boost::json::array& images, const std::string& name) {
    if (images.size() > images_max)
        return Fail{Error::invalid("", name, "A product can have up to {} images.",
                                   {Safe::number(static_cast<std::int64_t>(images_max))})};
    for (const auto& image : images)
        if (auto fine = check_url(image.as_string(), name); !fine) return fine;
    return {};
}

Result<std::string> unit_amount_of(const Parameters& price, const std::string& at) {
    const auto whole = price.integer("unit_amount");
    const auto decimal = price.text("unit_amount_decimal");
    if (whole && decimal)
        return Fail{Error::invalid("parameters_exclusive", at + "[unit_amount]",
                                   "You may only specify one of these parameters: unit_amount, "
                                   "unit_amount_decimal.")};
    if (!whole && !decimal) return Fail{missing(at + "[unit_amount]")};
    if (!whole) return *decimal;
    if (*whole < 0)
        return Fail{Error::invalid("parameter_invalid_integer", at + "[unit_amount]",
                                   "Invalid non-negative integer: {}.", {Safe::number(*whole)})};
    return std::to_string(*whole);
}

Result<LineItem> read_line_item(const Parameters& parameters, const std::string& at) {
    const auto price = *parameters.hash("price_data");
    const auto product = *price.hash("product_data");
    const auto at_price = at + "[price_data]";
    auto unit_amount = unit_amount_of(price, at_price);
    if (!unit_amount) return Fail{unit_amount.error()};
    LineItem item;
    item.unit_amount = *std::move(unit_amount);
    item.quantity = *parameters.integer("quantity");
    item.metadata = parameters.metadata();
    item.tax_behavior = price.text("tax_behavior");
    if (parameters.has("adjustable_quantity"))
        item.adjustable_quantity = hash_of(parameters, "adjustable_quantity", session_line_item_rules);
    item.name = *product.text("name");
    item.description = product.text("description");
    item.unit_label = product.text("unit_label");
    item.product_metadata = product.metadata();
    item.images = array_of(product, "images", product_data_rules).value_or(boost::json::array{});
    if (auto fine = check_images(item.images, at_price + "[product_data][images]"); !fine)
        return Fail{fine.error()};
    return item;
}

// All in one currency, which is the session's.
Status put_line_items(CheckoutSession& session, const Parameters& parameters) {
    std::optional<common::Currency> currency;
    const auto items = parameters.hashes("line_items");
    if (items.empty()) return Fail{missing("line_items")};
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto at = "line_items[" + std::to_string(i) + "]";
        auto item = read_line_item(items[i], at);
        if (!item) return Fail{item.error()};
        const auto at_currency = at + "[price_data][currency]";
        auto of_item = check_currency(items[i].hash("price_data")->raw("currency"));
        if (!of_item) return Fail{std::move(of_item).error().with_param(at_currency)};
        if (currency && *currency != *of_item)
            return Fail{Error::invalid("", at_currency, "All line items must have the same currency ({}).",
                                       {Safe::id(currency->code())})};
        currency = *of_item;
        session.line_items.push_back(*std::move(item));
    }
    session.currency = *currency;
    return checkout::put_totals(session);
}

// — what the session is for —

Status put_payment(CheckoutSession& session, const Parameters& parameters, const Account& account) {
    if (parameters.has("setup_intent_data")) return Fail{only_in("payment", "setup_intent_data")};
    if (auto fine = put_line_items(session, parameters); !fine) return fine;
    if (const auto code = parameters.raw("currency"); !code.empty()) {
        const auto currency = check_currency(code);
        if (!currency) return Fail{currency.error()};
        if (*currency != session.currency)
            return Fail{Error::invalid("", "currency", "The line items have another currency ({}).",
                                       {Safe::id(session.currency.code())})};
    }
    const auto data = parameters.hash("payment_intent_data");
    if (!data) return {};
    if (auto fine = check_descriptors(*data, account.statement_descriptor); !fine) {
        const auto name = "payment_intent_data[" + fine.error().param() + "]";
        return Fail{std::move(fine).error().with_param(name)};
    }
    auto& intent = session.payment_intent_data;
    if (const auto method = data->text("capture_method"))
        intent.capture_method = capture_method_of(*method).value();
    intent.description = data->text("description");
    intent.receipt_email = data->text("receipt_email");
    intent.setup_future_usage = data->text("setup_future_usage");
    intent.statement_descriptor_suffix = data->text("statement_descriptor_suffix");
    intent.transfer_group = data->text("transfer_group");
    intent.metadata = data->metadata();
    if (data->has("shipping")) intent.shipping = hash_of(*data, "shipping", session_payment_rules);
    return {};
}

Status put_setup(CheckoutSession& session, const Parameters& parameters) {
    for (const auto* name : {"line_items", "payment_intent_data", "submit_type"})
        if (parameters.has(name)) return Fail{only_in("setup", name)};
    if (!parameters.has("currency")) return Fail{missing("currency")};
    const auto currency = check_currency(parameters.raw("currency"));
    if (!currency) return Fail{currency.error()};
    session.currency = *currency;
    const auto data = parameters.hash("setup_intent_data");
    if (!data) return {};
    if (auto description = data->text("description")) session.setup_intent_data["description"] = *description;
    session.setup_intent_data["metadata"] = data->metadata();
    return {};
}

// — the page —

Status put_shipping_collection(CheckoutSession& session, const Parameters& parameters) {
    if (!parameters.has("shipping_address_collection")) return {};
    auto given = hash_of(parameters, "shipping_address_collection", create_session_rules);
    const auto is_country = [](const boost::json::value& code) {
        const auto& text = code.as_string();
        return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
    };
    const auto& countries = given.at("allowed_countries").as_array();
    if (!std::ranges::all_of(countries, is_country))
        return Fail{Error::invalid("", "shipping_address_collection[allowed_countries]",
                                   "Invalid country: it must be a code of two capital letters (ISO 3166).")};
    session.shipping_address_collection = std::move(given);
    return {};
}

Status put_texts(CheckoutSession& session, const Parameters& parameters) {
    session.consent_collection = hash_of(parameters, "consent_collection", create_session_rules);
    session.custom_text = hash_of(parameters, "custom_text", create_session_rules);
    const auto* acceptance = session.custom_text.if_contains("terms_of_service_acceptance");
    const auto* terms = session.consent_collection.if_contains("terms_of_service");
    if (acceptance && acceptance->is_object() && (!terms || *terms != "required"))
        return Fail{Error::invalid("", "custom_text[terms_of_service_acceptance]",
                                   "It is shown only where consent_collection[terms_of_service] is "
                                   "`required`.")};
    return {};
}

Status check_ui_mode(const Parameters& parameters) {
    const auto wanted = parameters.raw("ui_mode");
    if (wanted.empty() || std::ranges::find(hosted_ui_modes, wanted) != std::end(hosted_ui_modes)) return {};
    return Fail{Error::invalid(
        "", "ui_mode", "The ui_mode {} is not supported by this gateway: it has the hosted page only.",
        {Safe::param(wanted)})};
}

Status check_create(const Parameters& parameters) {
    if (auto fine = check_ui_mode(parameters); !fine) return fine;
    if (auto fine = check_success_url(parameters.raw("success_url")); !fine) return fine;
    if (auto fine = at_most_one(parameters, {"allowed_payment_method_types", "payment_method_types"}); !fine)
        return fine;
    if (auto fine = at_most_one(parameters, {"customer", "customer_email"}); !fine) return fine;
    return at_most_one(parameters, {"customer", "customer_creation"});
}

Result<CheckoutSession> read_session(const Context& context) {
    const auto parameters = context.parameters();
    if (auto fine = check_create(parameters); !fine) return Fail{fine.error()};
    CheckoutSession session;
    session.mode = parameters.raw("mode") == "setup" ? CheckoutMode::setup : CheckoutMode::payment;
    auto fine = session.mode == CheckoutMode::setup
                    ? put_setup(session, parameters)
                    : put_payment(session, parameters, context.caller.account);
    if (fine) fine = put_shipping_collection(session, parameters);
    if (fine) fine = put_texts(session, parameters);
    if (!fine) return Fail{fine.error()};
    session.success_url = parameters.raw("success_url");
    session.cancel_url = parameters.text("cancel_url");
    session.client_reference_id = parameters.text("client_reference_id");
    session.customer = parameters.text("customer");
    session.customer_email = parameters.text("customer_email");
    session.customer_creation = parameters.text("customer_creation");
    session.billing_address_collection = parameters.text("billing_address_collection");
    session.locale = parameters.text("locale");
    session.payment_method_collection = parameters.text("payment_method_collection");
    session.submit_type = parameters.text("submit_type");
    session.payment_method_options = hash_of(parameters, "payment_method_options", create_session_rules);
    session.allowed_payment_method_types =
        array_of(parameters, "allowed_payment_method_types", create_session_rules);
    session.excluded_payment_method_types =
        array_of(parameters, "excluded_payment_method_types", create_session_rules);
    if (const auto phone = parameters.hash("phone_number_collection"))
        session.phone_number_collection = phone->boolean("enabled").value_or(false);
    session.metadata = parameters.metadata();
    return session;
}

// The page of a list that is held as a whole: [from, to).
struct Slice {
    std::size_t from = 0, to = 0;
};

Result<Slice> slice_of(const std::vector<LineItem>& items, const ListQuery& query, const Scope& scope) {
    const auto limit = static_cast<std::size_t>(query.limit);
    const auto& cursor = query.starting_after.empty() ? query.ending_before : query.starting_after;
    if (cursor.empty()) return Slice{0, std::min(limit, items.size())};
    const auto found = std::ranges::find(items, cursor, &LineItem::id);
    if (found == items.end())
        return Fail{gateway::no_such("line item", cursor, scope, false,
                                     query.starting_after.empty() ? "ending_before" : "starting_after")};
    const auto at = static_cast<std::size_t>(found - items.begin());
    if (query.starting_after.empty()) return Slice{at - std::min(limit, at), at};
    return Slice{at + 1, std::min(at + 1 + limit, items.size())};
}

}  // namespace

Task<StoredResponse> create_checkout_session(Context& context) {
    auto session = read_session(context);
    if (!session) co_return Fail{session.error()};
    const auto expires_at = context.parameters().integer("expires_at");
    co_return co_await context.change([wanted = *std::move(session), expires_at](Work& work) {
        return shown(work, checkout::create(work, wanted, expires_at));
    });
}

Task<StoredResponse> read_checkout_session(Context& context) {
    co_return co_await context.read([&context](Work& work) {
        return shown(work, store::require<CheckoutSession>(work.tx, work.scope(), context.id));
    });
}

Task<StoredResponse> update_checkout_session(Context& context) {
    co_return co_await context.change(
        [&context, metadata = context.parameters().metadata_change()](Work& work) {
            return shown(work, checkout::update(work, context.id, metadata));
        });
}

Task<StoredResponse> expire_checkout_session(Context& context) {
    co_return co_await context.change(
        [&context](Work& work) { return shown(work, checkout::expire(work, context.id)); });
}

Task<StoredResponse> list_checkout_sessions(Context& context) {
    const auto parameters = context.parameters();
    auto filters = filters_of(parameters, {"customer", "payment_intent", "status"});
    if (const auto shopper = parameters.hash("customer_details"))
        filters.emplace_back("email", shopper->text("email").value_or(""));
    co_return co_await list_of<CheckoutSession>(context, std::move(filters));
}

Task<StoredResponse> list_line_items(Context& context) {
    const auto query = list_query(context.parameters());
    if (!query) co_return Fail{query.error()};
    co_return co_await context.read([&context, &query](Work& work) -> Result<object> {
        const auto session = store::require<CheckoutSession>(work.tx, work.scope(), context.id);
        if (!session) return Fail{session.error()};
        const auto& items = session->line_items;
        const auto slice = slice_of(items, *query, work.scope());
        if (!slice) return Fail{slice.error()};
        const Expansion wanted{context.call.expand};
        const auto* elements = wanted.find("data");
        const bool product = elements != nullptr && wants_product(*elements);
        boost::json::array data;
        for (auto i = slice->from; i < slice->to; ++i)
            data.push_back(render_line_item(*session, items[i], product));
        const bool backwards = !query->ending_before.empty();
        return object{{"object", "list"},
                      {"data", std::move(data)},
                      {"has_more", backwards ? slice->from > 0 : slice->to < items.size()},
                      {"url", context.path}};
    });
}

}  // namespace gateway::api
