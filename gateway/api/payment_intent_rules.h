// Parameters of payment intents.
#pragma once

#include "gateway/api/payment_method_rules.h"

namespace gateway::api {

inline constexpr std::string_view capture_methods[] = {"automatic", "automatic_async", "manual"};
inline constexpr std::string_view manual_only[] = {"manual"};
inline constexpr std::string_view confirmation_methods[] = {"automatic", "manual"};
inline constexpr std::string_view off_session_choices[] = {"one_off", "recurring"};
inline constexpr std::string_view future_usages[] = {"off_session", "on_session"};
inline constexpr std::string_view card_future_usages[] = {"none", "off_session", "on_session"};
inline constexpr std::string_view if_available[] = {"if_available", "never"};
inline constexpr std::string_view three_d_secure_requests[] = {"any", "automatic", "challenge"};
inline constexpr std::string_view card_networks[] = {"amex",       "diners",   "discover", "jcb",
                                                     "mastercard", "unionpay", "visa",     "unknown"};
inline constexpr std::string_view redirects[] = {"always", "never"};
inline constexpr std::string_view cancellation_reasons[] = {"abandoned", "duplicate", "fraudulent",
                                                            "requested_by_customer"};
inline constexpr std::string_view acceptance_types[] = {"offline", "online"};

inline constexpr Rule automatic_methods_rules[] = {boolean("enabled").needed(),
                                                   choice("allow_redirects", redirects)};

// Refused are those that would shift liability or spread the money: results of a foreign authentication, mail
// order, instalments, mandates.
inline constexpr Rule card_options_rules[] = {
    choice("capture_method", manual_only).unset(),
    choice("network", card_networks).echoed(),
    choice("request_extended_authorization", if_available).echoed(),
    choice("request_incremental_authorization", if_available).echoed(),
    choice("request_multicapture", if_available).echoed(),
    choice("request_overcapture", if_available).echoed(),
    choice("request_three_d_secure", three_d_secure_requests).echoed(),
    boolean("require_cvc_recollection").echoed(),
    choice("setup_future_usage", card_future_usages).unset(),
    text("cvc_token"),  // where a payment is confirmed
    refuse("installments"),
    refuse("mandate_options"),
    refuse("moto"),
    refuse("three_d_secure"),
    refuse("setup_credential_usage"),
    refuse("stored_credential_usage"),
    refuse("statement_descriptor_suffix_kana"),
    refuse("statement_descriptor_suffix_kanji"),
};
inline constexpr Rule method_options_rules[] = {hash("card", card_options_rules).unset()};

inline constexpr Rule line_item_tax_rules[] = {integer("total_tax_amount").needed()};
inline constexpr Rule line_item_rules[] = {
    integer("discount_amount"),   text("product_code", 12),         text("product_name", 1024).needed(),
    integer("quantity").needed(), hash("tax", line_item_tax_rules), integer("unit_cost").needed(),
    text("unit_of_measure", 12),
};
inline constexpr Rule shipping_amount_rules[] = {
    integer("amount").unset(), text("from_postal_code", 10).unset(), text("to_postal_code", 10).unset()};
inline constexpr Rule tip_rules[] = {integer("amount").unset()};
inline constexpr Rule amount_details_rules[] = {
    integer("discount_amount").unset(),
    boolean("enforce_arithmetic_validation"),
    list_of("line_items", line_item_rules).unset(),
    hash("shipping", shipping_amount_rules).unset(),
    hash("tax", line_item_tax_rules).unset(),
    hash("tip", tip_rules).unset(),
};
inline constexpr Rule payment_details_rules[] = {text("customer_reference", 25).unset(),
                                                 text("order_reference", 25).unset()};
inline constexpr Rule online_rules[] = {text("ip_address"), text("user_agent")};
inline constexpr Rule acceptance_rules[] = {integer("accepted_at"), swallow("offline"),
                                            hash("online", online_rules),
                                            choice("type", acceptance_types).needed()};
inline constexpr Rule mandate_data_rules[] = {hash("customer_acceptance", acceptance_rules).needed()};
inline constexpr Rule intent_radar_rules[] = {text("session"), text("referrer").unset()};

inline constexpr Rule create_intent_rules[] = {
    integer("amount").needed(),
    text("currency").needed(),
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    hash("automatic_payment_methods", automatic_methods_rules),
    hash("amount_details", amount_details_rules).echoed(),
    choice("capture_method", capture_methods),
    boolean("confirm"),
    choice("confirmation_method", confirmation_methods),
    text("confirmation_token"),
    text("customer"),
    text("description", 1000).unset(),
    boolean("error_on_requires_action"),
    list("excluded_payment_method_types", excludable_method_kinds).echoed(),
    hash("mandate_data", mandate_data_rules).unset().echoed(),
    metadata(),
    flag_or_choice("off_session", off_session_choices),
    hash("payment_details", payment_details_rules).echoed(),
    text("payment_method"),
    hash("payment_method_data", payment_method_data_rules),
    hash("payment_method_options", method_options_rules),
    hash("radar_options", intent_radar_rules).echoed(),
    email("receipt_email").unset(),
    url("return_url"),
    choice("setup_future_usage", future_usages),
    hash("shipping", shipping_rules),
    text("statement_descriptor", 22).unset(),
    text("statement_descriptor_suffix", 22).unset(),
    text("transfer_group").echoed(),
    boolean("use_stripe_sdk"),
    list("expand"),
    refuse("application_fee_amount"),
    refuse("customer_account"),
    refuse("hooks"),
    refuse("mandate"),
    refuse("on_behalf_of"),
    refuse("payment_method_configuration"),
    refuse("transfer_data"),
};

inline constexpr Rule update_intent_rules[] = {
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    integer("amount"),
    hash("amount_details", amount_details_rules).unset().echoed(),
    choice("capture_method", capture_methods),
    text("currency"),
    text("customer"),
    text("description", 1000).unset(),
    list("excluded_payment_method_types", excludable_method_kinds).unset().echoed(),
    metadata(),
    hash("payment_details", payment_details_rules).unset().echoed(),
    text("payment_method").unset(),
    hash("payment_method_data", payment_method_data_rules),
    hash("payment_method_options", method_options_rules),
    email("receipt_email").unset(),
    choice("setup_future_usage", future_usages).unset(),
    hash("shipping", shipping_rules).unset(),
    text("statement_descriptor", 22).unset(),
    text("statement_descriptor_suffix", 22).unset(),
    text("transfer_group").echoed(),
    list("expand"),
    refuse("application_fee_amount"),
    refuse("customer_account"),
    refuse("hooks"),
    refuse("payment_method_configuration"),
    refuse("transfer_data"),
};

inline constexpr Rule confirm_intent_rules[] = {
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    integer("amount_to_confirm"),
    choice("capture_method", capture_methods),
    text("client_secret"),
    text("confirmation_token"),
    boolean("error_on_requires_action"),
    hash("mandate_data", mandate_data_rules).unset().echoed(),
    flag_or_choice("off_session", off_session_choices),
    text("payment_method"),
    hash("payment_method_data", payment_method_data_rules),
    hash("payment_method_options", method_options_rules),
    hash("radar_options", intent_radar_rules).echoed(),
    email("receipt_email").unset(),
    url("return_url"),
    choice("setup_future_usage", future_usages).unset(),
    hash("shipping", shipping_rules).unset(),
    boolean("use_stripe_sdk"),
    list("expand"),
    hash("amount_details", amount_details_rules).unset().echoed(),
    hash("payment_details", payment_details_rules).unset().echoed(),
    list("excluded_payment_method_types", excludable_method_kinds).unset().echoed(),
    refuse("hooks"),
    refuse("mandate"),
};

inline constexpr Rule increase_intent_rules[] = {
    integer("amount").needed(),
    text("description", 1000),
    metadata(),
    text("statement_descriptor", 22).unset(),
    list("expand"),
    hash("amount_details", amount_details_rules).unset().echoed(),
    hash("payment_details", payment_details_rules).unset().echoed(),
    refuse("application_fee_amount"),
    refuse("hooks"),
    refuse("transfer_data"),
};
inline constexpr Rule capture_intent_rules[] = {
    integer("amount_to_capture"),
    boolean("final_capture"),
    metadata(),
    text("statement_descriptor_suffix", 22).unset(),
    text("statement_descriptor", 22).unset(),
    list("expand"),
    hash("amount_details", amount_details_rules).unset().echoed(),
    hash("payment_details", payment_details_rules).unset().echoed(),
    refuse("application_fee_amount"),
    refuse("hooks"),
    refuse("transfer_data"),
};

inline constexpr Rule cancel_intent_rules[] = {choice("cancellation_reason", cancellation_reasons),
                                               list("expand")};

inline constexpr Rule read_intent_rules[] = {text("client_secret"), list("expand")};

// What a publishable key may not say at confirmation: it would decide on money, on the second factor, or on
// what the merchant calls the order.
inline constexpr std::string_view confirm_secret_only[] = {"off_session",       "error_on_requires_action",
                                                           "amount_to_confirm", "amount_details",
                                                           "capture_method",    "payment_details"};

}  // namespace gateway::api
