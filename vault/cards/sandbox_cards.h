// Test cards are data: number, ids of the merchant API and traits come from a file that an operator may
// replace.
// {"test_ranges": ["400000", …], "default_expiry": {"month": 12, "years_ahead": 4},
//  "security_codes": {"3": "123", "4": "1234"},
//  "cards": [{"number", "ids": […], "authentication"?, "risk"?}, …]}
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "vault/cards/pan.h"

namespace vault::cards {

class SandboxCards {
  public:
    struct Card {
        std::string number;
        std::string authentication = "optional";
        std::string risk = "normal";
    };

    // 500 naming the entry that is wrong.
    static common::Result<SandboxCards> load(const std::string& path);
    static common::Result<SandboxCards> parse(std::string_view text);

    const Card* find(std::string_view id) const;  // "pm_card_visa", "tok_visa"; nullptr = unknown
    const Card* find(const Pan& pan) const;       // nullptr = not in the table
    bool is_test_number(const Pan& pan) const;    // in the table, or in one of its ranges
    std::string_view security_code(Brand brand) const;
    Expiry default_expiry(common::TimePoint now) const;
    std::size_t size() const { return cards_.size(); }

  private:
    std::vector<Card> cards_;
    std::vector<std::string> ranges_;
    std::unordered_map<std::string, std::size_t> by_id_, by_number_;
    std::string code_three_, code_four_;
    int expiry_month_ = 0, expiry_years_ahead_ = 0;
};

}  // namespace vault::cards
