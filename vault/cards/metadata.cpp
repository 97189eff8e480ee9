#include "vault/cards/metadata.h"

#include <algorithm>
#include <vector>

#include <boost/json.hpp>

#include "common/luhn.h"
#include "vault/cards/pan.h"

namespace vault::cards {
namespace {

using common::Error;
using common::Fail;
using common::Status;
namespace json = boost::json;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool may_separate(char c) {
    constexpr std::string_view separators = " -./_";
    return separators.find(c) != separators.npos;
}

std::size_t characters_of(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text,
                               [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; });
}

// Groups of digits that single separators split, and the places at which a group begins; the end is one.
struct Run {
    common::SecretText digits;
    std::vector<std::size_t> bounds;
};

// Whether whole groups of the run make a number of a known brand with a good check digit. Parts of groups do
// not count: of all numbers of twenty digits, as parcels have, most hold one somewhere.
bool holds_card_number(const Run& run) {
    for (std::size_t first = 0; first + 1 < run.bounds.size(); ++first)
        for (std::size_t last = first + 1; last < run.bounds.size(); ++last) {
            const auto size = run.bounds[last] - run.bounds[first];
            if (size > Pan::size_max) break;
            const auto number = run.digits.view().substr(run.bounds[first], size);
            const auto brand = size < Pan::size_min ? Brand::unknown : brand_of(number);
            if (brand != Brand::unknown && length_fits(brand, size) && common::passes_luhn(number))
                return true;
        }
    return false;
}

Status refused(common::Text why) {
    return Fail{Error::invalid("parameter_invalid", "metadata", why)};
}

}  // namespace

void wipe(Metadata& metadata) {
    for (auto& [key, value] : metadata) {
        common::wipe(value.data(), value.size());
        common::wipe(const_cast<char*>(key.data()), key.size());  // nobody looks for it any more
    }
    metadata.clear();
}

bool looks_like_card_number(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        Run run;
        run.bounds.push_back(0);
        for (; i < text.size(); ++i)
            if (is_digit(text[i]))
                run.digits.push_back(text[i]);
            else if (!run.digits.empty() && may_separate(text[i]) && i + 1 < text.size() &&
                     is_digit(text[i + 1]))
                run.bounds.push_back(run.digits.size());
            else
                break;
        run.bounds.push_back(run.digits.size());
        if (holds_card_number(run)) return true;
        ++i;
    }
    return false;
}

Status check_metadata(const Metadata& metadata) {
    if (metadata.size() > metadata_keys_max) return refused("metadata has more than 20 keys.");
    for (const auto& [key, value] : metadata) {
        if (key.empty() || characters_of(key) > metadata_key_max)
            return refused("A key of metadata must have 1 to 40 characters.");
        if (characters_of(value) > metadata_value_max)
            return refused("A value of metadata may have 500 characters.");
        if (has_control(key) || has_control(value))
            return refused("metadata may not hold control characters.");
        if (looks_like_card_number(key) || looks_like_card_number(value))
            return refused("metadata may not hold what looks like a card number. Keep a reference instead.");
    }
    return {};
}

std::string metadata_json(const Metadata& metadata) {
    json::object object;
    for (const auto& [key, value] : metadata)
        object[key] = value;
    return json::serialize(object);
}

Metadata metadata_of(std::string_view text) {
    Metadata metadata;
    if (text.empty()) return metadata;
    const auto parsed = json::parse(json::string_view{text.data(), text.size()});
    for (const auto& member : parsed.as_object())
        metadata.emplace(member.key(), std::string{member.value().as_string()});
    return metadata;
}

}  // namespace vault::cards
