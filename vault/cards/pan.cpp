#include "vault/cards/pan.h"

#include "common/luhn.h"
#include "vault/client/card_errors.h"

namespace vault::cards {
namespace {

using common::Fail;
using common::Result;
using vault::card_error;
using vault::CardFault;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Issuer ranges by their first digits, inclusive; the first row that fits decides.
struct Range {
    unsigned first, last;
    unsigned digits;
    Brand brand;
};
constexpr std::array ranges{
    Range{4, 4, 1, Brand::visa},
    Range{51, 55, 2, Brand::mastercard},
    Range{2221, 2720, 4, Brand::mastercard},
    Range{34, 34, 2, Brand::amex},
    Range{37, 37, 2, Brand::amex},
    Range{6011, 6011, 4, Brand::discover},
    Range{644, 649, 3, Brand::discover},
    Range{65, 65, 2, Brand::discover},
    Range{300, 305, 3, Brand::diners},
    Range{3095, 3095, 4, Brand::diners},
    Range{36, 36, 2, Brand::diners},
    Range{38, 39, 2, Brand::diners},
    Range{3528, 3589, 4, Brand::jcb},
    Range{62, 62, 2, Brand::unionpay},
    Range{81, 81, 2, Brand::unionpay},
};

constexpr int years_ahead_max = 50;

unsigned leading(std::string_view digits, unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i)
        value = value * 10 + static_cast<unsigned>(digits[i] - '0');
    return value;
}

}  // namespace

std::string_view to_string(Brand brand) {
    switch (brand) {
        case Brand::visa:
            return "visa";
        case Brand::mastercard:
            return "mastercard";
        case Brand::amex:
            return "amex";
        case Brand::discover:
            return "discover";
        case Brand::diners:
            return "diners";
        case Brand::jcb:
            return "jcb";
        case Brand::unionpay:
            return "unionpay";
        case Brand::unknown:
            return "unknown";
    }
    return "unknown";
}

Brand brand_of(std::string_view digits) {
    for (const auto& range : ranges) {
        if (digits.size() < range.digits) continue;
        const auto value = leading(digits, range.digits);
        if (value >= range.first && value <= range.last) return range.brand;
    }
    return Brand::unknown;
}

bool length_fits(Brand brand, std::size_t digits) {
    switch (brand) {
        case Brand::visa:
            return digits == 13 || digits == 16 || digits == 19;
        case Brand::mastercard:
            return digits == 16;
        case Brand::amex:
            return digits == 15;
        case Brand::diners:
            return digits >= 14 && digits <= 19;
        case Brand::discover:
        case Brand::jcb:
        case Brand::unionpay:
            return digits >= 16 && digits <= 19;
        case Brand::unknown:
            return digits >= Pan::size_min && digits <= Pan::size_max;
    }
    return false;
}

std::size_t cvc_size(Brand brand) {
    return brand == Brand::amex ? 4 : 3;
}

Result<Pan> Pan::parse(std::string_view typed) {
    constexpr std::size_t typed_max = 64;
    if (typed.size() > typed_max) return Fail{card_error(CardFault::invalid_number)};
    common::SecretText digits;
    digits.reserve(typed.size());
    for (const char c : typed) {
        if (c == ' ' || c == '-') continue;
        if (!is_digit(c)) return Fail{card_error(CardFault::invalid_number)};
        digits.push_back(c);
    }
    Pan pan;
    if (digits.size() < size_min || digits.size() > size_max)
        return Fail{card_error(CardFault::invalid_number)};
    pan.brand_ = brand_of(digits.view());
    if (!length_fits(pan.brand_, digits.size())) return Fail{card_error(CardFault::invalid_number)};
    if (!common::passes_luhn(digits.view())) return Fail{card_error(CardFault::incorrect_number)};
    pan.digits_ = common::SecretChars<size_max>{digits.view()};
    return pan;
}

std::string Pan::last4() const {
    const auto digits = digits_.view();
    return std::string{digits.substr(digits.size() < 4 ? 0 : digits.size() - 4)};
}

Result<Cvc> Cvc::parse(std::string_view typed, Brand brand) {
    // Issuers of unknown brands may print either length.
    const bool fits = typed.size() == cvc_size(brand) || (brand == Brand::unknown && typed.size() == 4);
    if (!fits || !std::all_of(typed.begin(), typed.end(), is_digit))
        return Fail{card_error(CardFault::invalid_cvc)};
    return Cvc{typed};
}

Result<Expiry> Expiry::parse(std::int64_t month, std::int64_t year, common::TimePoint now) {
    if (month < 1 || month > 12) return Fail{card_error(CardFault::invalid_expiry_month)};
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int this_year = static_cast<int>(today.year());
    if (year >= 0 && year <= 99) year += this_year / 100 * 100;
    const auto this_month = static_cast<std::int64_t>(static_cast<unsigned>(today.month()));
    const bool past = year < this_year || (year == this_year && month < this_month);
    if (past || year > this_year + years_ahead_max) return Fail{card_error(CardFault::invalid_expiry_year)};
    return Expiry{static_cast<int>(month), static_cast<int>(year)};
}

std::string Expiry::yymm() const {
    const int value = year % 100 * 100 + month;
    const std::string text = std::to_string(value);
    return std::string(4 - text.size(), '0') + text;
}

}  // namespace vault::cards
