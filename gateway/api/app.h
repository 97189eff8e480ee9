// The gateway as a process: configuration, wiring, and what its subcommands do.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/config.h"

namespace gateway::api {

std::span<const common::ConfigKey> config_keys();

struct NewAccount {
    std::string name, mode = "always", currency = "eur";
    std::string mcc = "5734", country = "DE", country_numeric = "276", city = "Berlin";
    std::string statement_descriptor;
};

struct NewKey {
    std::string account;          // "acct_…"
    std::string kind = "secret";  // secret, restricted, publishable
    bool live = false;
    std::vector<std::string> permissions;  // of a restricted key
};

struct NewDestination {
    std::string account;  // "acct_…"
    std::string country, currency, holder, bank, routing_number;
    bool live = false;
};

// Each returns the exit code of the process; problems are told on standard error.
int serve(const common::Config& config);
int migrate(const common::Config& config);
int check(const common::Config& config);
// Makes an account with a secret and a publishable test key and prints {"id", "secret_key",
// "publishable_key"}.
int provision(const common::Config& config, const NewAccount& account);
// Prints a line of JSON for each key of the account: id, kind, livemode, created, expires_at.
int list_keys(const common::Config& config, const std::string& account);
// From now on the key is refused.
int revoke_key(const common::Config& config, const std::string& account, const std::string& key_id);
// Prints {"key", "kind", "livemode"}; the key is shown this once.
int create_key(const common::Config& config, const NewKey& key);
// From now on payouts in that currency and mode go there. Reads the account's number from standard input and
// prints {"id", "currency", "last4", "fingerprint", "livemode"}.
int set_bank_account(const common::Config& config, const NewDestination& destination);
// Whether the account may pay out.
int enable_payouts(const common::Config& config, const std::string& account, bool enabled);

}  // namespace gateway::api
