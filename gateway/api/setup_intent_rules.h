// Parameters of setup intents and their attempts.
#pragma once

#include "gateway/api/lists.h"
#include "gateway/api/payment_intent_rules.h"

namespace gateway::api {

inline constexpr std::string_view setup_cancellation_reasons[] = {"abandoned", "duplicate",
                                                                  "requested_by_customer"};

// Refused, as with payments: results of a foreign authentication, mail order, mandates.
inline constexpr Rule setup_card_options_rules[] = {
    choice("network", card_networks).echoed(),
    choice("request_three_d_secure", three_d_secure_requests).echoed(),
    refuse("mandate_options"),
    refuse("moto"),
    refuse("setup_credential_usage"),
    refuse("three_d_secure"),
};
inline constexpr Rule setup_options_rules[] = {hash("card", setup_card_options_rules).unset()};

inline constexpr Rule create_setup_rules[] = {
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    hash("automatic_payment_methods", automatic_methods_rules),
    boolean("confirm"),
    text("confirmation_token"),
    text("customer"),
    text("description", 1000).unset(),
    list("excluded_payment_method_types", excludable_method_kinds).echoed(),
    hash("mandate_data", mandate_data_rules).unset().echoed(),
    metadata(),
    text("payment_method"),
    hash("payment_method_data", payment_method_data_rules),
    hash("payment_method_options", setup_options_rules),
    url("return_url"),
    choice("usage", future_usages),
    boolean("use_stripe_sdk"),
    list("expand"),
    refuse("attach_to_self"),
    refuse("customer_account"),
    refuse("flow_directions"),
    refuse("on_behalf_of"),
    refuse("payment_method_configuration"),
    refuse("single_use"),
};

inline constexpr Rule update_setup_rules[] = {
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    text("customer"),
    text("description", 1000).unset(),
    list("excluded_payment_method_types", excludable_method_kinds).unset().echoed(),
    metadata(),
    text("payment_method").unset(),
    hash("payment_method_data", payment_method_data_rules),
    hash("payment_method_options", setup_options_rules),
    list("expand"),
    refuse("attach_to_self"),
    refuse("customer_account"),
    refuse("flow_directions"),
    refuse("payment_method_configuration"),
};

inline constexpr Rule confirm_setup_rules[] = {
    list("allowed_payment_method_types", method_types),
    list("payment_method_types", method_types),
    text("client_secret"),
    text("confirmation_token"),
    hash("mandate_data", mandate_data_rules).unset().echoed(),
    text("payment_method"),
    hash("payment_method_data", payment_method_data_rules),
    hash("payment_method_options", setup_options_rules),
    url("return_url"),
    boolean("use_stripe_sdk"),
    list("expand"),
};

inline constexpr Rule cancel_setup_rules[] = {choice("cancellation_reason", setup_cancellation_reasons),
                                              list("expand")};

inline constexpr Rule list_setups_rules[] = {PORTCULLIS_LIST_RULES,      range("created"),
                                             text("customer"),           text("payment_method"),
                                             refuse("customer_account"), refuse("attach_to_self")};
inline constexpr Rule list_attempts_rules[] = {PORTCULLIS_LIST_RULES, range("created"),
                                               text("setup_intent").needed()};

}  // namespace gateway::api
