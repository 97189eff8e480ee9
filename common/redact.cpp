#include <array>
#include <vector>

#include "common/log.h"
#include "common/luhn.h"
#include "common/secret.h"

namespace common::log {
namespace {

constexpr std::size_t digits_min = 13, digits_max = 19, digits_shown = 4;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Size of what stands between two groups of digits at `at`: one of " -.+", or a space, dash or plus written
// as a percent escape. 0: the stretch ends.
std::size_t separator_size(std::string_view line, std::size_t at) {
    constexpr std::string_view plain = " -.+";
    constexpr std::string_view escapes[] = {"%20", "%2D", "%2d", "%2B", "%2b"};
    const auto before_digit = [&](std::size_t size) {
        return at + size < line.size() && is_digit(line[at + size]);
    };
    if (plain.find(line[at]) != plain.npos) return before_digit(1) ? 1 : 0;
    for (const auto escape : escapes)
        if (line.substr(at, escape.size()) == escape && before_digit(escape.size())) return escape.size();
    return 0;
}

// Major industry identifiers and ranges of payment cards (ISO/IEC 7812-1): 3, 4, 5, 6 and 2221–2720.
bool starts_like_card(std::string_view digits) {
    if (digits[0] >= '3' && digits[0] <= '6') return true;
    const auto four = digits.substr(0, 4);
    return four >= "2221" && four <= "2720";
}

// A stretch of digit groups split by single separators, and where each digit stands in the line.
struct Stretch {
    SecretText digits;
    std::vector<std::size_t> places;
    std::vector<bool> begins_group;  // a group starts at this digit
    bool ends_group(std::size_t digit) const { return digit + 1 == places.size() || begins_group[digit + 1]; }
};

Stretch stretch_at(std::string_view line, std::size_t at) {
    Stretch found;
    bool fresh = true;
    while (at < line.size()) {
        if (is_digit(line[at])) {
            found.digits.push_back(line[at]);
            found.places.push_back(at);
            found.begins_group.push_back(fresh);
            fresh = false, ++at;
        } else if (const auto gap = separator_size(line, at); gap != 0) {
            fresh = true, at += gap;
        } else {
            break;
        }
    }
    return found;
}

// The longest card number made of whole groups from `first` on; 0 = none.
std::size_t card_length_at(const Stretch& stretch, std::size_t first) {
    const auto digits = stretch.digits.view().substr(first);
    for (std::size_t length = std::min(digits_max, digits.size()); length >= digits_min; --length) {
        const auto number = digits.substr(0, length);
        if (stretch.ends_group(first + length - 1) && starts_like_card(number) && passes_luhn(number))
            return length;
    }
    return 0;
}

std::size_t mask_stretch(std::string& line, const Stretch& stretch) {
    std::size_t masked = 0;
    for (std::size_t i = 0; i < stretch.places.size();) {
        const auto length = stretch.begins_group[i] ? card_length_at(stretch, i) : 0;
        if (length == 0) {
            ++i;
            continue;
        }
        for (std::size_t k = 0; k < length - digits_shown; ++k)
            line[stretch.places[i + k]] = '*';
        ++masked, i += length;
    }
    return masked;
}

}  // namespace

std::size_t redact(std::string& line) {
    std::size_t masked = 0;
    for (std::size_t i = 0; i < line.size();) {
        if (!is_digit(line[i])) {
            ++i;
            continue;
        }
        // Most digits of a line stand in short runs, which need no copy.
        std::size_t end = i, digits = 0;
        for (std::size_t step = 1; end < line.size() && step != 0; end += step) {
            step = is_digit(line[end]) ? 1 : separator_size(line, end);
            digits += is_digit(line[end]) ? 1U : 0U;
        }
        if (digits >= digits_min) masked += mask_stretch(line, stretch_at(line, i));
        i = end;
    }
    return masked;
}

}  // namespace common::log
