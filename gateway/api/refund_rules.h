// Parameters of refunds and reviews.
#pragma once

#include "gateway/api/lists.h"

namespace gateway::api {

inline constexpr std::string_view refund_reasons[] = {"duplicate", "fraudulent", "requested_by_customer"};
inline constexpr Rule create_refund_rules[] = {
    integer("amount"),
    text("charge"),
    text("payment_intent"),
    choice("reason", refund_reasons),
    metadata(),
    list("expand"),
    refuse("currency"),
    refuse("customer"),
    refuse("instructions_email"),
    refuse("origin"),
    refuse("refund_application_fee"),
    refuse("reverse_transfer"),
};
inline constexpr Rule list_reviews_rules[] = {PORTCULLIS_LIST_RULES, range("created")};
inline constexpr Rule update_refund_rules[] = {metadata(), list("expand")};
inline constexpr Rule list_of_charge_rules[] = {PORTCULLIS_LIST_RULES};
inline constexpr Rule list_refunds_rules[] = {PORTCULLIS_LIST_RULES, range("created"), text("charge"),
                                              text("payment_intent")};

}  // namespace gateway::api
