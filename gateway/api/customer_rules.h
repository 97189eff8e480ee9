// Parameters of customers and of their payment methods, charges and lists.
#pragma once

#include "gateway/api/lists.h"
#include "gateway/api/payment_method_rules.h"

namespace gateway::api {

inline constexpr std::string_view tax_exempt_choices[] = {"exempt", "none", "reverse"};

inline constexpr Rule customer_shipping_rules[] = {hash("address", address_rules).needed(),
                                                   text("name").needed(), text("phone", 20).unset()};
inline constexpr Rule invoice_settings_rules[] = {text("default_payment_method").unset(),
                                                  refuse("custom_fields"), refuse("footer"),
                                                  refuse("rendering_options")};

// Of a new one and of changes alike; what is marked as echoed has no effect here.
#define PORTCULLIS_CUSTOMER_RULES                                                                         \
    hash("address", address_rules).unset(), integer("balance").echoed(),                                  \
        text("business_name", 150).unset().echoed(), text("description").unset(), email("email").unset(), \
        text("individual_name", 150).unset().echoed(), text("invoice_prefix", 12).echoed(),               \
        hash("invoice_settings", invoice_settings_rules), metadata(), text("name", 256).unset(),          \
        integer("next_invoice_sequence").echoed(), text("phone", 20).unset(),                             \
        list("preferred_locales").unset().echoed(), hash("shipping", customer_shipping_rules).unset(),    \
        choice("tax_exempt", tax_exempt_choices).unset(), list("expand"), refuse("cash_balance"),         \
        refuse("source"), refuse("tax"), refuse("validate")

inline constexpr Rule create_customer_rules[] = {PORTCULLIS_CUSTOMER_RULES, refuse("payment_method"),
                                                 refuse("tax_id_data"), refuse("test_clock")};
inline constexpr Rule update_customer_rules[] = {PORTCULLIS_CUSTOMER_RULES, refuse("default_source")};
inline constexpr Rule list_customers_rules[] = {PORTCULLIS_LIST_RULES, range("created"), text("email", 512),
                                                refuse("test_clock")};

inline constexpr Rule list_customer_methods_rules[] = {PORTCULLIS_LIST_RULES, choice("type", method_types),
                                                       choice("allow_redisplay", redisplay_choices)};
inline constexpr Rule list_methods_rules[] = {PORTCULLIS_LIST_RULES, text("customer"),
                                              refuse("customer_account"), choice("type", method_types),
                                              choice("allow_redisplay", redisplay_choices)};
inline constexpr Rule list_intents_rules[] = {PORTCULLIS_LIST_RULES, range("created"), text("customer"),
                                              refuse("customer_account")};
inline constexpr Rule list_charges_rules[] = {PORTCULLIS_LIST_RULES, range("created"), text("customer"),
                                              text("payment_intent"), text("transfer_group")};

inline constexpr std::string_view fraud_reports[] = {"fraudulent", "safe"};
inline constexpr Rule fraud_details_rules[] = {choice("user_report", fraud_reports).unset()};
inline constexpr Rule update_charge_rules[] = {
    text("customer"),
    text("description").unset(),
    hash("fraud_details", fraud_details_rules),
    metadata(),
    email("receipt_email").unset(),
    hash("shipping", shipping_rules).unset(),
    text("transfer_group"),
    list("expand"),
};

inline constexpr Rule capture_charge_rules[] = {
    integer("amount"),
    email("receipt_email").unset(),
    text("statement_descriptor", 22).unset(),
    text("statement_descriptor_suffix", 22).unset(),
    text("transfer_group"),
    list("expand"),
    refuse("application_fee"),
    refuse("application_fee_amount"),
    refuse("transfer_data"),
};

inline constexpr Rule no_rules[] = {list("expand")};

}  // namespace gateway::api
