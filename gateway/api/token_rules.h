// Parameters of tokens, confirmation tokens and ephemeral keys.
#pragma once

#include "gateway/api/payment_intent_rules.h"

namespace gateway::api {

inline constexpr std::string_view holder_types[] = {"company", "individual"};
inline constexpr std::string_view bank_account_types[] = {"checking", "futsu", "savings", "toza"};

// exp_month and exp_year are judged by the vault, as with payment methods.
inline constexpr Rule token_card_rules[] = {
    text("number", 64).needed(),
    integer("exp_month").needed(),
    integer("exp_year").needed(),
    text("cvc", 16).unset(),
    text("name").unset(),
    text("address_line1").unset(),
    text("address_line2").unset(),
    text("address_city").unset(),
    text("address_state").unset(),
    text("address_zip").unset(),
    text("address_country").unset(),
    text("currency"),
    refuse("networks"),
};
inline constexpr Rule bank_account_rules[] = {
    text("account_number", 64).needed(),
    text("country", 2).needed(),
    text("currency", 3),
    text("routing_number", 32),
    text("account_holder_name"),
    choice("account_holder_type", holder_types),
    choice("account_type", bank_account_types),
    refuse("payment_method"),
};
inline constexpr Rule cvc_update_rules[] = {text("cvc", 16).needed()};
inline constexpr Rule create_token_rules[] = {
    hash("card", token_card_rules),
    hash("bank_account", bank_account_rules),
    hash("cvc_update", cvc_update_rules),
    text("customer"),
    list("expand"),
    refuse("account"),
    refuse("person"),
    refuse("pii"),
};

inline constexpr Rule confirmation_card_rules[] = {text("cvc_token"), refuse("installments")};
inline constexpr Rule confirmation_options_rules[] = {hash("card", confirmation_card_rules)};
inline constexpr Rule confirmation_shipping_rules[] = {hash("address", address_rules).needed(),
                                                       text("name").needed(), text("phone").unset()};

#define PORTCULLIS_CONFIRMATION_TOKEN_RULES                                                         \
    hash("payment_method_data", payment_method_data_rules),                                         \
        hash("payment_method_options", confirmation_options_rules), url("return_url"),              \
        choice("setup_future_usage", future_usages), hash("shipping", confirmation_shipping_rules), \
        list("expand")

inline constexpr Rule test_confirmation_rules[] = {PORTCULLIS_CONFIRMATION_TOKEN_RULES,
                                                   text("payment_method")};
// A saved method is not for whoever looks at the page to name. What the page's script tells of itself has no
// effect.
inline constexpr Rule confirmation_rules[] = {PORTCULLIS_CONFIRMATION_TOKEN_RULES,
                                              hash("mandate_data", mandate_data_rules),
                                              swallow("client_context"), refuse("payment_method")};

inline constexpr Rule create_ephemeral_key_rules[] = {text("customer").needed(), list("expand"),
                                                      refuse("issuing_card"), refuse("nonce"),
                                                      refuse("verification_session")};

}  // namespace gateway::api
