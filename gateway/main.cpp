// portcullis-gateway: the merchant API.
#include <iostream>

#include <CLI/CLI.hpp>

#include "common/runtime.h"
#include "gateway/api/app.h"

namespace {

using namespace gateway::api;

int with_config(const common::Config::Sources& sources,
                const std::function<int(const common::Config&)>& command) {
    const auto config = common::Config::load(config_keys(), sources);
    if (config) return command(*config);
    for (const auto& problem : config.error())
        std::cerr << "portcullis-gateway: " << problem << '\n';
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    if (const auto hardened = common::harden_process(); !hardened) {
        std::cerr << "portcullis-gateway: " << hardened.error().log_detail() << '\n';
        return 1;
    }
    CLI::App app{"The merchant API of Portcullis, a payment gateway"};
    app.require_subcommand(1);
    app.fallthrough();
    common::Config::Sources sources;
    bool only_check = false;
    app.add_option("--config", sources.file, "TOML file with the configuration");
    app.add_option("--set", sources.settings,
                   "section.key=value, over the file and the environment; may be repeated")
        ->take_all();

    auto* serve_command =
        app.add_subcommand("serve", "Answers requests until SIGTERM; SIGHUP reloads certificates");
    serve_command->add_flag("--check", only_check, "Checks the configuration and ends");
    auto* migrate_command = app.add_subcommand("migrate", "Brings the database's schema up to date");
    auto* check_command = app.add_subcommand("check", "Checks the configuration and the files that it names");

    auto* reference_command =
        app.add_subcommand("reference", "Prints the configuration keys as a Markdown table");

    NewAccount account;
    auto* provision_command = app.add_subcommand(
        "provision", "Makes an account with test keys and prints them, this once, as JSON");
    provision_command->add_option("--name", account.name, "Name of the merchant")->required();
    provision_command->add_option("--mode", account.mode, "Second factor: always, risk_based or delegated")
        ->capture_default_str();
    provision_command->add_option("--mcc", account.mcc, "Merchant category, ISO 18245")
        ->capture_default_str();
    provision_command->add_option("--currency", account.currency, "Default currency")->capture_default_str();
    provision_command->add_option("--country", account.country, "ISO 3166, two letters")
        ->capture_default_str();
    provision_command->add_option("--country-numeric", account.country_numeric, "ISO 3166, three digits")
        ->capture_default_str();
    provision_command->add_option("--city", account.city, "City of the merchant")->capture_default_str();
    provision_command->add_option("--statement-descriptor", account.statement_descriptor,
                                  "Begins the text on a cardholder's statement");

    NewKey key;
    auto* keys_command = app.add_subcommand("keys", "API keys of an account");
    keys_command->require_subcommand(1);
    auto* create_command =
        keys_command->add_subcommand("create", "Makes a key and prints it, this once, as JSON");
    create_command->add_option("--account", key.account, "Id of the account, acct_…")->required();
    create_command->add_option("--kind", key.kind, "secret, restricted or publishable")
        ->capture_default_str();
    create_command
        ->add_option("--permission", key.permissions, "Of a restricted key, as in payment_intents:write")
        ->take_all();
    create_command->add_flag("--live", key.live, "For live mode");

    std::string account_id, key_id;
    auto* list_command =
        keys_command->add_subcommand("list", "Lists the keys of an account, a line of JSON each");
    list_command->add_option("--account", account_id, "Id of the account, acct_…")->required();
    auto* revoke_command = keys_command->add_subcommand("revoke", "Refuses a key from now on");
    revoke_command->add_option("--account", account_id, "Id of the account, acct_…")->required();
    revoke_command->add_option("--key", key_id, "Id of the key, as listed")->required();

    NewDestination bank;
    bool payouts_enabled = true;
    auto* account_command = app.add_subcommand("account", "What the operator decides about an account");
    account_command->require_subcommand(1);
    auto* bank_command = account_command->add_subcommand(
        "bank-account", "Sets where payouts go; the account's number is read from standard input");
    bank_command->add_option("--account", bank.account, "Id of the account, acct_…")->required();
    bank_command->add_option("--country", bank.country, "Of the bank, ISO 3166, two letters")->required();
    bank_command->add_option("--currency", bank.currency, "Of the payouts that go there")->required();
    bank_command->add_option("--holder", bank.holder, "Name of the holder")->required();
    bank_command->add_option("--bank", bank.bank, "Name of the bank");
    bank_command->add_option("--routing-number", bank.routing_number, "Of the bank, or its BIC");
    bank_command->add_flag("--live", bank.live, "For live mode");
    auto* payouts_command = account_command->add_subcommand("payouts", "Allows or stops payouts");
    payouts_command->add_option("--account", account_id, "Id of the account, acct_…")->required();
    payouts_command->add_option("--enabled", payouts_enabled, "true or false")->required();

    CLI11_PARSE(app, argc, argv);
    if (*reference_command) {
        std::cout << common::config_reference(config_keys());
        return 0;
    }
    if (*check_command || only_check) return with_config(sources, check);
    if (*serve_command) return with_config(sources, serve);
    if (*migrate_command) return with_config(sources, migrate);
    if (*provision_command)
        return with_config(sources, [&](const common::Config& config) { return provision(config, account); });
    if (*bank_command)
        return with_config(sources,
                           [&](const common::Config& config) { return set_bank_account(config, bank); });
    if (*payouts_command)
        return with_config(sources, [&](const common::Config& config) {
            return enable_payouts(config, account_id, payouts_enabled);
        });
    if (*list_command)
        return with_config(sources,
                           [&](const common::Config& config) { return list_keys(config, account_id); });
    if (*revoke_command)
        return with_config(
            sources, [&](const common::Config& config) { return revoke_key(config, account_id, key_id); });
    return with_config(sources, [&](const common::Config& config) { return create_key(config, key); });
}
