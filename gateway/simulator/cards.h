// The issuer's view of the sandbox's cards: a data file says how each number behaves, so that no code names a
// card. Numbers are turned into keyed hashes at once and not kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/result.h"
#include "common/secret.h"

namespace simulator {

struct CardRule {
    std::string response = "00";               // field 39 of a purchase; 00: the ledger decides
    std::string verification_response = "85";  // of a verification for no amount
    std::string refund_response = "00";
    std::chrono::milliseconds refund_delay{0};  // of the answer
    char avs = 'Y';                             // position 1 of field 44, when address data was sent
    char cvc = 'M';                             // position 2, when a security code was sent
    std::string advice;                         // tag MA
    std::optional<std::int64_t> balance;        // minor units, each currency
};

class CardTable {
  public:
    // Thirty-two hexadecimal characters of an HMAC under the simulator's own key.
    class Hash {
      public:
        explicit Hash(common::SecretBytes key) : key_{std::move(key)} {}
        std::string operator()(std::string_view number) const;
        std::string digest(std::string_view content) const;

      private:
        common::SecretBytes key_;
    };

    // {"cards": [{"number", "response"?, "verification_response"?, "refund_response"?,
    // "refund_delay_ms"?, "avs"?, "cvc"?, "advice"?, "balance"?}]}. 500 naming the entry that is wrong.
    static common::Result<CardTable> load(const std::string& path, const Hash& hash);
    const CardRule& rule(const std::string& card) const;
    const std::unordered_map<std::string, CardRule>& all() const { return rules_; }

  private:
    std::unordered_map<std::string, CardRule> rules_;
    CardRule usual_;
};

}  // namespace simulator
