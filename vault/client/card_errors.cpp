#include "vault/client/card_errors.h"

#include <array>

namespace vault {
namespace {

using common::Error;
using common::ErrorType;
using common::Text;

struct Row {
    CardFault fault;
    Text code;
    std::string_view param;
    std::string_view decline_code;
    Text message;
};

constexpr std::array rows{
    Row{CardFault::invalid_number, "invalid_number", "number", "",
        "The card number is not a valid card number. Check the digits and their count."},
    Row{CardFault::incorrect_number, "incorrect_number", "number", "",
        "Your card number is incorrect. Check the digits for a typing error."},
    Row{CardFault::invalid_expiry_month, "invalid_expiry_month", "exp_month", "",
        "Your card's expiration month is invalid."},
    Row{CardFault::invalid_expiry_year, "invalid_expiry_year", "exp_year", "",
        "Your card's expiration year is invalid."},
    Row{CardFault::invalid_cvc, "invalid_cvc", "cvc", "", "Your card's security code is invalid."},
    Row{CardFault::test_mode_live_card, "card_declined", "number", "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test card. "
        "Use one of the test cards instead."},
    Row{CardFault::live_mode_test_card, "card_declined", "number", "live_mode_test_card",
        "Your card was declined. Your request was in live mode, but used a known test card."},
    Row{CardFault::velocity_exceeded, "card_declined", "number", "card_velocity_exceeded",
        "Your card was declined: this number was entered too often. Try again in an hour, or use another "
        "card."},
};

}  // namespace

Error card_error(CardFault fault) {
    for (const auto& row : rows) {
        if (row.fault != fault) continue;
        auto error = Error{402, ErrorType::card, row.code, row.message}.with_param(row.param);
        if (!row.decline_code.empty())
            return std::move(error).with_field(
                "decline_code", boost::json::value(boost::json::string_view{row.decline_code}));
        return error;
    }
    return Error::internal("a card fault without a row in the table of card errors");
}

std::optional<CardFault> card_fault_of(std::string_view code, std::string_view decline_code) {
    for (const auto& row : rows)
        if (row.code.view() == code && row.decline_code == decline_code) return row.fault;
    return std::nullopt;
}

}  // namespace vault
