#include "vault/iso8583/rules.h"

#include <algorithm>

#include "common/luhn.h"

namespace vault::iso8583 {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool digits(std::string_view text) {
    return std::ranges::all_of(text, digit);
}
int two(std::string_view text, std::size_t at) {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}
bool signed_digits(std::string_view text) {
    return (text[0] == 'C' || text[0] == 'D') && digits(text.substr(1));
}

bool month_day(std::string_view text) {  // no year travels, so 29 February always passes
    constexpr std::array days{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int month = two(text, 0), day = two(text, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= days[static_cast<std::size_t>(month - 1)];
}
bool time_of_day(std::string_view text) {
    return two(text, 0) < 24 && two(text, 2) < 60 && two(text, 4) < 60;
}
bool date_time(std::string_view text) {
    return month_day(text.substr(0, 4)) && time_of_day(text.substr(4));
}
bool year_month(std::string_view text) {
    return two(text, 2) >= 1 && two(text, 2) <= 12;
}
bool account_number(std::string_view text) {
    return text.size() >= 12;
}
bool processing_code(std::string_view text) {
    return text == "000000" || text == "200000";
}
bool not_zero(std::string_view text) {
    return text.find_first_not_of('0') != std::string_view::npos;
}
bool settlement_code(std::string_view text) {
    return text >= "1" && text <= "3";
}

bool original_elements(std::string_view text) {
    return is_known_mti(text.substr(0, 4)) && is_request(text.substr(0, 4)) && date_time(text.substr(10, 10));
}

bool replacement_amounts(std::string_view text) {
    return digits(text.substr(0, 24)) && signed_digits(text.substr(24, 9)) &&
           signed_digits(text.substr(33, 9));
}

bool additional_amounts(std::string_view text) {
    if (text.size() % 20 != 0) return false;
    for (; !text.empty(); text.remove_prefix(20))
        if (!digits(text.substr(0, 7)) || !signed_digits(text.substr(7, 13))) return false;
    return true;
}

struct ValueFormat {
    int field;
    bool (*holds)(std::string_view);
};

// Lengths and characters have been checked before.
constexpr ValueFormat value_formats[] = {
    {2, account_number},
    {3, processing_code},
    {7, date_time},
    {11, not_zero},
    {12, time_of_day},
    {13, month_day},
    {14, year_month},
    {15, month_day},
    {16, month_day},
    {17, month_day},
    {28, signed_digits},
    {29, signed_digits},
    {30, signed_digits},
    {31, signed_digits},
    {49, digits},
    {50, digits},
    {51, digits},
    {54, additional_amounts},
    {66, settlement_code},
    {90, original_elements},
    {95, replacement_amounts},
    {97, signed_digits},
};

using Fields = std::initializer_list<int>;

struct Presence {
    std::string_view mti;
    Fields mandatory;
};

constexpr Fields request = {2, 3, 4, 7, 11, 12, 13, 18, 19, 22, 25, 32, 33, 37, 41, 42, 43, 49};
constexpr Fields capture = {2,  3,  4,  7,  11, 12, 13, 17, 18, 19, 22,
                            25, 32, 33, 37, 38, 41, 42, 43, 48, 49, 90};
constexpr Fields reversal = {2, 3, 4, 7, 11, 12, 13, 18, 19, 22, 25, 32, 33, 37, 39, 41, 42, 43, 49, 90};
constexpr Fields answer = {3, 4, 7, 11, 12, 13, 15, 19, 32, 33, 37, 39, 41, 42, 49};
constexpr Fields advice_answer = {3, 4, 7, 11, 12, 13, 19, 32, 33, 37, 39, 41, 42, 49};
constexpr Fields reversal_answer = {3, 4, 7, 11, 12, 13, 15, 19, 32, 33, 37, 39, 41, 42, 49, 90};
constexpr Fields dispute = {3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 48, 49, 90};
constexpr Fields dispute_answer = {3, 4, 7, 11, 12, 13, 32, 33, 37, 39, 41, 42, 49};
constexpr Fields totals = {7, 11, 15, 32, 33, 50, 74, 75, 76, 77, 86, 87, 88, 89, 97, 99};
constexpr Fields totals_answer = {7, 11, 15, 32, 33, 39, 50, 66, 74, 75, 76, 77, 86, 87, 88, 89, 97, 99};
constexpr Fields network = {7, 11, 33, 70};
constexpr Fields network_answer = {7, 11, 33, 39, 70};
constexpr Fields refusal = {7, 11, 39};

// Field 38 is not demanded of approvals: one without it is accepted and left to the caller to flag.
constexpr Presence presence[] = {
    {"0100", request},        {"0101", request},         {"0110", answer},          {"0120", request},
    {"0121", request},        {"0130", advice_answer},   {"0200", request},         {"0201", request},
    {"0210", answer},         {"0220", capture},         {"0221", capture},         {"0230", answer},
    {"0400", reversal},       {"0401", reversal},        {"0410", reversal_answer}, {"0420", reversal},
    {"0421", reversal},       {"0430", reversal_answer}, {"0422", dispute},         {"0423", dispute},
    {"0432", dispute_answer}, {"0500", totals},          {"0501", totals},          {"0510", totals_answer},
    {"0800", network},        {"0801", network},         {"0810", network_answer},
};

const Presence* presence_of(std::string_view mti) {
    const auto* found = std::ranges::find(presence, mti, &Presence::mti);
    return found == std::end(presence) ? nullptr : found;
}

std::bitset<129> mandatory_fields(const Message& message) {
    const std::string_view mti = message.mti();
    const Presence* row = presence_of(mti);
    const std::string_view response = message.get(39);
    // Who could not read or authenticate a request can echo no more than its trace.
    const bool refused = !is_request(mti) && (response == "30" || response == "96");
    std::bitset<129> fields;
    for (const int field : refused ? refusal : row->mandatory)
        fields.set(static_cast<std::size_t>(field));
    if (fields.test(2) && !message.get(22).starts_with("10")) fields.set(14);
    if (fields.test(90) && fields.test(2) && response == "32") fields.set(95);
    if (mti == "0800" || mti == "0801") {
        if (message.get(70) == "201") fields.set(15);
        if (message.get(70) == "101") fields.set(48);
    }
    return fields;
}

}  // namespace

bool is_known_mti(std::string_view mti) {
    return presence_of(mti) != nullptr;
}

std::optional<DecodeError> check_rules(const Message& message, const std::array<std::size_t, 129>& offsets) {
    const auto broken = [&](ErrorName name, int field) {
        return DecodeError{name, std::to_string(field), offsets[static_cast<std::size_t>(field)]};
    };
    for (const auto& [field, holds] : value_formats)
        if (message.has(field) && !holds(message.get(field)))
            return broken(ErrorName::field_bad_format, field);
    const auto mandatory = mandatory_fields(message);
    for (int field = 2; field <= 128; ++field)
        if (mandatory.test(static_cast<std::size_t>(field)) && !message.has(field))
            return broken(ErrorName::field_missing, field);
    if (message.has(48)) {
        const auto data = PrivateData::parse(message.get(48));
        if (!data) return broken(data.error(), 48);
    }
    if (is_request(message.mti()) && message.has(2) && !common::passes_luhn(message.get(2)))
        return broken(ErrorName::semantic, 2);
    return std::nullopt;
}

}  // namespace vault::iso8583
