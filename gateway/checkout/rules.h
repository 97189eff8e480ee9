// The business rules of Checkout Sessions: pure, each an error in the API's words or nothing.
#pragma once

#include "common/result.h"
#include "gateway/checkout/session.h"

namespace gateway::checkout {

inline constexpr std::int64_t life_min = 30 * 60, life_max = 24 * 3600;  // seconds
inline constexpr std::size_t line_items_max = 100;

// "10.50" → "10.5", "007.0" → "7"; nothing for what is no decimal number of up to 12 decimals within 64 bits.
std::optional<std::string> canonical_decimal(std::string_view text);
// Minor units of `quantity` pieces. Nothing is rounded: there is no amount when it would be no whole number
// of them, nor when it leaves 64 bits.
std::optional<std::int64_t> amount_of(std::string_view unit_amount, std::int64_t quantity);
// Fills in the amounts of the line items and of the session. 400 for a unit amount that is none, for a line
// or a total that cannot be charged, and for too many items.
common::Status put_totals(CheckoutSession& session);

// Unix seconds; as late as may be when the merchant does not say. 400 outside of life_min … life_max.
common::Result<std::int64_t> expiry(const std::optional<std::int64_t>& wanted, std::int64_t now);

// 400 without a code unless it is open.
common::Status may_expire(const CheckoutSession& session);
// What the shopper is about to do is still possible, and he has given all that the merchant asks for.
common::Status may_submit(const CheckoutSession& session, const Shopper& shopper, std::int64_t now);

// A payment that the acquirer may be asked about at this moment: whoever wants to end the session must wait.
bool is_moving(const PaymentIntent& intent);

}  // namespace gateway::checkout
