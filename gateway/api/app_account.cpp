// Subcommands by which the operator decides about an account's payouts.
#include <iostream>

#include "gateway/api/app.h"
#include "gateway/api/office.h"
#include "gateway/bank_accounts/open.h"
#include "gateway/store/accounts.h"
#include "gateway/store/bank_accounts.h"

namespace gateway::api {

using office::fail;
using office::no_account;
using office::open_office;
using office::print_line;
using office::refuse;

namespace {

constexpr std::size_t line_size_max = 100, text_size_max = 100;

std::optional<std::string> text_or_nothing(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional{text};
}

// Empty, as if nothing were there, when it is longer than any number as it is written.
common::SecretText read_line(std::streambuf& in) {
    common::SecretText line;
    line.reserve(line_size_max);
    constexpr auto end = std::streambuf::traits_type::eof();
    for (auto next = in.sbumpc(); next != end && next != '\n'; next = in.sbumpc()) {
        if (line.size() == line_size_max) return {};
        if (next != '\r') line.push_back(static_cast<char>(next));
    }
    return line;
}

}  // namespace

int set_bank_account(const common::Config& config, const NewDestination& given) {
    if (given.holder.empty() || given.holder.size() > text_size_max)
        return refuse("--holder needs 1 to 100 characters");
    if (given.bank.size() > text_size_max) return refuse("--bank has at most 100 characters");
    const auto id = common::account_of(given.account, "acct_");
    if (!id) return refuse(no_account);
    const auto pepper = common::read_secret_file(config.text("keys.pepper_file"));
    if (!pepper) return fail(pepper.error());
    auto office = open_office(config);
    if (!office) return fail(office.error());

    NewBankAccount input;
    input.number = read_line(*std::cin.rdbuf());
    input.country = given.country;
    input.currency = given.currency;
    input.routing_number = text_or_nothing(given.routing_number);
    input.holder_name = given.holder;
    input.bank_name = text_or_nothing(given.bank);
    const BankNumbers numbers{*pepper};
    auto job = [&](store::Transaction& tx) -> common::Result<BankAccount> {
        store::enter(tx, *id);
        const auto owner = store::find_account(tx, *id);
        if (!owner)
            return common::Fail{
                common::Error::invalid("resource_missing", "account", "There is no such account.")};
        auto account = open_bank_account(*owner, given.live, numbers, input);
        if (!account) return account;
        set_time(*account, (*office)->clock.now().time_since_epoch().count());
        store::retire_bank_account(tx, account->scope, account->currency);
        store::insert(tx, *account);
        return account;
    };
    const auto account = (*office)->database->transaction_blocking(job);
    if (!account)
        return account.error().status() == 400 ? refuse(account.error().message()) : fail(account.error());
    print_line({{"id", account->id},
                {"currency", account->currency.code()},
                {"last4", account->last4},
                {"fingerprint", account->fingerprint},
                {"livemode", given.live}});
    return 0;
}

int enable_payouts(const common::Config& config, const std::string& account, bool enabled) {
    const auto id = common::account_of(account, "acct_");
    if (!id) return refuse(no_account);
    auto office = open_office(config);
    if (!office) return fail(office.error());
    auto job = [&](store::Transaction& tx) -> common::Result<bool> {
        store::enter(tx, *id);
        return store::enable_payouts(tx, *id, enabled);
    };
    const auto done = (*office)->database->transaction_blocking(job);
    if (!done) return fail(done.error());
    if (!*done) return refuse("there is no such account");
    std::cout << (enabled ? "enabled\n" : "stopped\n");
    return 0;
}

}  // namespace gateway::api
