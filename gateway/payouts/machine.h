// The life of a payout, as a table that can be read aloud. What the table does not name cannot happen.
#pragma once

#include <array>

#include "gateway/payouts/payout.h"

namespace gateway {

enum class PayoutEvent : std::uint8_t {
    sent,      // its day has come: from here on the bank may have it
    canceled,  // by the merchant, before that
    arrived,   // the bank has paid
    returned,  // the bank could not pay, or took it back
};

struct PayoutEdge {
    PayoutStatus from;
    PayoutEvent event;
    PayoutStatus to;
};

inline constexpr auto payout_edges = std::to_array<PayoutEdge>({
    {PayoutStatus::pending, PayoutEvent::sent, PayoutStatus::in_transit},
    {PayoutStatus::pending, PayoutEvent::canceled, PayoutStatus::canceled},
    {PayoutStatus::in_transit, PayoutEvent::arrived, PayoutStatus::paid},
    {PayoutStatus::in_transit, PayoutEvent::returned, PayoutStatus::failed},
    {PayoutStatus::paid, PayoutEvent::returned, PayoutStatus::failed},
});

constexpr std::optional<PayoutStatus> next(PayoutStatus from, PayoutEvent event) {
    for (const auto& edge : payout_edges)
        if (edge.from == from && edge.event == event) return edge.to;
    return std::nullopt;
}

// Moves the payout along an edge that the caller has made sure of; a missing one is a bug.
void advance(Payout& payout, PayoutEvent event);

}  // namespace gateway
