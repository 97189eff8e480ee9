// The table of BINs that an operator brings: whatever the file holds, it is refused with a line's number or
// answers for every card; and metadata of cards, where no spelling of a card number may get through.
#include <cstdlib>

#include "common/luhn.h"
#include "vault/cards/bin_table.h"
#include "vault/cards/metadata.h"

namespace {

using vault::cards::BinTable;
using vault::cards::Pan;

void require(bool holds) {
    if (!holds) std::abort();
}

void read_table(std::string_view text) {
    const auto table = BinTable::parse(text);
    if (!table) {
        require(table.error().status() == 500 && !table.error().log_detail().empty());
        return;
    }
    for (const char* number : {"4242424242424242", "378282246310005", "2720992000000003", "6011111111111117",
                               "4000008260000000", "5555555555554444"}) {
        const auto facts = table->facts_of(*Pan::parse(number));
        require(!facts.funding.empty() && (facts.country.empty() || facts.country.size() == 2));
    }
}

// A number behind anything, split by anything that may split it.
void hide_number(std::string_view text) {
    constexpr std::string_view separators = " -./_", number = "4242424242424242";
    std::string hidden{text.substr(0, 200)};
    hidden += 'x';
    for (std::size_t i = 0; i < number.size(); ++i) {
        const auto choice = i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
        if (i > 0 && choice >= 128) hidden += separators[choice % separators.size()];
        hidden += number[i];
    }
    require(vault::cards::looks_like_card_number(hidden));
    const vault::cards::Metadata metadata{{"k", hidden}};
    require(!vault::cards::check_metadata(metadata));
    static_cast<void>(vault::cards::looks_like_card_number(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    read_table(text);
    hide_number(text);
    return 0;
}
