// The simulated issuer's books: what is held and posted on each card, and every transaction that did it.
// Pure: a decision (`check_…`) changes nothing, and `apply` repeats a decision that was written down, so that
// the journal rebuilds the same books. Codes are those of ISO 8583 field 39.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace simulator {

enum class Kind : std::uint8_t { authorization, sale, refund, capture };
enum class State : std::uint8_t { approved, declined, reversed };
std::string_view to_string(Kind kind);
std::string_view to_string(State state);

struct Transaction {
    Kind kind = Kind::authorization;
    State state = State::declined;
    std::string id;         // original data elements, 42 digits: MTI, STAN, time sent, acquirer, forwarder
    std::string reference;  // field 37
    std::string card;       // keyed hash of the number
    std::string last4;
    std::string currency;  // ISO 4217 numeric
    std::string auth_code;
    std::string response;     // field 39 of the answer
    std::string date;         // settlement date, MMDD
    std::string target;       // capture, refund: id of the payment; "" = not known
    std::int64_t amount = 0;  // approved; minor units
    std::int64_t requested = 0;
    bool last_capture = false;  // the rest of the hold is released
    // Of an authorization or sale:
    std::int64_t held = 0, captured = 0, refunded = 0;
    std::string reversal_date;
};

struct Effect {
    enum class Type : std::uint8_t { none, entry, reversal, tombstone };
    Type type = Type::none;
    Transaction entry;                      // entry
    std::string target;                     // reversal, tombstone: id of the original
    std::optional<std::int64_t> remaining;  // partial reversal: the amount that stays
    std::string date;                       // reversal: settlement date
};

struct Position {
    std::int64_t held = 0, posted = 0;
};

struct Totals {                                                                       // field numbers of 0500
    std::int64_t credits = 0, credit_reversals = 0, debits = 0, debit_reversals = 0;  // 74–77
    std::int64_t credit_sum = 0, credit_reversal_sum = 0, debit_sum = 0, debit_reversal_sum = 0;  // 86–89
    std::int64_t net() const {
        return debit_sum - debit_reversal_sum - credit_sum + credit_reversal_sum;
    }  // 97
};

class Ledger {
  public:
    explicit Ledger(std::int64_t default_balance) : default_balance_{default_balance} {}
    void set_balance(const std::string& card, std::int64_t balance) { balances_[card] = balance; }

    // 00, or 51 when less is available.
    std::string check_purchase(const std::string& card, const std::string& currency,
                               std::int64_t amount) const;
    // 00; 25 unknown; 12 voided, declined or other currency; 61 more than is left of the hold.
    std::string check_capture(const std::string& target, const std::string& currency,
                              std::int64_t amount) const;
    // 00; 61 more than was captured and not yet refunded. An unknown payment is a plain credit: 00.
    std::string check_refund(const std::string& target, const std::string& currency,
                             std::int64_t amount) const;
    struct Reversal {
        std::string response;
        bool effect = false;
    };
    // 00 (without effect the second time); 25 unknown; 21 nothing to reverse; 12 more would stay than there
    // is.
    Reversal check_reversal(const std::string& target, std::optional<std::int64_t> remaining) const;

    void apply(const Effect& effect);

    const Transaction* find(const std::string& id) const;
    const Transaction* payment_by_reference(const std::string& reference) const;  // authorization or sale
    bool is_tombstone(const std::string& id) const { return tombstones_.contains(id); }
    std::int64_t balance(const std::string& card) const;
    std::int64_t available(const std::string& card, const std::string& currency) const;
    Position position(const std::string& card, const std::string& currency) const;
    Totals totals(std::string_view date, std::string_view currency, std::string_view forwarder) const;

    using Key = std::pair<std::string, std::string>;  // card, currency
    const std::map<Key, Position>& positions() const { return positions_; }
    const std::unordered_map<std::string, Transaction>& transactions() const { return transactions_; }

  private:
    void book(Transaction entry);
    void reverse(Transaction& original, const Effect& effect);
    Position& position_of(const Transaction& entry) { return positions_[{entry.card, entry.currency}]; }

    std::int64_t default_balance_;
    std::unordered_map<std::string, std::int64_t> balances_;
    std::map<Key, Position> positions_;
    std::unordered_map<std::string, Transaction> transactions_;
    std::unordered_map<std::string, std::string> payments_by_reference_;
    std::set<std::string> tombstones_;
};

}  // namespace simulator
