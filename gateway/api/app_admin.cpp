// Subcommands that make things and end: migrate, check, provision, keys.
#include <iostream>

#include <boost/json/serialize.hpp>

#include "certs/tls.h"
#include "common/db/migrate.h"
#include "common/json.h"
#include "common/log.h"
#include "common/money.h"
#include "gateway/api/app.h"
#include "gateway/api/office.h"
#include "gateway/api/terms.h"
#include "gateway/api/vaults.h"
#include "gateway/api/webhooks_config.h"
#include "gateway/merchants/merchants.h"
#include "gateway/store/key_list.h"

namespace gateway::api {

using office::fail;
using office::no_account;
using office::open_office;
using office::print_line;
using office::refuse;

namespace {

constexpr std::size_t pepper_size_min = 32;

bool is_digits(std::string_view text, std::size_t size) {
    return text.size() == size && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A card acceptor's identity at the acquirer: 8 and 15 characters, made of the account's own.
vault::MerchantIdentity identity_of(const NewAccount& given, common::AccountId id) {
    vault::MerchantIdentity identity;
    identity.mcc = given.mcc;
    identity.country_numeric = given.country_numeric;
    identity.terminal_id = common::base62_of(id);
    identity.merchant_id = "PORTCUL" + common::base62_of(id);
    identity.name = given.name;
    identity.city = given.city;
    identity.country = given.country;
    return identity;
}

std::optional<std::string_view> problem_of(const NewAccount& given) {
    if (given.name.empty() || given.name.size() > 100) return "--name needs 1 to 100 characters";
    if (given.mode != "always" && given.mode != "risk_based" && given.mode != "delegated")
        return "--mode is one of always, risk_based, delegated";
    if (!is_digits(given.mcc, 4)) return "--mcc is four digits (ISO 18245)";
    if (!is_digits(given.country_numeric, 3)) return "--country-numeric is three digits (ISO 3166)";
    if (given.country.size() != 2) return "--country is two letters (ISO 3166)";
    if (!common::Currency::find(given.currency)) return "--currency is not one that this gateway charges in";
    if (given.statement_descriptor.size() > 10) return "--statement-descriptor has at most 10 characters";
    return std::nullopt;
}

std::optional<KeyKind> kind_of(std::string_view text) {
    if (text == "secret") return KeyKind::secret;
    if (text == "restricted") return KeyKind::restricted;
    if (text == "publishable") return KeyKind::publishable;
    return std::nullopt;
}

}  // namespace

int migrate(const common::Config& config) {
    if (!config.given("database.owner_url")) return refuse("database.owner_url is needed to migrate");
    const auto applied =
        common::db::migrate(config.text("database.owner_url"), config.text("database.migrations"));
    if (!applied) return fail(applied.error());
    std::cout << *applied << " migrations applied\n";
    return 0;
}

int check(const common::Config& config) {
    const auto level = config.text("log.level");
    if (level != "debug" && level != "info" && level != "warning" && level != "error")
        return refuse("log.level is one of debug, info, warning, error");
    const auto pepper = common::read_secret_file(config.text("keys.pepper_file"));
    if (!pepper) return fail(pepper.error());
    if (pepper->size() < pepper_size_min) return refuse("keys.pepper_file holds less than 32 bytes");
    const auto server = certs::TlsContext::load(
        certs::Profile::public_server, {config.text("server.certificate"), config.text("server.key")});
    if (!server) return fail(server.error());
    if (const auto vaults = vaults_of(config); !vaults) return fail(vaults.error());
    if (const auto terms = terms_of(config); !terms) return fail(terms.error());
    if (const auto terms = payout_terms_of(config); !terms) return fail(terms.error());
    const auto client = certs::TlsContext::load(
        certs::Profile::internal_client,
        {config.text("vault.certificate"), config.text("vault.key"), config.text("vault.ca")});
    if (!client) return fail(client.error());
    if (const auto rules = webhook_rules_of(config); !rules) return fail(rules.error());
    if (const auto receivers = webhook_tls_of(config); !receivers) return fail(receivers.error());
    std::cout << "The configuration is usable.\n";
    return 0;
}

int provision(const common::Config& config, const NewAccount& given) {
    if (const auto problem = problem_of(given)) return refuse(*problem);
    auto office = open_office(config);
    if (!office) return fail(office.error());
    Account account;
    account.id = common::new_account_id();
    account.name = given.name;
    account.default_currency = given.currency;
    account.authentication_mode = given.mode;
    account.statement_descriptor = given.statement_descriptor;
    account.identity = identity_of(given, account.id);
    auto made = (*office)->merchants->create_account(std::move(account));
    if (!made) return fail(made.error());
    const auto secret = (*office)->merchants->create_key(made->id, false, KeyKind::secret);
    if (!secret) return fail(secret.error());
    const auto publishable = (*office)->merchants->create_key(made->id, false, KeyKind::publishable);
    if (!publishable) return fail(publishable.error());
    boost::json::object answer(common::json::wiping_storage());
    answer["id"] = common::public_account_id(made->id);
    answer["secret_key"] = boost::json::string_view(secret->view());
    answer["publishable_key"] = boost::json::string_view(publishable->view());
    print_line(answer);
    return 0;
}

int create_key(const common::Config& config, const NewKey& given) {
    const auto kind = kind_of(given.kind);
    if (!kind) return refuse("--kind is one of secret, restricted, publishable");
    const bool restricted = *kind == KeyKind::restricted;
    if (restricted == given.permissions.empty())
        return refuse(restricted ? "a restricted key needs --permission"
                                 : "--permission goes with --kind restricted");
    const auto account = common::account_of(given.account, "acct_");
    if (!account) return refuse(no_account);
    auto office = open_office(config);
    if (!office) return fail(office.error());
    const auto key = (*office)->merchants->create_key(*account, given.live, *kind, given.permissions);
    if (!key) return fail(key.error());
    boost::json::object answer(common::json::wiping_storage());
    answer["key"] = boost::json::string_view(key->view());
    answer["kind"] = given.kind;
    answer["livemode"] = given.live;
    print_line(answer);
    return 0;
}

int list_keys(const common::Config& config, const std::string& account) {
    const auto id = common::account_of(account, "acct_");
    if (!id) return refuse(no_account);
    auto office = open_office(config);
    if (!office) return fail(office.error());
    auto job = [&id](common::db::Transaction& tx) -> common::Result<std::vector<store::ListedKey>> {
        store::enter(tx, *id);
        return store::list_api_keys(tx, *id);
    };
    const auto keys = (*office)->database->transaction_blocking(job);
    if (!keys) return fail(keys.error());
    for (const auto& key : *keys)
        print_line({{"id", key.id},
                    {"kind", key.kind},
                    {"livemode", key.livemode},
                    {"created", key.created},
                    {"expires_at",
                     key.expires_at ? boost::json::value(*key.expires_at) : boost::json::value(nullptr)}});
    return 0;
}

int revoke_key(const common::Config& config, const std::string& account, const std::string& key_id) {
    const auto id = common::account_of(account, "acct_");
    if (!id) return refuse(no_account);
    auto office = open_office(config);
    if (!office) return fail(office.error());
    auto job = [&](common::db::Transaction& tx) -> common::Result<bool> {
        store::enter(tx, *id);
        return store::expire_api_key(tx, *id, key_id, (*office)->clock.unix_seconds());
    };
    const auto done = (*office)->database->transaction_blocking(job);
    if (!done) return fail(done.error());
    if (!*done) return refuse("the account has no such key");
    std::cout << "revoked\n";
    return 0;
}

}  // namespace gateway::api
