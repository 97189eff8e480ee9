// What can be wrong with a card that a shopper typed, as the merchant API says it. The vault makes these
// errors and its client makes them again on the other end of the wire, from code and decline_code.
#pragma once

#include <optional>
#include <string_view>

#include "common/error.h"

namespace vault {

enum class CardFault : std::uint8_t {
    invalid_number,    // not digits, or a length that no card of the brand has
    incorrect_number,  // wrong check digit
    invalid_expiry_month,
    invalid_expiry_year,  // in the past, or too far away
    invalid_cvc,
    test_mode_live_card,  // a real card in test mode
    live_mode_test_card,  // a test card in live mode
    velocity_exceeded,    // the same number too often in an hour
};

common::Error card_error(CardFault fault);  // 402 card_error
// Nothing for codes that are not of a card fault.
std::optional<CardFault> card_fault_of(std::string_view code, std::string_view decline_code);

}  // namespace vault
