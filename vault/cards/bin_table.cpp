#include "vault/cards/bin_table.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "common/json.h"
#include "vault/cards/data_file.h"

namespace vault::cards {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
namespace json = boost::json;

constexpr std::array fundings{"credit", "debit", "prepaid", "unknown"};
constexpr std::array brands{Brand::visa,   Brand::mastercard, Brand::amex,     Brand::discover,
                            Brand::diners, Brand::jcb,        Brand::unionpay, Brand::unknown};

bool is_country(std::string_view text) {
    return text.empty() || (text.size() == 2 && std::all_of(text.begin(), text.end(),
                                                            [](char c) { return c >= 'A' && c <= 'Z'; }));
}

bool is_brand(std::string_view text) {
    return text.empty() || std::ranges::any_of(brands, [&](Brand brand) { return to_string(brand) == text; });
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
    const bool good = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!good || digits.size() < BinTable::digits_min || digits.size() > BinTable::digits_max)
        return std::nullopt;
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

// A member's text, or nothing when it is there and is no text.
std::optional<std::string_view> text_of(const json::object& object, std::string_view key,
                                        std::string_view otherwise) {
    const auto* value = object.if_contains(key);
    if (!value) return otherwise;
    const auto* text = value->if_string();
    if (!text) return std::nullopt;
    return std::string_view{text->data(), text->size()};
}

}  // namespace

// Reads the entries one after the other, and says of which line it complains.
class BinTable::Reader {
  public:
    explicit Reader(std::string_view text) : text_{text} {}

    Result<BinTable> read(const json::array& entries) {
        if (entries.size() > entries_max)
            return Fail{Error::internal("the table of BINs has more than {} entries",
                                        {Safe::number(static_cast<std::int64_t>(entries_max))})};
        for (const auto& value : entries) {
            ++entry_;
            if (auto added = add(value); !added) return Fail{added.error()};
        }
        for (auto& ranges : table_.by_digits_)
            if (auto sorted = sort(ranges); !sorted) return Fail{sorted.error()};
        return std::move(table_);
    }

  private:
    // clang-format off
    Status wrong(common::Text what, std::uint32_t entry) const {
        return Fail{Error::internal(what, {Safe::number(static_cast<std::int64_t>(line_of_entry(text_, entry)))})};
    }
    // clang-format on
    Status wrong(common::Text what) const { return wrong(what, entry_); }

    Status add(const json::value& value) {
        const auto* bin = value.if_object();
        if (!bin) return wrong("line {}: the entry is not an object");
        if (!common::json::only_members(*bin, {"prefix", "first", "last", "brand", "funding", "country"}))
            return wrong("line {}: the entry has a member that is not known");
        if (bin->contains("prefix") == (bin->contains("first") || bin->contains("last")))
            return wrong("line {}: the entry needs a prefix, or first and last");
        const auto first = text_of(*bin, bin->contains("prefix") ? "prefix" : "first", "");
        const auto last = text_of(*bin, bin->contains("prefix") ? "prefix" : "last", "");
        const auto low = number_of(first.value_or("")), high = number_of(last.value_or(""));
        if (!low || !high || first->size() != last->size() || *low > *high)
            return wrong("line {}: prefix, or first and last, must be four to twelve digits, in order");
        const auto facts = add_facts(*bin);
        if (!facts) return wrong("line {}: brand, funding or country is not known");
        table_.by_digits_[first->size()].push_back({*low, *high, *facts, entry_});
        return {};
    }

    std::optional<std::uint32_t> add_facts(const json::object& bin) {
        const auto brand = text_of(bin, "brand", ""), funding = text_of(bin, "funding", "unknown"),
                   country = text_of(bin, "country", "");
        if (!brand || !funding || !country || !is_brand(*brand) || !is_country(*country) ||
            std::ranges::find(fundings, *funding) == fundings.end())
            return std::nullopt;
        BinFacts facts{std::string{*brand}, std::string{*funding}, std::string{*country}};
        const auto next = static_cast<std::uint32_t>(table_.facts_.size());
        const auto [known, fresh] = known_.emplace(facts, next);
        if (fresh) table_.facts_.push_back(std::move(facts));
        return known->second;
    }

    Status sort(std::vector<Range>& ranges) const {
        std::ranges::sort(ranges, {}, &Range::first);
        for (std::size_t i = 1; i < ranges.size(); ++i)
            if (ranges[i].first <= ranges[i - 1].last)
                return wrong("line {}: the range overlaps another one of as many digits",
                             std::max(ranges[i].entry, ranges[i - 1].entry));
        return {};
    }

    std::string_view text_;
    std::uint32_t entry_ = 0;
    BinTable table_;
    std::map<BinFacts, std::uint32_t> known_;
};

Result<BinTable> BinTable::load(const std::string& path) {
    const auto text = read_data_file(path, bytes_max);
    if (!text) return Fail{text.error()};
    return parse(*text);
}

Result<BinTable> BinTable::parse(std::string_view text) {
    const auto root = parse_data(text);
    if (!root) return Fail{root.error()};
    const auto* bins = root->if_contains("bins");
    if (!bins || !bins->is_array() || root->size() != 1)
        return Fail{
            Error::internal("the table of BINs is not an object with the one member `bins`, an array")};
    return Reader{text}.read(bins->as_array());
}

BinFacts BinTable::facts_of(const Pan& pan) const {
    const auto digits = pan.digits(PanAccess{});
    for (std::size_t size = digits_max; size >= digits_min; --size) {
        const auto& ranges = by_digits_[size];
        if (ranges.empty()) continue;
        const auto number = number_of(digits.substr(0, size)).value_or(0);
        const auto behind = std::ranges::upper_bound(ranges, number, {}, &Range::first);
        if (behind != ranges.begin() && number <= std::prev(behind)->last)
            return facts_[std::prev(behind)->facts];
    }
    return {};
}

std::size_t BinTable::size() const {
    std::size_t entries = 0;
    for (const auto& ranges : by_digits_)
        entries += ranges.size();
    return entries;
}

Result<std::size_t> LiveBinTable::reload(const std::string& path) {
    auto loaded = BinTable::load(path);
    if (!loaded) return Fail{loaded.error()};
    auto table = std::make_shared<const BinTable>(std::move(*loaded));
    const auto size = table->size();
    const std::lock_guard lock{mutex_};
    table_.swap(table);
    return size;
}

}  // namespace vault::cards
