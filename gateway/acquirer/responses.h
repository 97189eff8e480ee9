// What an answer of the acquirer means for the merchant. Pure. Sources: ISO 8583 field 39 (response code),
// field 44 (AVS and CVC results), field 48 tag MA (merchant advice).
#pragma once

#include "common/error.h"
#include "vault/client/client.h"

namespace gateway::acquirer {

struct Decline {
    common::Text code;          // of the API's error: "card_declined" …
    common::Text decline_code;  // "insufficient_funds" …
    common::Text message;
    common::Text param;                // parameter at fault, or ""
    std::string network_decline_code;  // field 39
    std::string advice_code;           // confirm_card_data, do_not_try_again, try_again_later, or ""
};

// Of an authorization: 00, 08, 10, 11, and 85 ("no reason to decline") when no amount was asked for.
bool is_approval(std::string_view response_code, std::int64_t amount);
// Of a capture: 00 and 94, the duplicate that the host has already.
bool is_captured(std::string_view response_code);

struct CardContext {
    std::string_view country;     // of the card, ISO 3166 alpha-2
    std::string_view cvc_result;  // field 44: M, N, P, U, S
    std::string_view merchant_advice;
};
Decline decline_of(std::string_view response_code, const CardContext& card);

// Declines that no answer of the acquirer stands behind.
Decline no_answer();                // never sent, or reversed: processing_error
Decline blocked_as_too_risky();     // never sent: card_declined, fraudulent
Decline authentication_required();  // never sent
Decline approved_too_little();      // partial approval, voided

// 402 card_error with the fields of the decline.
common::Error error_of(const Decline& decline);

// pass, fail, unavailable or unchecked; nothing when the value was not given.
std::optional<std::string> cvc_check(std::string_view result, bool given);
struct AddressChecks {
    std::optional<std::string> line1, postal_code;
};
AddressChecks address_checks(std::string_view result, bool line1_given, bool postal_code_given);

}  // namespace gateway::acquirer
