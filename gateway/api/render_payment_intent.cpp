#include <algorithm>

#include "gateway/api/renderer.h"

namespace gateway::api {
namespace {

using boost::json::object;
using boost::json::value;

value number_or_null(const std::optional<std::int64_t>& number) {
    return number ? value(*number) : value(nullptr);
}

value echoed(const PaymentIntent& intent, std::string_view name) {
    const auto* found = intent.echoed.if_contains({name.data(), name.size()});
    return found ? *found : value(nullptr);
}

// The defaults of the API, with what was given on top.
value render_method_options(const PaymentIntent& intent) {
    object card{{"installments", nullptr},
                {"mandate_options", nullptr},
                {"network", nullptr},
                {"request_three_d_secure", "automatic"}};
    if (const auto* given = intent.payment_method_options.if_contains("card"); given && given->is_object())
        for (const auto& option : given->get_object())
            if (!option.value().is_null()) card[option.key()] = option.value();
    return object{{"card", std::move(card)}};
}

value render_amount_details(const PaymentIntent& intent) {
    object result{{"tip", object{}}};
    const auto given = echoed(intent, "amount_details");
    if (!given.is_object()) return result;
    for (const auto* name : {"discount_amount", "shipping", "tax", "tip"}) {
        const auto* part = given.get_object().if_contains(name);
        if (part && !part->is_null()) result[name] = *part;
    }
    if (auto* shipping = result.if_contains("shipping"); shipping && shipping->is_object())
        for (const auto* name : {"amount", "from_postal_code", "to_postal_code"})
            shipping->get_object().emplace(name, nullptr);
    if (auto* tip = result.if_contains("tip"); tip && tip->is_object()) {
        const auto* amount = tip->get_object().if_contains("amount");
        if (amount && amount->is_null()) *tip = object{};
    }
    return result;
}

value render_payment_details(const value& given) {
    object result{{"customer_reference", nullptr}, {"order_reference", nullptr}};
    if (given.is_object())
        for (const auto& part : given.get_object())
            result[part.key()] = part.value();
    return result;
}

// What a browser may see of a payment.
object reduced(const PaymentIntent& intent, const PaymentMethod* declined, const Style& style) {
    return {
        {"id", intent.id},
        {"object", "payment_intent"},
        {"amount", intent.amount},
        {"automatic_payment_methods", json_or_null(intent.automatic_payment_methods)},
        {"canceled_at", number_or_null(intent.canceled_at)},
        {"cancellation_reason", text_or_null(intent.cancellation_reason)},
        {"capture_method", to_string(intent.capture_method)},
        {"client_secret", intent.client_secret},
        {"confirmation_method", intent.confirmation_method},
        {"created", intent.created},
        {"currency", intent.currency.code()},
        {"description", text_or_null(intent.description)},
        {"last_payment_error", render_last_error(intent.last_payment_error, declined, style)},
        {"livemode", intent.scope.livemode},
        {"next_action", nullptr},
        {"payment_method", text_or_null(intent.payment_method)},
        {"payment_method_types", boost::json::array{"card"}},
        {"processing", nullptr},
        {"receipt_email", text_or_null(intent.receipt_email)},
        {"setup_future_usage", text_or_null(intent.setup_future_usage)},
        {"shipping", render_shipping(intent.shipping)},
        {"status", to_string(intent.status)},
    };
}

}  // namespace

value render_last_error(const std::optional<PaymentError>& error, const PaymentMethod* declined,
                        const Style& style) {
    if (!error) return nullptr;
    object result{{"type", error->type}};
    const auto put = [&](boost::json::string_view name, const std::string& text) {
        if (!text.empty()) result[name] = text;
    };
    put("advice_code", error->advice_code);
    put("charge", error->charge);
    put("code", error->code);
    put("decline_code", error->decline_code);
    put("message", error->message);
    put("network_decline_code", error->network_decline_code);
    put("param", error->param);
    if (declined && declined->id == error->payment_method) {
        result["payment_method"] = render_payment_method(*declined, style);
        result["payment_method_type"] = "card";
    }
    return result;
}

object render_payment_intent(const PaymentIntent& intent, const PaymentMethod* declined, const Style& style) {
    if (style.publishable) return reduced(intent, declined, style);
    object result{
        {"id", intent.id},
        {"object", "payment_intent"},
        {"amount", intent.amount},
        {"amount_capturable", intent.amount_capturable},
        {"amount_details", render_amount_details(intent)},
        {"amount_received", intent.amount_received},
    };
    if (style.version.from("2026-07-29"))
        result["allowed_payment_method_types"] = json_or_null(intent.allowed_payment_method_types);
    result["application"] = nullptr;
    result["application_fee_amount"] = nullptr;
    result["automatic_payment_methods"] = json_or_null(intent.automatic_payment_methods);
    result["canceled_at"] = number_or_null(intent.canceled_at);
    result["cancellation_reason"] = text_or_null(intent.cancellation_reason);
    result["capture_method"] = to_string(intent.capture_method);
    result["client_secret"] = intent.client_secret;
    result["confirmation_method"] = intent.confirmation_method;
    result["created"] = intent.created;
    result["currency"] = intent.currency.code();
    result["customer"] = text_or_null(intent.customer);
    result["customer_account"] = nullptr;
    result["description"] = text_or_null(intent.description);
    result["excluded_payment_method_types"] = echoed(intent, "excluded_payment_method_types");
    result["last_payment_error"] = render_last_error(intent.last_payment_error, declined, style);
    result["latest_charge"] = text_or_null(intent.latest_charge);
    result["livemode"] = intent.scope.livemode;
    result["managed_payments"] = nullptr;
    result["metadata"] = intent.metadata;
    result["next_action"] = nullptr;
    result["on_behalf_of"] = nullptr;
    if (const auto details = echoed(intent, "payment_details"); !details.is_null())
        result["payment_details"] = render_payment_details(details);
    result["payment_method"] = text_or_null(intent.payment_method);
    result["payment_method_configuration_details"] = nullptr;
    result["payment_method_options"] = render_method_options(intent);
    result["payment_method_types"] = boost::json::array{"card"};
    if (style.version.from("2026-09-30")) result["payment_record"] = nullptr;
    result["processing"] = nullptr;
    result["receipt_email"] = text_or_null(intent.receipt_email);
    result["review"] = text_or_null(intent.review);
    result["setup_future_usage"] = text_or_null(intent.setup_future_usage);
    result["shipping"] = render_shipping(intent.shipping);
    result["source"] = nullptr;
    result["statement_descriptor"] = text_or_null(intent.statement_descriptor);
    result["statement_descriptor_suffix"] = text_or_null(intent.statement_descriptor_suffix);
    result["status"] = to_string(intent.status);
    result["transfer_data"] = nullptr;
    result["transfer_group"] = text_or_null(intent.transfer_group);
    return result;
}

}  // namespace gateway::api
