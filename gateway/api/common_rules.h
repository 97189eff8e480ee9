// Parameter tables that several routes share.
#pragma once

#include <algorithm>
#include <array>

#include "gateway/api/parameters.h"
#include "gateway/payments/changes.h"

namespace gateway::api {

inline constexpr std::size_t metadata_key_max = 40, metadata_value_max = 500;

// Kinds of payment method that the API knows and this gateway does not take.
inline constexpr std::string_view other_method_kinds[] = {
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "alma",
    "amazon_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "billie",
    "bizum",
    "blik",
    "boleto",
    "card_present",
    "cashapp",
    "crypto",
    "custom",
    "customer_balance",
    "eps",
    "fpx",
    "giropay",
    "grabpay",
    "ideal",
    "interac_present",
    "kakao_pay",
    "klarna",
    "konbini",
    "kr_card",
    "link",
    "mb_way",
    "mobilepay",
    "multibanco",
    "naver_pay",
    "nz_bank_account",
    "oxxo",
    "p24",
    "pay_by_bank",
    "payco",
    "paynow",
    "paypal",
    "paypay",
    "payto",
    "pix",
    "promptpay",
    "revolut_pay",
    "samsung_pay",
    "satispay",
    "scalapay",
    "sepa_debit",
    "sequra",
    "sofort",
    "sunbit",
    "swish",
    "twint",
    "upi",
    "us_bank_account",
    "wechat_pay",
    "zip",
};

// Those that a payment intent can exclude: the ones that it could name. Cards are not among them, for without
// them nothing would be left.
inline constexpr auto excludable_method_kinds = [] {
    constexpr std::string_view unnamed[] = {"card_present", "custom", "interac_present", "link"};
    std::array<std::string_view, std::size(other_method_kinds) - std::size(unnamed)> kinds;
    std::ranges::copy_if(other_method_kinds, kinds.begin(), [&](std::string_view kind) {
        return std::ranges::find(unnamed, kind) == std::end(unnamed);
    });
    return kinds;
}();

// What browser libraries send along; swallowed where a publishable key may call.
inline constexpr std::string_view browser_parameters[] = {
    "key",
    "payment_user_agent",
    "referrer",
    "guid",
    "muid",
    "sid",
    "time_on_page",
    "pasted_fields",
    "client_attribution_metadata",
    "_stripe_account",
    "_stripe_version",
    "expected_payment_method_type",
    "use_stripe_sdk",
    "is_stripe_sdk",
};

inline constexpr std::string_view method_types[] = {"card"};
inline constexpr std::string_view redisplay_choices[] = {"always", "limited", "unspecified"};

inline constexpr Rule address_rules[] = {
    text("city").unset(),  text("country").unset(),     text("line1").unset(),
    text("line2").unset(), text("postal_code").unset(), text("state").unset(),
};

inline constexpr Rule billing_details_rules[] = {
    hash("address", address_rules).unset(),
    email("email").unset(),
    text("name").unset(),
    text("phone").unset(),
    text("tax_id").unset(),
};

inline constexpr Rule shipping_rules[] = {
    hash("address", address_rules).needed(),
    text("carrier").unset(),
    text("name").needed(),
    text("phone").unset(),
    text("tracking_number").unset(),
};

inline constexpr Rule radar_rules[] = {text("session")};

// exp_month and exp_year are judged by the vault, which answers in the API's card errors.
// Either number, exp_month and exp_year are there or a token: see new_payment_method.
inline constexpr Rule card_rules[] = {
    text("number", 64),      integer("exp_month"), integer("exp_year"),
    text("cvc", 16).unset(), text("token"),        refuse("networks"),
};

}  // namespace gateway::api
