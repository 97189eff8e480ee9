#include "gateway/bank_accounts/open.h"

#include <algorithm>

#include "common/ids.h"

namespace gateway {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretText;

constexpr std::size_t number_min = 4, number_max = 34, routing_min = 3, routing_max = 20;
// Where a number says nothing of the bank.
constexpr std::string_view with_routing_number[] = {"AU", "BR", "CA", "GB", "HK", "IN", "JP", "SG", "US"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_capital(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_alphanumeric(char c) {
    return is_digit(c) || is_capital(c);
}
char capital(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// As it is written down for machines.
SecretText compact(std::string_view typed) {
    SecretText text;
    text.reserve(typed.size());
    for (const char c : typed)
        if (c != ' ' && c != '-') text.push_back(capital(c));
    return text;
}

bool begins_as_iban(std::string_view number) {
    return number.size() > 4 && is_capital(number[0]) && is_capital(number[1]) && is_digit(number[2]) &&
           is_digit(number[3]);
}

// ISO 13616: with the first four characters at the end and letters as 10–35 it is 1 modulo 97.
bool iban_is_right(std::string_view number) {
    unsigned rest = 0;
    for (std::size_t i = 0; i < number.size(); ++i) {
        const char c = number[(i + 4) % number.size()];
        rest = is_digit(c) ? (rest * 10 + static_cast<unsigned>(c - '0')) % 97
                           : (rest * 100 + static_cast<unsigned>(c - 'A') + 10) % 97;
    }
    return rest == 1;
}

// Routing numbers of the USA: nine digits, weighted 3, 7, 1, give a multiple of ten.
bool aba_is_right(std::string_view routing) {
    constexpr int weights[] = {3, 7, 1};
    if (routing.size() != 9 || !std::ranges::all_of(routing, is_digit)) return false;
    int sum = 0;
    for (std::size_t i = 0; i < routing.size(); ++i)
        sum += weights[i % 3] * (routing[i] - '0');
    return sum % 10 == 0;
}

bool number_is_right(std::string_view number) {
    if (number.size() < number_min || number.size() > number_max) return false;
    if (!std::ranges::all_of(number, is_alphanumeric)) return false;
    return !begins_as_iban(number) || iban_is_right(number);
}

bool routing_is_right(std::string_view routing, std::string_view country) {
    if (country == "US") return aba_is_right(routing);
    return routing.size() >= routing_min && routing.size() <= routing_max &&
           std::ranges::all_of(routing, is_alphanumeric);
}

std::string member(std::string_view within, std::string_view name) {
    if (within.empty()) return std::string{name};
    return std::string{within}.append("[").append(name).append("]");
}

}  // namespace

Result<BankAccount> open_bank_account(const Account& owner, bool livemode, const BankNumbers& numbers,
                                      const NewBankAccount& input, std::string_view within) {
    BankAccount account;
    std::ranges::transform(input.country, std::back_inserter(account.country), capital);
    if (account.country.size() != 2 || !std::ranges::all_of(account.country, is_capital))
        return Fail{Error::invalid("country_code_invalid", member(within, "country"),
                                   "The country must be given by its two letters (ISO 3166-1), as in 'US'.")};
    const auto currency = common::Currency::find(input.currency.value_or(owner.default_currency));
    if (!currency)
        return Fail{Error::invalid("", member(within, "currency"), "Invalid currency. Choose one of: {}",
                                   {Safe::param(common::Currency::list())})};
    account.currency = *currency;
    const auto number = compact(input.number.view());
    if (!number_is_right(number.view()))
        return Fail{Error::invalid("account_number_invalid", member(within, "account_number"),
                                   "The bank account number provided is invalid.")};
    const auto routing = compact(input.routing_number.value_or(""));
    const bool needed =
        std::ranges::find(with_routing_number, account.country) != std::end(with_routing_number) &&
        !begins_as_iban(number.view());
    if (routing.empty() && needed)
        return Fail{Error::invalid("parameter_missing", member(within, "routing_number"),
                                   "Missing required param: {}.",
                                   {Safe::param(member(within, "routing_number"))})};
    if (!routing.empty() && !routing_is_right(routing.view(), account.country))
        return Fail{Error::invalid("routing_number_invalid", member(within, "routing_number"),
                                   "The bank routing number provided is invalid.")};
    if (!routing.empty()) account.routing_number = std::string{routing.view()};
    account.id = common::new_id("ba_", owner.id);
    account.scope = {owner.id, livemode};
    account.holder_name = input.holder_name;
    account.holder_type = input.holder_type;
    account.account_type = input.account_type;
    account.bank_name = input.bank_name;
    account.customer = input.customer;
    numbers.seal(account, number);
    return account;
}

}  // namespace gateway
