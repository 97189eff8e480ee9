// Parameters of payouts.
#pragma once

#include "gateway/api/lists.h"

namespace gateway::api {

inline constexpr std::string_view payout_methods[] = {"instant", "standard"};
inline constexpr std::string_view payout_statuses[] = {"canceled", "failed", "in_transit", "paid", "pending"};
inline constexpr std::string_view payout_sources[] = {"card"};
inline constexpr Rule create_payout_rules[] = {
    integer("amount").needed(),
    text("currency").needed(),
    text("description"),
    text("destination"),
    choice("method", payout_methods),
    choice("source_type", payout_sources),
    text("statement_descriptor", 22),
    metadata(),
    list("expand"),
    refuse("payout_method"),
};
inline constexpr Rule update_payout_rules[] = {metadata(), list("expand")};
inline constexpr Rule cancel_payout_rules[] = {list("expand")};
inline constexpr Rule reverse_payout_rules[] = {metadata(), list("expand")};
inline constexpr Rule list_payouts_rules[] = {PORTCULLIS_LIST_RULES, range("arrival_date"), range("created"),
                                              text("destination"), choice("status", payout_statuses)};

}  // namespace gateway::api
