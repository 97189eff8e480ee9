// Parameters of Checkout Sessions.
#pragma once

#include "gateway/api/customer_rules.h"
#include "gateway/api/payment_intent_rules.h"

namespace gateway::api {

inline constexpr std::string_view checkout_modes[] = {"payment", "setup"};
inline constexpr std::string_view checkout_statuses[] = {"open", "complete", "expired"};
// Under their names before and since 2026-03-25; this gateway has the hosted page only.
inline constexpr std::string_view ui_modes[] = {"hosted_page", "hosted", "embedded_page", "embedded",
                                                "elements",    "custom", "form"};
inline constexpr std::string_view hosted_ui_modes[] = {"hosted_page", "hosted"};
inline constexpr std::string_view auto_or_required[] = {"auto", "required"};
inline constexpr std::string_view auto_or_none[] = {"auto", "none"};
inline constexpr std::string_view none_or_required[] = {"none", "required"};
inline constexpr std::string_view auto_or_hidden[] = {"auto", "hidden"};
inline constexpr std::string_view always_or_if_required[] = {"always", "if_required"};
inline constexpr std::string_view submit_types[] = {"auto", "book", "donate", "pay"};
inline constexpr std::string_view tax_behaviors[] = {"exclusive", "inclusive", "unspecified"};
inline constexpr std::string_view checkout_locales[] = {
    "auto",  "bg",    "cs",    "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil",   "fr",
    "fr-CA", "hi-IN", "hr",    "hu", "id", "it", "ja", "ko",    "lt", "lv",     "ms", "mt", "nb",    "nl",
    "pl",    "pt",    "pt-BR", "ro", "ru", "sk", "sl", "sv",    "th", "tr",     "vi", "zh", "zh-HK", "zh-TW"};

inline constexpr Rule product_data_rules[] = {
    text("description"),
    list("images"),
    metadata(),
    text("name").needed(),
    refuse("tax_code"),
    refuse("tax_details"),
    text("unit_label", 12).echoed(),
};
// Prices and products are made for the session: the gateway keeps no catalogue.
inline constexpr Rule price_data_rules[] = {
    text("currency").needed(),
    hash("product_data", product_data_rules).needed(),
    choice("tax_behavior", tax_behaviors).echoed(),
    integer("unit_amount"),
    text("unit_amount_decimal", 64),
    refuse("product"),
    refuse("recurring"),
};
inline constexpr Rule adjustable_quantity_rules[] = {boolean("enabled").needed(), integer("maximum"),
                                                     integer("minimum")};
inline constexpr Rule session_line_item_rules[] = {
    hash("adjustable_quantity", adjustable_quantity_rules).echoed(),
    metadata(),
    hash("price_data", price_data_rules).needed(),
    integer("quantity").needed(),
    refuse("dynamic_tax_rates"),
    refuse("price"),
    refuse("tax_rates"),
};

inline constexpr Rule session_payment_rules[] = {
    choice("capture_method", capture_methods),
    text("description", 1000),
    metadata(),
    email("receipt_email"),
    choice("setup_future_usage", future_usages),
    hash("shipping", shipping_rules),
    text("statement_descriptor", 22),
    text("statement_descriptor_suffix", 22),
    text("transfer_group").echoed(),
    refuse("application_fee_amount"),
    refuse("on_behalf_of"),
    refuse("transfer_data"),
};
inline constexpr Rule session_setup_rules[] = {text("description", 1000), metadata(), refuse("on_behalf_of")};
inline constexpr Rule session_card_rules[] = {
    choice("capture_method", manual_only),
    choice("request_extended_authorization", if_available).echoed(),
    choice("request_incremental_authorization", if_available).echoed(),
    choice("request_multicapture", if_available).echoed(),
    choice("request_overcapture", if_available).echoed(),
    choice("request_three_d_secure", three_d_secure_requests).echoed(),
    choice("setup_future_usage", future_usages),
    refuse("installments"),
    refuse("restrictions"),
    refuse("statement_descriptor_suffix_kana"),
    refuse("statement_descriptor_suffix_kanji"),
};
inline constexpr Rule session_method_options_rules[] = {hash("card", session_card_rules)};

inline constexpr Rule reuse_agreement_rules[] = {choice("position", auto_or_hidden).needed()};
inline constexpr Rule consent_rules[] = {
    hash("payment_method_reuse_agreement", reuse_agreement_rules),
    choice("promotions", auto_or_none),
    choice("terms_of_service", none_or_required),
};
inline constexpr Rule message_rules[] = {text("message", 1200).needed()};
inline constexpr Rule custom_text_rules[] = {
    hash("after_submit", message_rules).unset(),
    hash("shipping_address", message_rules).unset(),
    hash("submit", message_rules).unset(),
    hash("terms_of_service_acceptance", message_rules).unset(),
};
inline constexpr Rule phone_collection_rules[] = {boolean("enabled").needed()};
inline constexpr Rule shipping_collection_rules[] = {list("allowed_countries").needed()};

inline constexpr Rule create_session_rules[] = {
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    choice("billing_address_collection", auto_or_required),
    url("cancel_url"),
    text("client_reference_id", 200),
    hash("consent_collection", consent_rules),
    text("currency"),
    hash("custom_text", custom_text_rules),
    text("customer"),
    choice("customer_creation", always_or_if_required),
    email("customer_email"),
    list("excluded_payment_method_types", excludable_method_kinds).echoed(),
    integer("expires_at"),
    list_of("line_items", session_line_item_rules),
    choice("locale", checkout_locales).echoed(),
    metadata(),
    choice("mode", checkout_modes).needed(),
    hash("payment_intent_data", session_payment_rules),
    choice("payment_method_collection", always_or_if_required).echoed(),
    hash("payment_method_options", session_method_options_rules),
    hash("phone_number_collection", phone_collection_rules),
    hash("setup_intent_data", session_setup_rules),
    hash("shipping_address_collection", shipping_collection_rules),
    choice("submit_type", submit_types).echoed(),
    text("success_url").needed(),
    choice("ui_mode", ui_modes),
    list("expand"),
    refuse("adaptive_pricing"),
    refuse("after_expiration"),
    refuse("allow_promotion_codes"),
    refuse("automatic_tax"),
    refuse("branding_settings"),
    refuse("custom_fields"),
    refuse("customer_account"),
    refuse("customer_update"),
    refuse("discounts"),
    refuse("integration_identifier"),
    refuse("invoice_creation"),
    refuse("managed_payments"),
    refuse("name_collection"),
    refuse("optional_items"),
    refuse("origin_context"),
    refuse("payment_method_configuration"),
    refuse("payment_method_data"),
    refuse("permissions"),
    refuse("redirect_on_completion"),
    refuse("return_url"),
    refuse("saved_payment_method_options"),
    refuse("shipping_options"),
    refuse("subscription_data"),
    refuse("tax_id_collection"),
    refuse("wallet_options"),
};
// The rest could change on an embedded page only.
inline constexpr Rule update_session_rules[] = {
    metadata(),
    list("expand"),
    refuse("collected_information"),
    refuse("line_items"),
    refuse("payment_intent_data"),
    refuse("shipping_options"),
};

inline constexpr Rule session_shopper_rules[] = {text("email", 512).needed()};
inline constexpr Rule list_sessions_rules[] = {
    PORTCULLIS_LIST_RULES,      range("created"),
    text("customer"),           hash("customer_details", session_shopper_rules),
    text("payment_intent"),     choice("status", checkout_statuses),
    refuse("customer_account"), refuse("payment_link"),
    refuse("subscription")};
inline constexpr Rule list_line_items_rules[] = {PORTCULLIS_LIST_RULES};

}  // namespace gateway::api
