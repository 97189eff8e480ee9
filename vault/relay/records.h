// One exchange with the acquirer as it is written down: enough to build its message again but for the card.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace vault::relay {

enum class Kind : std::uint8_t {
    authorization,
    capture,
    reversal,
    refund,
    refused,  // an id that was asked for before it was used, and is not to be used any more
};

enum class State : std::uint8_t {
    intent,  // an authorization or refund that may be on its way
    queued,  // an advice that has no final answer yet
    answered,
    reversed,
    not_sent,
    parked,
};

std::string_view to_string(Kind kind);
std::string_view to_string(State state);

// What the host answered.
struct Answer {
    std::string response_code;                            // ISO 8583 field 39
    std::string authorization_code;                       // field 38 without blanks
    std::string settlement_date;                          // field 15, MMDD
    std::string network_transaction_id, merchant_advice;  // field 48, NT and MA
    std::string avs_result, cvc_result;                   // field 44, one character each; "" = not checked
    std::int64_t approved_amount = 0;                     // minor units of the merchant API
};

struct Record {
    common::AccountId account;
    std::string request_id;
    Kind kind = Kind::authorization;
    State state = State::intent;
    std::string authorization_id;  // of the payment that it is about; of an authorization: its own id
    int position = 0;              // among the advices of one payment
    bool livemode = false;
    std::string card_token;
    std::int64_t amount = 0;  // minor units of the merchant API
    std::string currency;     // lower case
    std::string mcc, country_numeric, terminal_id, merchant_id, name_location;  // fields 18, 19, 41, 42, 43
    std::string entry_mode, condition;                                          // fields 22, 25
    std::string stored_credential;                                              // field 48, CO
    std::string network_id;                                                     // field 48, NT, as sent
    std::string acquirer_id, forwarder_id;                                      // fields 32, 33
    std::string stan, rrn;                                                      // fields 11, 37
    std::string sent_at;                                                        // field 7, MMDDhhmmss in UTC
    std::string processing_code = "000000";  // field 3: of a refund and its reversal 200000
    // Of all but an authorization: the message that it is about, fields 90 and 38.
    std::string original_mti, original_stan, original_sent_at, original_code;
    std::string payment_rrn;                      // of a refund: field 48, RR
    std::string reason;                           // of a reversal: field 39; of a refund: field 48, RS
    int capture_sequence = 0, capture_count = 0;  // field 48, CS
    Answer answer;
    int attempts = 0;  // of an advice: how often it may have been written
    std::string lease_owner;
    std::int64_t lease_until = 0, created_at = 0;  // milliseconds of the unix epoch
};

// Approved in the sense of an authorization: 00, 08, 10, 11, and 85 of a verification.
bool is_approval(std::string_view response_code);

// What an answer to an advice means for the queue.
enum class Disposition : std::uint8_t { done, repeat, park };
Disposition disposition(Kind kind, std::string_view response_code);
// An answer that shows our records and the host's to differ.
bool needs_alarm(Kind kind, std::string_view response_code);

}  // namespace vault::relay
