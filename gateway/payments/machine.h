// The life of a payment intent, as a table that can be read aloud: in this state, when that happens, it
// becomes so. What the table does not name cannot happen.
#pragma once

#include "gateway/payments/payment.h"

namespace gateway {

enum class IntentEvent : std::uint8_t {
    method_given,      // the merchant sets a payment method
    method_removed,    // … or takes it away; also a confirmation that could not be sent
    confirmed,         // an attempt begins
    held_back,         // the shopper must authenticate first
    authenticated,     // … and did; the merchant confirms again (confirmation_method manual)
    authorized,        // approved, to be captured by the merchant
    paid,              // approved and captured
    failed,            // declined, not sent, reversed, not authenticated in time
    unanswered,        // the acquirer's answer is still open when the merchant must have his
    captured,          // the merchant's capture was accepted
    lapsed,            // the authorization is too old to be captured
    canceled,          // by the merchant
    captured_in_part,  // … of which more is to follow
};

struct IntentEdge {
    IntentStatus from;
    IntentEvent event;
    IntentStatus to;
};

inline constexpr auto intent_edges = [] {
    using S = IntentStatus;
    using E = IntentEvent;
    return std::to_array<IntentEdge>({
        {S::requires_payment_method, E::method_given, S::requires_confirmation},
        {S::requires_payment_method, E::confirmed, S::requires_confirmation},
        {S::requires_payment_method, E::canceled, S::canceled},

        {S::requires_confirmation, E::method_given, S::requires_confirmation},
        {S::requires_confirmation, E::method_removed, S::requires_payment_method},
        {S::requires_confirmation, E::confirmed, S::requires_confirmation},
        {S::requires_confirmation, E::held_back, S::requires_action},
        {S::requires_confirmation, E::authorized, S::requires_capture},
        {S::requires_confirmation, E::paid, S::succeeded},
        {S::requires_confirmation, E::failed, S::requires_payment_method},
        {S::requires_confirmation, E::unanswered, S::processing},
        {S::requires_confirmation, E::canceled, S::canceled},

        {S::requires_action, E::method_given, S::requires_confirmation},
        {S::requires_action, E::method_removed, S::requires_payment_method},
        {S::requires_action, E::confirmed, S::requires_confirmation},
        {S::requires_action, E::authenticated, S::requires_confirmation},
        {S::requires_action, E::authorized, S::requires_capture},
        {S::requires_action, E::paid, S::succeeded},
        {S::requires_action, E::failed, S::requires_payment_method},
        {S::requires_action, E::unanswered, S::processing},
        {S::requires_action, E::canceled, S::canceled},

        {S::processing, E::authorized, S::requires_capture},
        {S::processing, E::paid, S::succeeded},
        {S::processing, E::captured, S::succeeded},
        {S::processing, E::captured_in_part, S::requires_capture},
        {S::processing, E::failed, S::requires_payment_method},

        {S::requires_capture, E::captured, S::succeeded},
        {S::requires_capture, E::captured_in_part, S::requires_capture},
        {S::requires_capture, E::unanswered, S::processing},
        {S::requires_capture, E::lapsed, S::canceled},
        {S::requires_capture, E::canceled, S::canceled},
    });
}();

constexpr std::optional<IntentStatus> next(IntentStatus from, IntentEvent event) {
    for (const auto& edge : intent_edges)
        if (edge.from == from && edge.event == event) return edge.to;
    return std::nullopt;
}

static_assert(!next(IntentStatus::succeeded, IntentEvent::confirmed), "nothing leaves succeeded");
static_assert(!next(IntentStatus::canceled, IntentEvent::confirmed), "nothing leaves canceled");

// Moves the intent along an edge that the caller has made sure of; a missing one is a bug.
void advance(PaymentIntent& intent, IntentEvent event);

}  // namespace gateway
