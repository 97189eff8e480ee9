// The life of a setup intent, as a table that can be read aloud: in this state, when that happens, it becomes
// so. What the table does not name cannot happen.
#pragma once

#include "gateway/setups/setup.h"

namespace gateway {

enum class SetupEvent : std::uint8_t {
    method_given,    // the merchant sets a payment method
    method_removed,  // … or takes it away
    confirmed,       // an attempt begins
    held_back,       // the shopper must authenticate first
    verified,        // the acquirer calls the card good
    failed,          // declined, not sent, not authenticated in time
    canceled,        // by the merchant
};

struct SetupEdge {
    SetupStatus from;
    SetupEvent event;
    SetupStatus to;
};

inline constexpr auto setup_edges = [] {
    using S = SetupStatus;
    using E = SetupEvent;
    return std::to_array<SetupEdge>({
        {S::requires_payment_method, E::method_given, S::requires_confirmation},
        {S::requires_payment_method, E::confirmed, S::requires_confirmation},
        {S::requires_payment_method, E::canceled, S::canceled},

        {S::requires_confirmation, E::method_given, S::requires_confirmation},
        {S::requires_confirmation, E::method_removed, S::requires_payment_method},
        {S::requires_confirmation, E::confirmed, S::requires_confirmation},
        {S::requires_confirmation, E::held_back, S::requires_action},
        {S::requires_confirmation, E::verified, S::succeeded},
        {S::requires_confirmation, E::failed, S::requires_payment_method},
        {S::requires_confirmation, E::canceled, S::canceled},

        {S::requires_action, E::method_given, S::requires_confirmation},
        {S::requires_action, E::method_removed, S::requires_payment_method},
        {S::requires_action, E::confirmed, S::requires_confirmation},
        {S::requires_action, E::failed, S::requires_payment_method},
        {S::requires_action, E::canceled, S::canceled},
    });
}();

constexpr std::optional<SetupStatus> next(SetupStatus from, SetupEvent event) {
    for (const auto& edge : setup_edges)
        if (edge.from == from && edge.event == event) return edge.to;
    return std::nullopt;
}

// Moves the intent along an edge that the caller has made sure of; a missing one is a bug.
void advance(SetupIntent& intent, SetupEvent event);

}  // namespace gateway
