// What is known of a card from its first digits, from a file that an operator may replace:
// {"bins": [{"prefix": "424242", "funding": "credit", "country": "US"}, …]}. The longest prefix decides.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/result.h"
#include "vault/cards/pan.h"

namespace vault::cards {

struct BinFacts {
    std::string funding = "unknown";  // credit, debit, prepaid, unknown
    std::string country;              // ISO 3166 alpha-2, "" = unknown
};

class BinTable {
  public:
    static common::Result<BinTable> load(const std::string& path);
    static common::Result<BinTable> parse(std::string_view text);
    BinFacts facts_of(const Pan& pan) const;

  private:
    static constexpr std::size_t prefix_min = 4, prefix_max = 12;
    std::map<std::string, BinFacts, std::less<>> by_prefix_;  // looked up without a copy of the digits
};

}  // namespace vault::cards
