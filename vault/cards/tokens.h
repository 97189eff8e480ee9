// Vault tokens, in one of two forms:
//   standard  "vt_test_" or "vt_live_", eight characters of the account, 24 random ones and six of checksum,
//             base62. A mistyped or invented token is refused without a look-up.
//   digits    sixteen digits for systems that have room for a card number only: a 9, eleven random ones, the
//             last four of the card. Never a card number: the check digit is always wrong, and the three
//             digits behind the 9 are no country's, so that no issuer can have the range (ISO/IEC 7812-1: 9
//             and an ISO 3166-1 number begin what that country assigns). It names neither account nor mode,
//             and 7·10¹⁰ of them end alike: it can be guessed, so it is good only together with its account.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace vault::cards {

enum class TokenFormat : std::uint8_t { standard, digits };

std::string new_token(common::AccountId account, bool livemode);
// One of the standard form that is the same each time, for who must not store a card twice though he does not
// know whether he has: told by what it is for, and only with the secret.
std::string derived_token(common::AccountId account, bool livemode, std::span<const std::uint8_t> secret,
                          std::span<const std::uint8_t> what);
// May exist already: insert it, and draw again on a conflict.
std::string new_digit_token(std::string_view last4);

struct TokenParts {
    common::AccountId account;
    bool livemode;
};
// Of the standard form; nothing for a wrong form or checksum.
std::optional<TokenParts> parse_token(std::string_view token);
// By its form: sixteen digits, a 9 first, a wrong check digit.
bool is_digit_token(std::string_view token);

// Whether a look-up makes sense: not for a token that names another account, nor for what is no token.
bool may_belong_to(std::string_view token, common::AccountId account);
// Whether the token says that it is of the other mode; one of digits says nothing.
bool contradicts_mode(std::string_view token, bool livemode);

}  // namespace vault::cards
