#include "gateway/api/renderer.h"
#include "gateway/checkout/rules.h"

namespace gateway::api {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

value member_or_null(const object& of, std::string_view name) {
    const auto* found = of.if_contains(name);
    return found ? *found : value(nullptr);
}

// Every one of the members, null unless it was given.
value members_of(const object& given, std::initializer_list<std::string_view> names) {
    object result;
    for (const auto name : names)
        result[name] = member_or_null(given, name);
    return result;
}

value render_shopper(const CheckoutSession& session) {
    if (session.status != CheckoutStatus::complete || !session.shopper) return nullptr;
    const auto& shopper = *session.shopper;
    return object{
        {"address", shopper.address ? render_address(&*shopper.address) : value(nullptr)},
        {"business_name", nullptr},
        {"email", text_or_null(shopper.email)},
        {"individual_name", nullptr},
        {"name", text_or_null(shopper.name)},
        {"phone", text_or_null(shopper.phone)},
        {"tax_exempt", "none"},
        {"tax_ids", array{}},
    };
}

value render_collected(const CheckoutSession& session) {
    if (session.status != CheckoutStatus::complete || !session.shopper) return nullptr;
    value shipping(nullptr);
    if (const auto& given = session.shopper->shipping) {
        const auto* address = given->if_contains("address");
        shipping = object{{"address", render_address(address ? address->if_object() : nullptr)},
                          {"name", member_or_null(*given, "name")}};
    }
    return object{{"business_name", nullptr}, {"individual_name", nullptr}, {"shipping_details", shipping}};
}

value render_consent_collection(const CheckoutSession& session) {
    if (session.consent_collection.empty()) return nullptr;
    return members_of(session.consent_collection,
                      {"payment_method_reuse_agreement", "promotions", "terms_of_service"});
}

value render_consent(const CheckoutSession& session) {
    if (session.status != CheckoutStatus::complete || !session.shopper || session.consent_collection.empty())
        return nullptr;
    const auto& shopper = *session.shopper;
    return object{{"promotions", text_or_null(shopper.promotions)},
                  {"terms_of_service", shopper.accepted_terms ? value("accepted") : value(nullptr)}};
}

value render_method_options(const CheckoutSession& session) {
    object card{{"request_three_d_secure", "automatic"}};
    if (const auto* given = session.payment_method_options.if_contains("card"); given && given->is_object())
        for (const auto& option : given->get_object())
            card[option.key()] = option.value();
    return object{{"card", std::move(card)}};
}

value render_customer_creation(const CheckoutSession& session) {
    if (session.customer_creation) return value(*session.customer_creation);
    const bool decided = session.mode == CheckoutMode::setup || session.customer;
    return decided ? value(nullptr) : value("if_required");
}

std::string_view ui_mode_of(const Style& style) {
    return style.version.from("2026-03-25") ? "hosted_page" : "hosted";
}

value render_url(const CheckoutSession& session, const Style& style) {
    if (session.status != CheckoutStatus::open) return nullptr;
    return value(std::string{style.public_url} + "/c/pay/" + session.id);
}

object render_product(const CheckoutSession& session, const LineItem& item) {
    object product{
        {"id", item.product},
        {"object", "product"},
        {"active", false},
        {"created", session.created},
        {"description", text_or_null(item.description)},
        {"images", item.images},
        {"livemode", session.scope.livemode},
        {"marketing_features", array{}},
        {"metadata", item.product_metadata},
        {"name", item.name},
        {"package_dimensions", nullptr},
        {"shippable", nullptr},
        {"tax_details", nullptr},
        {"type", "service"},
        {"updated", session.created},
        {"url", nullptr},
    };
    if (item.unit_label) product["unit_label"] = *item.unit_label;
    return product;
}

object render_price(const CheckoutSession& session, const LineItem& item, bool product) {
    const auto whole = checkout::amount_of(item.unit_amount, 1);
    return {
        {"id", item.price},
        {"object", "price"},
        {"active", false},
        {"billing_scheme", "per_unit"},
        {"created", session.created},
        {"currency", session.currency.code()},
        {"custom_unit_amount", nullptr},
        {"livemode", session.scope.livemode},
        {"lookup_key", nullptr},
        {"metadata", object{}},
        {"nickname", nullptr},
        {"product", product ? value(render_product(session, item)) : value(item.product)},
        {"recurring", nullptr},
        {"tax_behavior", item.tax_behavior ? value(*item.tax_behavior) : value("unspecified")},
        {"tiers_mode", nullptr},
        {"transform_quantity", nullptr},
        {"type", "one_time"},
        {"unit_amount", json_or_null(whole)},
        {"unit_amount_decimal", item.unit_amount},
    };
}

}  // namespace

object render_line_item(const CheckoutSession& session, const LineItem& item, bool product) {
    value adjustable(nullptr);
    if (item.adjustable_quantity)
        adjustable = members_of(*item.adjustable_quantity, {"enabled", "maximum", "minimum"});
    return {
        {"id", item.id},
        {"object", "item"},
        {"adjustable_quantity", std::move(adjustable)},
        {"amount_discount", 0},
        {"amount_subtotal", item.amount},
        {"amount_tax", 0},
        {"amount_total", item.amount},
        {"currency", session.currency.code()},
        {"description", item.name},
        {"metadata", item.metadata},
        {"price", render_price(session, item, product)},
        {"quantity", item.quantity},
    };
}

object render_checkout_session(const CheckoutSession& session, const Style& style) {
    const bool sells = session.mode == CheckoutMode::payment;
    const auto total = sells ? value(session.amount_total) : value(nullptr);
    object result{
        {"id", session.id},
        {"object", "checkout.session"},
        {"adaptive_pricing", nullptr},
        {"after_expiration", nullptr},
        {"allow_promotion_codes", nullptr},
    };
    if (style.version.from("2026-09-30"))
        result["allowed_payment_method_types"] = json_or_null(session.allowed_payment_method_types);
    result["amount_subtotal"] = total;
    result["amount_total"] = total;
    result["automatic_tax"] =
        object{{"enabled", false}, {"liability", nullptr}, {"provider", nullptr}, {"status", nullptr}};
    result["billing_address_collection"] = text_or_null(session.billing_address_collection);
    result["cancel_url"] = text_or_null(session.cancel_url);
    result["client_reference_id"] = text_or_null(session.client_reference_id);
    result["client_secret"] = nullptr;
    result["collected_information"] = render_collected(session);
    result["consent"] = render_consent(session);
    result["consent_collection"] = render_consent_collection(session);
    result["created"] = session.created;
    result["currency"] = session.currency.code();
    result["currency_conversion"] = nullptr;
    result["custom_fields"] = array{};
    result["custom_text"] = members_of(
        session.custom_text, {"after_submit", "shipping_address", "submit", "terms_of_service_acceptance"});
    result["customer"] = text_or_null(session.customer);
    result["customer_account"] = nullptr;
    result["customer_creation"] = render_customer_creation(session);
    result["customer_details"] = render_shopper(session);
    result["customer_email"] = text_or_null(session.customer_email);
    result["discounts"] = array{};
    if (session.excluded_payment_method_types)
        result["excluded_payment_method_types"] = *session.excluded_payment_method_types;
    result["expires_at"] = session.expires_at;
    result["integration_identifier"] = nullptr;
    result["invoice"] = nullptr;
    result["invoice_creation"] = nullptr;
    result["livemode"] = session.scope.livemode;
    result["locale"] = text_or_null(session.locale);
    result["managed_payments"] = nullptr;
    result["metadata"] = session.metadata;
    result["mode"] = boost::describe::enum_to_string(session.mode, "");
    result["origin_context"] = nullptr;
    result["payment_intent"] = text_or_null(session.payment_intent);
    result["payment_link"] = nullptr;
    result["payment_method_collection"] = session.payment_method_collection
                                              ? value(*session.payment_method_collection)
                                              : value(sells ? "if_required" : "always");
    result["payment_method_configuration_details"] = nullptr;
    result["payment_method_options"] = render_method_options(session);
    result["payment_method_types"] = array{"card"};
    result["payment_status"] = boost::describe::enum_to_string(session.payment_status, "");
    result["permissions"] = nullptr;
    result["phone_number_collection"] = object{{"enabled", session.phone_number_collection}};
    result["recovered_from"] = nullptr;
    result["saved_payment_method_options"] = nullptr;
    result["setup_intent"] = text_or_null(session.setup_intent);
    result["shipping_address_collection"] = json_or_null(session.shipping_address_collection);
    result["shipping_cost"] = nullptr;
    result["shipping_options"] = array{};
    result["status"] = boost::describe::enum_to_string(session.status, "");
    result["submit_type"] = text_or_null(session.submit_type);
    result["subscription"] = nullptr;
    result["success_url"] = session.success_url;
    result["total_details"] =
        sells ? value(object{{"amount_discount", 0}, {"amount_shipping", 0}, {"amount_tax", 0}})
              : value(nullptr);
    result["ui_mode"] = ui_mode_of(style);
    result["url"] = render_url(session, style);
    result["wallet_options"] = nullptr;
    return result;
}

}  // namespace gateway::api
