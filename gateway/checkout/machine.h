// The life of a Checkout Session, as a table that can be read aloud. What the table does not name cannot
// happen.
#pragma once

#include <array>

#include "gateway/checkout/session.h"

namespace gateway {

enum class CheckoutEvent : std::uint8_t {
    completed,  // the shopper has done what the session was for
    expired,    // the merchant, or time, has ended it
};

struct CheckoutEdge {
    CheckoutStatus from;
    CheckoutEvent event;
    CheckoutStatus to;
};

inline constexpr auto checkout_edges = std::to_array<CheckoutEdge>({
    {CheckoutStatus::open, CheckoutEvent::completed, CheckoutStatus::complete},
    {CheckoutStatus::open, CheckoutEvent::expired, CheckoutStatus::expired},
});

constexpr std::optional<CheckoutStatus> next(CheckoutStatus from, CheckoutEvent event) {
    for (const auto& edge : checkout_edges)
        if (edge.from == from && edge.event == event) return edge.to;
    return std::nullopt;
}

// Moves the session along an edge that the caller has made sure of; a missing one is a bug.
void advance(CheckoutSession& session, CheckoutEvent event);

}  // namespace gateway
