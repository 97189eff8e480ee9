// Acquirer, network and issuer in one: a checked request in, the answer and what to journal out. Pure but for
// the clock and random codes.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <unordered_map>

#include "common/clock.h"
#include "gateway/simulator/cards.h"
#include "gateway/simulator/record.h"

namespace simulator {

// How an answer leaves: faults that a request asks for by its amount.
struct Delivery {
    bool silent = false;
    bool close = false;  // instead of answering
    bool twice = false;
    bool slow = false;  // byte by byte
    bool broken_bitmap = false;
    std::chrono::milliseconds delay{0};
};

struct Reply {
    vault::iso8583::Message answer;
    Delivery delivery;
    std::string journal;  // line to be durable before the answer leaves; "" = nothing new
};

class Issuer {
  public:
    Issuer(CardTable cards, CardTable::Hash hash, std::int64_t default_balance, const common::Clock& clock);

    // Any request but 0800, decoded and valid.
    Reply handle(const vault::iso8583::Message& request);
    // A line of the journal, in order; false when it cannot be read.
    bool restore(std::string_view line);

    const Ledger& ledger() const { return ledger_; }
    std::string date() const;  // settlement date: MMDD of today, UTC

  private:
    using Message = vault::iso8583::Message;
    struct Decision;
    Decision decide(const Message& request);
    Decision purchase(const Message& request, Kind kind);
    Decision advice(const Message& request);
    Decision verification(const Message& request);
    Decision refund(const Message& request);
    Decision capture(const Message& request);
    Decision reversal(const Message& request);
    Decision reconciliation(const Message& request);
    Transaction entry_of(const Message& request, Kind kind) const;
    void remember(const Record& record);
    void forget_old();
    Delivery delivery_of(const Message& request, Message& answer);
    std::string content_digest(const Message& request) const;
    std::string check_results(const Message& request, const CardRule& rule) const;
    bool expired(std::string_view year_month) const;

    struct Answered {
        std::string digest;
        Message answer;
    };
    CardTable cards_;
    CardTable::Hash hash_;
    Ledger ledger_;
    const common::Clock& clock_;
    std::unordered_map<std::string, Answered> answered_;
    std::deque<std::pair<std::int64_t, std::string>> answered_order_;
    std::unordered_map<std::string, int> reversal_attempts_;
};

// Field 90 of a later message about this request: MTI, STAN, time sent, acquirer, forwarder; repeats count as
// their original.
std::string original_elements(const vault::iso8583::Message& request);
// The answer with every field that is echoed, `response` in field 39 and the settlement date (MMDD) in
// field 15.
vault::iso8583::Message answer_to(const vault::iso8583::Message& request, std::string_view response,
                                  std::string_view settlement_date);

}  // namespace simulator
