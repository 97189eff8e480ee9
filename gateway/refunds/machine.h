// The life of a refund, as a table that can be read aloud. What the table does not name cannot happen.
#pragma once

#include <array>

#include "gateway/refunds/refund.h"

namespace gateway {

enum class RefundEvent : std::uint8_t {
    paid,      // the acquirer has given the money back
    declined,  // the issuer will not take it, or nobody could be asked for too long
    canceled,  // by the merchant, before anything was sent
};

struct RefundEdge {
    RefundStatus from;
    RefundEvent event;
    RefundStatus to;
};

inline constexpr auto refund_edges = std::to_array<RefundEdge>({
    {RefundStatus::pending, RefundEvent::paid, RefundStatus::succeeded},
    {RefundStatus::pending, RefundEvent::declined, RefundStatus::failed},
    {RefundStatus::requires_action, RefundEvent::canceled, RefundStatus::canceled},
});

constexpr std::optional<RefundStatus> next(RefundStatus from, RefundEvent event) {
    for (const auto& edge : refund_edges)
        if (edge.from == from && edge.event == event) return edge.to;
    return std::nullopt;
}

// Moves the refund along an edge that the caller has made sure of; a missing one is a bug.
void advance(Refund& refund, RefundEvent event);

}  // namespace gateway
