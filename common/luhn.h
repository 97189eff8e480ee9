// ISO/IEC 7812-1 Annex B check digit.
#pragma once

#include <string_view>

namespace common {

// `digits` holds ASCII digits only; an empty text fails.
constexpr bool passes_luhn(std::string_view digits) {
    int sum = 0;
    bool twice = false;
    for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
        int digit = digits[i] - '0';
        if (twice) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return !digits.empty() && sum % 10 == 0;
}

}  // namespace common
