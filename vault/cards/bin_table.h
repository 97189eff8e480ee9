// What is known of a card from its first digits, from a file that an operator may replace while the vault
// runs:
//   {"bins": [
//     {"prefix": "424242", "funding": "credit", "country": "US"},
//     {"first": "22210000", "last": "27209999", "brand": "mastercard", "funding": "debit", "country": "DE"}
//   ]}
// `prefix` is a range of one; `first` and `last` have as many digits as each other, 4 to 12, and are both
// included. Of the ranges that hold a card the one with the most digits decides, so ranges of equally many
// digits may not overlap. `brand` (one of vault/cards/pan.h), `funding` and `country` may be left out; a
// brand of the table is what is shown of a card, while its length and its security code are judged by the
// number. One entry a line makes errors easy to find. At most 32 MiB and 500,000 entries.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "vault/cards/pan.h"

namespace vault::cards {

struct BinFacts {
    std::string brand;                // "" = as the number says
    std::string funding = "unknown";  // credit, debit, prepaid, unknown
    std::string country;              // ISO 3166 alpha-2, "" = unknown
    auto operator<=>(const BinFacts&) const = default;
};

class BinTable {
  public:
    static constexpr std::size_t bytes_max = 32 << 20, entries_max = 500'000;
    static constexpr std::size_t digits_min = 4, digits_max = 12;

    // 500 naming the line that is wrong, in the log's detail.
    static common::Result<BinTable> load(const std::string& path);
    static common::Result<BinTable> parse(std::string_view text);
    BinFacts facts_of(const Pan& pan) const;
    std::size_t size() const;

  private:
    struct Range {
        std::uint64_t first, last;
        std::uint32_t facts;  // index
        std::uint32_t entry;  // of the file, from 1
    };
    class Reader;
    std::array<std::vector<Range>, digits_max + 1> by_digits_;  // each sorted, without overlaps
    std::vector<BinFacts> facts_;                               // each once
};

// The table in use; replaced as a whole.
class LiveBinTable {
  public:
    explicit LiveBinTable(BinTable table) : table_{std::make_shared<const BinTable>(std::move(table))} {}
    std::shared_ptr<const BinTable> current() const {
        const std::lock_guard lock{mutex_};
        return table_;
    }
    // Keeps what it has when the file is wrong. How many entries there are now.
    common::Result<std::size_t> reload(const std::string& path);

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const BinTable> table_;
};

}  // namespace vault::cards
