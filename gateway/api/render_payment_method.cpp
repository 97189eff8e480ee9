#include "gateway/api/renderer.h"

namespace gateway::api {
namespace {

// The brand's name as shown to people, where it differs from the one that programs use.
std::string_view display_brand(std::string_view brand) {
    if (brand == "amex") return "american_express";
    if (brand == "diners") return "diners_club";
    if (brand == "unionpay") return "union_pay";
    if (brand == "unknown") return "other";
    return brand;
}

}  // namespace

boost::json::object render_card(const CardDetails& card, const Style& style) {
    boost::json::object result{
        {"brand", card.brand},
        {"checks", render_checks(card)},
        {"country", text_or_null(std::string_view{card.country})},
        {"display_brand", display_brand(card.brand)},
        {"exp_month", card.exp_month},
        {"exp_year", card.exp_year},
    };
    if (!style.publishable) result["fingerprint"] = card.fingerprint;
    result["funding"] = card.funding;
    result["generated_from"] = nullptr;
    result["last4"] = card.last4;
    result["networks"] =
        boost::json::object{{"available", boost::json::array{card.brand}}, {"preferred", nullptr}};
    result["regulated_status"] = nullptr;
    result["three_d_secure_usage"] = boost::json::object{{"supported", true}};
    result["wallet"] = nullptr;
    return result;
}

boost::json::value render_address(const boost::json::object* address) {
    boost::json::object result;
    for (const auto* name : {"city", "country", "line1", "line2", "postal_code", "state"}) {
        const auto* value = address ? address->if_contains(name) : nullptr;
        result[name] = value ? *value : boost::json::value(nullptr);
    }
    return result;
}

boost::json::value render_billing_details(const BillingDetails& details) {
    return boost::json::object{
        {"address", render_address(details.address ? &*details.address : nullptr)},
        {"email", text_or_null(details.email)},
        {"name", text_or_null(details.name)},
        {"phone", text_or_null(details.phone)},
        {"tax_id", text_or_null(details.tax_id)},
    };
}

boost::json::value render_shipping(const std::optional<boost::json::object>& shipping) {
    if (!shipping) return nullptr;
    const auto member = [&](std::string_view name) {
        const auto* value = shipping->if_contains({name.data(), name.size()});
        return value ? *value : boost::json::value(nullptr);
    };
    const auto* address = shipping->if_contains("address");
    return boost::json::object{
        {"address", render_address(address ? address->if_object() : nullptr)},
        {"carrier", member("carrier")},
        {"name", member("name")},
        {"phone", member("phone")},
        {"tracking_number", member("tracking_number")},
    };
}

boost::json::value render_checks(const CardDetails& card) {
    return boost::json::object{
        {"address_line1_check", text_or_null(card.address_line1_check)},
        {"address_postal_code_check", text_or_null(card.address_postal_code_check)},
        {"cvc_check", text_or_null(card.cvc_check)},
    };
}

boost::json::object render_payment_method(const PaymentMethod& method, const Style& style) {
    boost::json::object result{
        {"id", method.id},
        {"object", "payment_method"},
        {"allow_redisplay", method.allow_redisplay},
        {"billing_details", render_billing_details(method.billing_details)},
        {"card", render_card(method.card, style)},
        {"created", method.created},
        {"customer", text_or_null(method.customer)},
        {"customer_account", nullptr},
        {"livemode", method.scope.livemode},
        {"metadata", method.metadata},
        {"type", "card"},
    };
    if (method.radar_session)
        result["radar_options"] = boost::json::object{{"session", *method.radar_session}};
    return result;
}

}  // namespace gateway::api
