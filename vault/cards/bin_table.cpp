#include "vault/cards/bin_table.h"

#include "common/json.h"
#include "vault/cards/data_file.h"

namespace vault::cards {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

constexpr std::array fundings{"credit", "debit", "prepaid", "unknown"};

bool is_country(std::string_view text) {
    return text.empty() || (text.size() == 2 && std::all_of(text.begin(), text.end(),
                                                            [](char c) { return c >= 'A' && c <= 'Z'; }));
}

}  // namespace

Result<BinTable> BinTable::load(const std::string& path) {
    const auto text = read_data_file(path);
    if (!text) return Fail{text.error()};
    return parse(*text);
}

Result<BinTable> BinTable::parse(std::string_view text) {
    const auto root = parse_data(text);
    if (!root) return Fail{root.error()};
    const auto* bins = root->if_contains("bins");
    if (!bins || !bins->is_array()) return Fail{Error::internal("the table of BINs has no bins")};
    BinTable table;
    for (const auto& value : bins->as_array()) {
        const auto wrong = [&](common::Text what) {
            return Fail{Error::internal(
                what, {Safe::number(static_cast<std::int64_t>(table.by_prefix_.size() + 1))})};
        };
        if (!value.is_object()) return wrong("BIN {} is not an object");
        const auto& bin = value.as_object();
        const std::string prefix{common::json::text_or(bin, "prefix", "")};
        BinFacts facts{std::string{common::json::text_or(bin, "funding", "unknown")},
                       std::string{common::json::text_or(bin, "country", "")}};
        const bool digits =
            std::all_of(prefix.begin(), prefix.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!digits || prefix.size() < prefix_min || prefix.size() > prefix_max)
            return wrong("BIN {} has a prefix that is not four to twelve digits");
        if (std::find(fundings.begin(), fundings.end(), facts.funding) == fundings.end() ||
            !is_country(facts.country))
            return wrong("BIN {} has a funding or country that is not known");
        if (!table.by_prefix_.emplace(prefix, std::move(facts)).second)
            return wrong("BIN {} is there already");
    }
    return table;
}

BinFacts BinTable::facts_of(const Pan& pan) const {
    const auto digits = pan.digits(PanAccess{});
    for (std::size_t size = prefix_max; size >= prefix_min; --size) {
        const auto found = by_prefix_.find(digits.substr(0, size));
        if (found != by_prefix_.end()) return found->second;
    }
    return {};
}

}  // namespace vault::cards
