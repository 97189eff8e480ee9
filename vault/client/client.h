// The vault as the gateway sees it: JSON over mutual TLS. No call returns a card number.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/http/client.h"
#include "common/ids.h"
#include "common/secret.h"
#include "common/task.h"

namespace vault {

// At most 20 keys of at most 40 characters; values have at most 500 and hold nothing like a card number.
using Metadata = std::map<std::string, std::string>;

// POST /cards
struct NewCard {
    common::AccountId account;
    bool livemode = false;
    common::SecretText number;  // as the caller typed it; the vault judges it
    common::SecretText cvc;     // empty = not given
    std::int64_t exp_month = 0;
    std::int64_t exp_year = 0;  // four digits, or two
    std::string sandbox_id;     // test mode: "pm_card_visa" instead of a number
    bool digit_token = false;   // a token of sixteen digits, for systems that have room for nothing else
    Metadata metadata = {};
};

struct Card {
    std::string token;  // "vt_test_…", or digits; never shown by the merchant API
    std::string brand;  // amex, diners, discover, jcb, mastercard, unionpay, visa, unknown
    std::string last4;
    std::string funding;      // credit, debit, prepaid, unknown
    std::string country;      // ISO 3166 alpha-2, "" = unknown
    std::string fingerprint;  // 16+ base62: stable per number, account and mode
    int exp_month = 0;
    int exp_year = 0;
    std::string cvc_handle;  // "" = no CVC is held
    // Of the sandbox card table in test mode; "optional" and "normal" otherwise.
    std::string authentication;  // optional, required, required_unless_set_up, required_on_session
    std::string risk;            // normal, elevated, highest, blocked
    Metadata metadata = {};
};

// POST /security_codes: of a card that is stored already, to be given with its next authorization.
struct NewSecurityCode {
    common::AccountId account;
    bool livemode = false;
    common::SecretText code;  // as the caller typed it; the vault judges it
};

struct SecurityCode {
    std::string handle;
};

// POST /cards/{token}
struct CardUpdate {
    common::AccountId account;
    std::string token;
    std::optional<std::int64_t> exp_month, exp_year;  // both or none
    Metadata metadata = {};                           // sets these keys; an empty value removes its key
};

// GET /cards. What is empty does not narrow the search down.
struct CardSearch {
    common::AccountId account;
    bool livemode = false;
    std::string fingerprint, brand, last4;
    std::string expires_from, expires_to;  // "2031-09": months, both included
    std::string metadata_key, metadata_value;
    std::string starting_after;  // `next` of the page before
    int limit = 10;              // 1–100
};

struct CardList {
    std::vector<Card> cards;  // may be fewer than the limit, or none, though there are more
    std::string next;         // "" = there are no more
};

// How the merchant looks to the acquirer. ISO 8583 fields 18, 19, 41, 42, 43.
struct MerchantIdentity {
    std::string mcc;              // four digits, ISO 18245
    std::string country_numeric;  // three digits, ISO 3166
    std::string terminal_id;      // 8 characters
    std::string merchant_id;      // 15 characters
    std::string name, city;       // ASCII
    std::string country;          // two letters
};

// POST /authorizations
struct AuthorizationRequest {
    std::string request_id;  // "areq_…" + account part; the same id never sends twice
    common::AccountId account;
    bool livemode = false;
    std::string card_token;
    std::string cvc_handle;
    std::int64_t amount = 0;  // minor units
    std::string currency;     // lower-case alphabetic
    MerchantIdentity merchant;
    bool off_session = false;                 // merchant-initiated
    std::string stored_credential;            // DE48 CO: "CFU", "MSU" …; "" = none
    std::string network_transaction_id;       // of the first payment; "" = none
    std::string postal_code, address_digits;  // AVS
};

// POST /captures
struct CaptureRequest {
    std::string request_id;
    std::string authorization_id;  // request_id of the authorization
    common::AccountId account;
    std::int64_t amount = 0;
    int sequence = 1, count = 1;  // of several captures; count 99 = not known
};

// POST /reversals
struct ReversalRequest {
    std::string request_id;
    std::string authorization_id;
    common::AccountId account;
    std::string reason = "17";  // ISO 8583 field 39 of 0420: 17 void, 34 suspected fraud
};

// POST /refunds
struct RefundRequest {
    std::string request_id;
    std::string capture_id;  // request_id of the capture that is refunded
    common::AccountId account;
    std::int64_t amount = 0;
    std::string reason;  // "", duplicate, fraudulent, requested_by_customer
};

// Of an authorization, capture, reversal or refund.
struct Exchange {
    enum class State : std::uint8_t {
        pending,   // on its way, or a queued advice that the host has not answered yet
        answered,  // response_code is final
        reversed,  // written, no answer: a reversal is queued and will be repeated until acknowledged
        not_sent,  // never written to a socket; nothing happened
        parked,    // an advice that an operator must look at
    };
    State state = State::pending;
    std::string request_id;
    std::string response_code;       // ISO 8583 field 39
    std::string authorization_code;  // field 38, blanks removed
    std::string rrn, stan;
    std::string network_transaction_id;  // DE48 NT
    std::string merchant_advice;         // DE48 MA
    std::string avs_result, cvc_result;  // one character each of field 44; "" = not checked
    std::int64_t approved_amount = 0;
    enum class Kind : std::uint8_t { authorization, capture, reversal, refund };
    Kind kind = Kind::authorization;
    bool approved() const;  // answered with 00, 08, 10, 11 or 85 (for a capture also 94)
};

// What a data key is for; it opens for nothing else.
struct DataKeyScope {
    common::AccountId account;
    bool livemode = false;
    std::string object;  // id of what it encrypts: letters, digits and '_'
};

// A data key as its user stores it.
struct SealedDataKey {
    std::string kek;     // which key of the HSM sealed it
    std::string sealed;  // base64
};

// POST /data-keys
struct DataKey {
    common::SecretBytes bytes;  // 32, for AES-256-GCM
    SealedDataKey sealed;
};

class Client {
  public:
    Client(boost::asio::io_context& io, common::http::ClientOptions options, common::http::TlsSource tls,
           common::Metrics& metrics);
    ~Client();

    // 402 card errors of the merchant API with their param ("number", "exp_month", "exp_year", "cvc"); 503.
    common::Task<Card> create_card(NewCard card, common::Deadline deadline);
    // GET /cards/{token}. Cause::not_found: this account has no such card; with the field `cause` "erased"
    // when it had.
    common::Task<Card> find_card(common::AccountId account, std::string token, common::Deadline deadline);
    // 402 card errors with their param; 400 on `metadata`; Cause::not_found; Cause::conflict: again.
    common::Task<Card> update_card(CardUpdate change, common::Deadline deadline);
    // DELETE /cards/{token}. May be repeated. Cause::not_found: it never was; Cause::conflict: a message
    // about it is still on its way to the acquirer.
    common::Task<bool> erase_card(common::AccountId account, std::string token, common::Deadline deadline);
    common::Task<CardList> search_cards(CardSearch search, common::Deadline deadline);
    // For a quarter of an hour, and for one authorization of any card of the account. 402 card error.
    common::Task<SecurityCode> hold_security_code(NewSecurityCode code, common::Deadline deadline);
    // Waits for the acquirer's answer within the deadline. Cause::outcome_unknown: ask `find_exchange`.
    common::Task<Exchange> authorize(AuthorizationRequest request, common::Deadline deadline);
    // Queues the advice durably and waits for its answer within the deadline; `pending` when it passes.
    common::Task<Exchange> capture(CaptureRequest request, common::Deadline deadline);
    common::Task<Exchange> reverse(ReversalRequest request, common::Deadline deadline);
    // As `authorize`. Cause::not_found: no such capture. Cause::conflict: the acquirer did not take it. What
    // is not answered is reversed. Cause::lock_timeout: nothing was sent, for another refund of the payment
    // is on its way, or waits to be reversed.
    common::Task<Exchange> refund(RefundRequest request, common::Deadline deadline);
    // GET /exchanges/{request_id}. Cause::not_found: the vault never saw it, and will refuse it from now on
    // (so that a late request cannot be sent after it was booked as lost).
    common::Task<Exchange> find_exchange(common::AccountId account, std::string request_id,
                                         common::Deadline deadline);
    // A fresh key for what is stored elsewhere than in the vault, which keeps none.
    common::Task<DataKey> create_data_key(DataKeyScope scope, common::Deadline deadline);
    // POST /data-keys/open. 500 when it was not sealed for this scope.
    common::Task<common::SecretBytes> open_data_key(DataKeyScope scope, SealedDataKey key,
                                                    common::Deadline deadline);
    // GET /healthz
    common::Task<bool> healthy(common::Deadline deadline);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vault
