#include "gateway/api/renderer.h"
#include "gateway/merchants/ephemeral_keys.h"

namespace gateway::api {
namespace {

using boost::json::object;
using boost::json::value;

value member(const std::optional<object>& in, std::string_view name) {
    const auto* found = in ? in->if_contains(name) : nullptr;
    return found ? *found : value(nullptr);
}

// Nothing is checked before the first authorization.
value unchecked_if(bool given) {
    return given ? value("unchecked") : value(nullptr);
}

object render_token_card(const TokenCard& card, const Style& style) {
    const auto& address = card.holder.address;
    object result{
        {"id", card.id},
        {"object", "card"},
        {"address_city", member(address, "city")},
        {"address_country", member(address, "country")},
        {"address_line1", member(address, "line1")},
        {"address_line1_check", unchecked_if(member(address, "line1").is_string())},
        {"address_line2", member(address, "line2")},
        {"address_state", member(address, "state")},
        {"address_zip", member(address, "postal_code")},
        {"address_zip_check", unchecked_if(member(address, "postal_code").is_string())},
        {"brand", card.details.brand},
        {"country", text_or_null(std::string_view{card.details.country})},
        {"cvc_check", unchecked_if(card.has_cvc)},
        {"dynamic_last4", nullptr},
        {"exp_month", card.details.exp_month},
        {"exp_year", card.details.exp_year},
        {"funding", card.details.funding},
        {"last4", card.details.last4},
        {"metadata", object{}},
        {"name", text_or_null(card.holder.name)},
        {"networks", object{{"preferred", nullptr}}},
        {"regulated_status", nullptr},
        {"tokenization_method", nullptr},
    };
    if (card.currency) result["currency"] = *card.currency;
    if (card.customer) result["customer"] = *card.customer;
    if (!style.publishable) result["fingerprint"] = card.details.fingerprint;
    return result;
}

object render_preview(const PaymentMethod& method, const Style& style) {
    return {{"allow_redisplay", method.allow_redisplay},
            {"billing_details", render_billing_details(method.billing_details)},
            {"card", render_card(method.card, style)},
            {"customer", text_or_null(method.customer)},
            {"customer_account", nullptr},
            {"type", "card"}};
}

value render_token_shipping(const std::optional<object>& shipping) {
    if (!shipping) return nullptr;
    const auto* address = shipping->if_contains("address");
    return object{{"address", render_address(address ? address->if_object() : nullptr)},
                  {"name", member(shipping, "name")},
                  {"phone", member(shipping, "phone")}};
}

object render_mandate(const object& mandate) {
    const auto& acceptance = mandate.at("customer_acceptance").as_object();
    value online;
    if (const auto* given = acceptance.if_contains("online"); given && given->is_object())
        online = object{{"ip_address", member(given->get_object(), "ip_address")},
                        {"user_agent", member(given->get_object(), "user_agent")}};
    return {{"customer_acceptance", object{{"online", online}, {"type", acceptance.at("type")}}}};
}

value render_options(const object& options) {
    const auto* card = options.if_contains("card");
    if (!card || !card->is_object()) return nullptr;
    return object{{"card", object{{"cvc_token", member(card->get_object(), "cvc_token")}}}};
}

}  // namespace

object render_token(const Token& token, const Style& style) {
    object result{
        {"id", token.id},
        {"object", "token"},
        {"client_ip", text_or_null(std::string_view{token.client_ip})},
        {"created", token.created},
        {"livemode", token.scope.livemode},
        {"type", boost::describe::enum_to_string(token.type, "")},
        {"used", token.used},
    };
    if (token.card) result["card"] = render_token_card(*token.card, style);
    if (token.bank_account) result["bank_account"] = render_bank_account(*token.bank_account, style);
    return result;
}

object render_ephemeral_key(const EphemeralKey& key) {
    boost::json::array objects{object{{"id", key.customer}, {"type", "customer"}}};
    return {{"id", key.id},           {"object", "ephemeral_key"}, {"associated_objects", std::move(objects)},
            {"created", key.created}, {"expires", key.expires_at}, {"livemode", key.scope.livemode}};
}

object render_confirmation_token(const ConfirmationToken& token, const Style& style) {
    object result{
        {"id", token.id},
        {"object", "confirmation_token"},
        {"created", token.created},
        {"expires_at", token.expires_at()},
        {"livemode", token.scope.livemode},
        {"metadata", nullptr},
        {"payment_intent", text_or_null(token.payment_intent)},
        {"payment_method_options", render_options(token.payment_method_options)},
        {"payment_method_preview", render_preview(token.method, style)},
        {"return_url", text_or_null(token.return_url)},
        {"setup_future_usage", text_or_null(token.setup_future_usage)},
        {"setup_intent", text_or_null(token.setup_intent)},
        {"shipping", render_token_shipping(token.shipping)},
        {"use_stripe_sdk", token.use_stripe_sdk},
    };
    if (token.mandate_data) result["mandate_data"] = render_mandate(*token.mandate_data);
    return result;
}

}  // namespace gateway::api
