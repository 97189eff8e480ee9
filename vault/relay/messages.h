// Records and answers as ISO 8583 messages. Pure: the same record and card give the same message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "vault/cards/card_vault.h"
#include "vault/client/client.h"
#include "vault/iso8583/message.h"
#include "vault/relay/records.h"

namespace vault::relay {

// What an authorization carries besides its record, and nobody keeps; nothing in a refund.
struct Transient {
    std::string postal_code, address_digits;  // field 48, AV
};

// Everything of a record that the order decides; numbers and times are still to be given. 400 naming the
// parameter when no message can carry it.
common::Result<Record> record_of(const AuthorizationRequest& order, std::string_view acquirer_id,
                                 std::string_view forwarder_id);
// The advice on an authorization, with its merchant, card and numbers.
Record capture_of(const Record& authorization, const CaptureRequest& order);
// Of an authorization or a refund.
Record reversal_of(const Record& original, std::string_view request_id, std::string_view reason);
// The id of the reversal that ends an authorization or refund without an answer: one for each.
std::string reversal_id(std::string_view request_id);
// With merchant, card and payment of the capture; its numbers are still to be given. 400 as in `record_of`.
common::Result<Record> refund_of(const Record& capture, const RefundRequest& order);

// Puts number, expiry and security code into a message; the only place of the relay that reads them.
class CardFields {
  public:
    static void put(iso8583::Message& message, const cards::OpenCard& card);
    // CI and CV of field 48.
    static void put_code(iso8583::PrivateData& data, const cards::OpenCard& card);
};

// 0100 of an authorization, 0200 of a refund.
iso8583::Message request_message(const Record& record, const cards::OpenCard& card,
                                 const Transient& transient);
// 0220 or 0420; a repeat is 0221 or 0421 with every other byte the same.
iso8583::Message advice_message(const Record& record, const cards::OpenCard& card, bool repeat);
// 0800; `code` is field 70.
iso8583::Message network_message(std::string_view code, std::string_view stan, std::string_view sent_at,
                                 std::string_view forwarder_id);

Answer answer_of(const iso8583::Message& message, const Record& record);
Exchange exchange_of(const Record& record);

// Field 7: MMDDhhmmss in UTC.
std::string transmission_time(common::TimePoint at);
// Field 37: last digit of the year, day of the year, hour in UTC, STAN.
std::string retrieval_reference(common::TimePoint at, std::string_view stan);

// What an answer must repeat of its request.
class Expected {
  public:
    explicit Expected(const iso8583::Message& request);
    // Same message type, STAN, and every echoed field that is present in both.
    bool matches(const iso8583::Message& answer) const;
    const std::string& stan() const { return stan_; }

  private:
    std::string mti_, stan_;
    std::vector<std::pair<int, std::string>> echoed_;
};

// Printable ASCII: letters with marks lose them, whatever else is foreign becomes '?'.
std::string ascii_of(std::string_view utf8);
// Field 43: name (25), city (13), country (2).
std::string name_location(std::string_view name, std::string_view city, std::string_view country);
// Field 4: twelve digits of the minor unit of ISO 4217, which is not everywhere that of the merchant API.
std::optional<std::string> amount_field(std::int64_t amount, std::string_view currency);
std::int64_t amount_of_field(std::string_view field, std::string_view currency);

}  // namespace vault::relay
