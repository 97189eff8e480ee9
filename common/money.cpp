#include "common/money.h"

#include <algorithm>
#include <array>

#include "common/assert.h"

namespace common {
namespace {

// Decimals of the minor unit that merchants name amounts in; ISO 4217 has others for three of them
// (iso_exponent).
constexpr std::int64_t eight_digits = 99'999'999, nine_digits = 999'999'999, ten_digits = 9'999'999'999,
                       twelve_digits = 999'999'999'999;  // as many as field 4 of ISO 8583 holds

struct Row {
    std::string_view code;
    std::string_view numeric;
    std::int64_t amount_min;  // about half a US dollar
    int exponent = 2;
    int iso_exponent = exponent;
    std::int64_t step = 1;
    std::int64_t amount_max = eight_digits;
};

constexpr Row none(std::string_view code, std::string_view numeric, std::int64_t min,
                   std::int64_t max = eight_digits) {
    return {code, numeric, min, 0, 0, 1, max};
}
// Merchants give three decimals, of which the last must be zero.
constexpr Row three(std::string_view code, std::string_view numeric, std::int64_t min) {
    return {code, numeric, min, 3, 3, 10};
}
// Merchants give two decimals, which must be zero, though ISO 4217 has none.
constexpr Row whole(std::string_view code, std::string_view numeric, std::int64_t min) {
    return {code, numeric, min, 2, 0, 100};
}
constexpr Row large(std::string_view code, std::string_view numeric, std::int64_t min, std::int64_t max) {
    return {code, numeric, min, 2, 2, 1, max};
}

constexpr std::array table{
    Row{"aed", "784", 200},
    Row{"afn", "971", 3500},
    Row{"all", "008", 4500},
    Row{"amd", "051", 20000},
    Row{"aoa", "973", 45000},
    Row{"ars", "032", 50000},
    Row{"aud", "036", 50},
    Row{"awg", "533", 100},
    Row{"azn", "944", 100},
    Row{"bam", "977", 100},
    Row{"bbd", "052", 100},
    Row{"bdt", "050", 6000},
    Row{"bgn", "975", 100},
    three("bhd", "048", 190),
    none("bif", "108", 1500),
    Row{"bmd", "060", 50},
    Row{"bnd", "096", 100},
    Row{"bob", "068", 350},
    Row{"brl", "986", 50},
    Row{"bsd", "044", 50},
    Row{"bwp", "072", 700},
    Row{"byn", "933", 200},
    Row{"bzd", "084", 100},
    Row{"cad", "124", 50},
    Row{"cdf", "976", 140000},
    Row{"chf", "756", 50},
    none("clp", "152", 500),
    Row{"cny", "156", 400},
    large("cop", "170", 200000, ten_digits),
    Row{"crc", "188", 30000},
    Row{"cve", "132", 5000},
    Row{"czk", "203", 1500},
    none("djf", "262", 100),
    Row{"dkk", "208", 250},
    Row{"dop", "214", 3000},
    Row{"dzd", "012", 7000},
    Row{"egp", "818", 2500},
    Row{"etb", "230", 6500},
    Row{"eur", "978", 50},
    Row{"fjd", "242", 150},
    Row{"fkp", "238", 50},
    Row{"gbp", "826", 30},
    Row{"gel", "981", 150},
    Row{"gip", "292", 50},
    Row{"gmd", "270", 3500},
    none("gnf", "324", 4500),
    Row{"gtq", "320", 400},
    Row{"gyd", "328", 11000},
    Row{"hkd", "344", 400},
    Row{"hnl", "340", 1300},
    Row{"htg", "332", 7000},
    large("huf", "348", 17500, ten_digits),
    large("idr", "360", 800000, twelve_digits),
    Row{"ils", "376", 200},
    large("inr", "356", 50, nine_digits),
    whole("isk", "352", 7000),
    Row{"jmd", "388", 8000},
    three("jod", "400", 360),
    none("jpy", "392", 50, ten_digits),
    Row{"kes", "404", 7000},
    Row{"kgs", "417", 5000},
    Row{"khr", "116", 200000},
    none("kmf", "174", 250),
    none("krw", "410", 700),
    three("kwd", "414", 160),
    Row{"kyd", "136", 50},
    Row{"kzt", "398", 25000},
    Row{"lak", "418", 1100000},
    large("lbp", "422", 4500000, twelve_digits),
    Row{"lkr", "144", 15000},
    Row{"lrd", "430", 10000},
    Row{"lsl", "426", 1000},
    Row{"mad", "504", 500},
    Row{"mdl", "498", 1000},
    Row{"mga", "969", 2300, 0, 2},
    Row{"mkd", "807", 3000},
    Row{"mmk", "104", 110000},
    Row{"mnt", "496", 180000},
    Row{"mop", "446", 400},
    Row{"mur", "480", 2500},
    Row{"mvr", "462", 800},
    Row{"mwk", "454", 90000},
    Row{"mxn", "484", 1000},
    Row{"myr", "458", 200},
    Row{"mzn", "943", 3200},
    Row{"nad", "516", 1000},
    Row{"ngn", "566", 80000},
    Row{"nio", "558", 2000},
    Row{"nok", "578", 300},
    Row{"npr", "524", 7000},
    Row{"nzd", "554", 50},
    three("omr", "512", 200),
    Row{"pab", "590", 50},
    Row{"pen", "604", 200},
    Row{"pgk", "598", 200},
    Row{"php", "608", 3000},
    Row{"pkr", "586", 14000},
    Row{"pln", "985", 200},
    none("pyg", "600", 4000),
    Row{"qar", "634", 200},
    Row{"ron", "946", 200},
    Row{"rsd", "941", 5500},
    Row{"rub", "643", 5000},
    none("rwf", "646", 700),
    Row{"sar", "682", 200},
    Row{"sbd", "090", 450},
    Row{"scr", "690", 750},
    Row{"sek", "752", 300},
    Row{"sgd", "702", 50},
    Row{"shp", "654", 50},
    Row{"sle", "925", 1200},
    Row{"sos", "706", 30000},
    Row{"srd", "968", 2000},
    Row{"stn", "930", 1200},
    Row{"szl", "748", 1000},
    Row{"thb", "764", 1000},
    Row{"tjs", "972", 500},
    three("tnd", "788", 1600),
    Row{"top", "776", 130},
    Row{"try", "949", 2000},
    Row{"ttd", "780", 350},
    Row{"twd", "901", 2000},
    Row{"tzs", "834", 130000},
    Row{"uah", "980", 2200},
    whole("ugx", "800", 190000),
    Row{"usd", "840", 50},
    Row{"uyu", "858", 2000},
    Row{"uzs", "860", 650000},
    none("vnd", "704", 13000),
    none("vuv", "548", 60),
    Row{"wst", "882", 150},
    none("xaf", "950", 300),
    Row{"xcd", "951", 150},
    Row{"xcg", "532", 100},
    none("xof", "952", 300),
    none("xpf", "953", 60),
    Row{"yer", "886", 13000},
    Row{"zar", "710", 1000},
    Row{"zmw", "967", 1400},
};

constexpr bool table_is_sound() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto& row = table[i];
        if (row.code.size() != 3 || row.numeric.size() != 3) return false;
        if (i > 0 && !(table[i - 1].code < row.code)) return false;
        if (row.amount_min <= 0 || row.amount_min % row.step != 0 || row.amount_min >= row.amount_max)
            return false;
        for (std::size_t k = 0; k < i; ++k)
            if (table[k].numeric == row.numeric) return false;
    }
    return table.size() < 256;
}
static_assert(table_is_sound());

constexpr std::array<std::int16_t, 1000> index_of_numeric = [] {
    std::array<std::int16_t, 1000> index{};
    index.fill(-1);
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto& n = table[i].numeric;
        index[static_cast<std::size_t>((n[0] - '0') * 100 + (n[1] - '0') * 10 + (n[2] - '0'))] =
            static_cast<std::int16_t>(i);
    }
    return index;
}();

}  // namespace

std::optional<Currency> Currency::find(std::string_view code) {
    if (code.size() != 3) return std::nullopt;
    std::array<char, 3> lower{};
    std::transform(code.begin(), code.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string_view wanted{lower.data(), lower.size()};
    const auto row = std::ranges::lower_bound(table, wanted, {}, &Row::code);
    if (row == table.end() || row->code != wanted) return std::nullopt;
    return Currency{static_cast<std::uint8_t>(row - table.begin())};
}

std::optional<Currency> Currency::find_numeric(std::string_view code) {
    if (code.size() != 3 || !std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    const auto number =
        static_cast<std::size_t>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
    const auto index = index_of_numeric[number];
    if (index < 0) return std::nullopt;
    return Currency{static_cast<std::uint8_t>(index)};
}

std::string_view Currency::code() const {
    return table[index_].code;
}
std::string_view Currency::numeric() const {
    return table[index_].numeric;
}
int Currency::exponent() const {
    return table[index_].exponent;
}
int Currency::iso_exponent() const {
    return table[index_].iso_exponent;
}
std::int64_t Currency::amount_min() const {
    return table[index_].amount_min;
}
std::int64_t Currency::amount_max() const {
    return table[index_].amount_max;
}
std::int64_t Currency::step() const {
    return table[index_].step;
}

std::string Currency::list() {
    std::string text;
    for (const auto& row : table) {
        if (!text.empty()) text += ", ";
        text += row.code;
    }
    return text;
}

std::optional<Money> Money::plus(Money other) const {
    std::int64_t sum = 0;
    if (currency_ != other.currency_ || __builtin_add_overflow(minor_, other.minor_, &sum))
        return std::nullopt;
    return Money{sum, currency_};
}

std::optional<Money> Money::minus(Money other) const {
    std::int64_t difference = 0;
    if (currency_ != other.currency_ || __builtin_sub_overflow(minor_, other.minor_, &difference))
        return std::nullopt;
    return Money{difference, currency_};
}

std::string Money::display() const {
    const bool negative = minor_ < 0;
    auto magnitude = static_cast<std::uint64_t>(minor_);
    if (negative) magnitude = 0 - magnitude;  // well defined for the least value too
    auto digits = std::to_string(magnitude);
    const auto decimals = static_cast<std::size_t>(currency_.exponent());
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    if (decimals != 0) digits.insert(digits.size() - decimals, 1, '.');
    std::string text = negative ? "-" + digits : digits;
    text += ' ';
    for (const char c : currency_.code())
        text += static_cast<char>(c - 'a' + 'A');
    return text;
}

}  // namespace common
