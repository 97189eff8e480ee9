#include "vault/settings.h"

#include <boost/asio/ip/host_name.hpp>

#include "common/ids.h"
#include "vault/audit/cut.h"

namespace vault {
namespace {

using common::Config;
using common::ConfigKey;
using common::ConfigKind;
using common::required;

constexpr ConfigKey key_table[] = {
    {"server.address", ConfigKind::text, "127.0.0.1", "Address that the vault listens on"},
    {"server.port", ConfigKind::port, "8444", "Port that the vault listens on; 0 picks a free one"},
    {"server.threads", ConfigKind::integer, "2", "Threads that serve requests", 1, 256},
    {"server.certificate", ConfigKind::file, required, "Certificate chain of the vault, PEM"},
    {"server.key", ConfigKind::private_file, required, "Key of the certificate, PEM"},
    {"server.ca", ConfigKind::file, required, "Authority that callers' certificates must chain to, PEM"},
    {"server.crl", ConfigKind::file, "",
     "Certificates of callers that are refused though they chain, PEM; read again at SIGHUP"},
    {"server.trust_domain", ConfigKind::text, "portcullis", "Callers are spiffe://<this>/<name>"},
    {"server.request_ms", ConfigKind::duration_ms, "27000",
     "How long a request may take; an acquirer's answer is waited for no longer", 1000, 120'000},
    {"server.drain_ms", ConfigKind::duration_ms, "25000", "How long requests may take to end at SIGTERM", 0,
     600'000},
    {"metrics.port", ConfigKind::port, "9465", "Port of /metrics on 127.0.0.1; 0 picks a free one"},
    {"database.url", ConfigKind::text, required, "PostgreSQL database of the vault, as the service's role"},
    {"database.passfile", ConfigKind::private_file, "", "libpq password file"},
    {"database.connections", ConfigKind::integer, "8", "Connections to the database", 1, 256},
    {"database.owner_url", ConfigKind::text, "",
     "The same database as the role that owns the schema; for `migrate` and `audit prune`"},
    {"database.migrations", ConfigKind::text, PORTCULLIS_VAULT_SOURCE "/store/migrations",
     "Folder with the files of the schema; for `migrate`"},
    {"hsm.module", ConfigKind::file, required, "PKCS#11 library of the HSM"},
    {"hsm.token_label", ConfigKind::text, required, "Label of the token"},
    {"hsm.pin_file", ConfigKind::private_file, required, "File with the user PIN of the token"},
    {"hsm.workers", ConfigKind::integer, "2", "Sessions with the HSM", 1, 64},
    {"hsm.fallback_tokens", ConfigKind::list, "",
     "Labels of copies of the token, in the order in which they are used while it cannot be"},
    {"hsm.profile", ConfigKind::file, "",
     "What this module does otherwise than the standard, as in hsm/profiles/; empty: nothing"},
    {"hsm.directory", ConfigKind::directory, "", "Directory of the token, where the profile asks for one"},
    {"keys.cache_ms", ConfigKind::duration_ms, "300000",
     "How long an open merchant key is kept in locked memory; 0 = a call of the HSM whenever one is needed",
     0, 3'600'000},
    {"keys.merchant_days", ConfigKind::integer, "90",
     "After so many days a merchant key is replaced by itself", 1, 3650},
    {"keys.kek_days", ConfigKind::integer, "365",
     "After so many days a key of the HSM that seals keys counts as overdue", 1, 3650},
    {"keys.fingerprint_days", ConfigKind::integer, "900", "The same, for the key of fingerprints", 1, 3650},
    {"keys.velocity_days", ConfigKind::integer, "90", "The same, for the key of velocity limits", 1, 3650},
    {"keys.signing_days", ConfigKind::integer, "365",
     "The same, for the keys of audit log, proofs and registry", 1, 3650},
    {"keys.backup_days", ConfigKind::integer, "35",
     "For so long after it went out of use a key is kept for the sake of backups", 0, 3650},
    {"keys.rewraps_per_second", ConfigKind::integer, "2000",
     "How many card keys a second a vault seals anew in the background", 1, 1'000'000},
    {"keys.housekeeping_ms", ConfigKind::duration_ms, "60000",
     "How often a vault looks for keys that have to be replaced, sealed anew or destroyed", 1000, 86'400'000},
    {"custodians.anchor_file", ConfigKind::text, "",
     "File that remembers how far the custodians' register has got, so that an older copy of it in the "
     "database "
     "is refused; empty: none"},
    {"custodians.approval_hours", ConfigKind::integer, "24",
     "How long an act that needs several custodians may wait for them", 1, 168},
    {"vault.name", ConfigKind::text, "",
     "Name of this process among the vaults of one database, as `server.address`:`server.port` when it is "
     "empty; handles of security codes carry it, so that the gateway knows whom to ask"},
    {"audit.stream", ConfigKind::text, "",
     "Name of this process's stream of the audit log; empty: made of its host, address and port"},
    {"audit.operator_stream", ConfigKind::text, "",
     "The same for command-line tools; empty: operator and the host"},
    {"audit.checkpoint_directory", ConfigKind::directory, required,
     "Second place of the audit log's checkpoints, apart from the database"},
    {"audit.checkpoint_ms", ConfigKind::duration_ms, "1000", "How often the HSM signs where the log stands",
     50, 60'000},
    {"audit.unsealed_ms", ConfigKind::duration_ms, "10000",
     "How old an entry may get without a checkpoint before the log takes no more", 1000, 600'000},
    {"audit.keep_days", ConfigKind::integer, "366",
     "For so many days at least `audit prune` leaves entries where they are; twelve months are the minimum",
     audit::keep_min.count(), 36'500},
    {"acquirer.host", ConfigKind::text, required,
     "Host of the acquirer, and the name its certificate carries"},
    {"acquirer.port", ConfigKind::port, required, "Port of the acquirer"},
    {"acquirer.identity", ConfigKind::text, "",
     "URI identity of the acquirer's certificate; empty: its host name"},
    {"acquirer.ca", ConfigKind::file, required, "Authority of the acquirer's certificate, PEM"},
    {"acquirer.crl", ConfigKind::file, "", "Certificates of the acquirer that are refused, PEM"},
    {"acquirer.certificate", ConfigKind::file, required,
     "Certificate that the vault shows to the acquirer, PEM"},
    {"acquirer.key", ConfigKind::private_file, required, "Key of that certificate, PEM"},
    {"acquirer.acquirer_id", ConfigKind::text, required, "ISO 8583 field 32"},
    {"acquirer.forwarder_id", ConfigKind::text, required, "ISO 8583 field 33"},
    {"acquirer.profile", ConfigKind::text, "GW87A", "Encoding of the messages: GW87A or GW87B"},
    {"cards.bins_file", ConfigKind::file, PORTCULLIS_VAULT_SOURCE "/cards/bins.json",
     "Brand, funding and country by first digits; read again at SIGHUP"},
    {"cards.velocity_per_hour", ConfigKind::integer, "0",
     "How often one card number may be given to all vaults in an hour, by all accounts together; 0 = any "
     "number of times",
     0, 1'000'000},
    {"retention.unused_card_days", ConfigKind::integer, "1095",
     "Days after its last authorization, or else after it was stored, on which a card is erased; 0 = never",
     0, 36'500},
    {"retention.expired_card_days", ConfigKind::integer, "548",
     "Days after the month of its expiry on which a card is erased; 0 = never", 0, 36'500},
    {"retention.tombstone_days", ConfigKind::integer, "1825",
     "Days for which the vault knows that a card was erased; longer than backups are kept; 0 = for ever", 0,
     36'500},
    {"retention.purge_minutes", ConfigKind::integer, "60",
     "How often the vault looks for what is to be erased; 0 = only `purge` does", 0, 10'080},
    {"sandbox.enabled", ConfigKind::boolean, "false", "Whether cards of test mode are taken"},
    {"sandbox.cards_file", ConfigKind::file, PORTCULLIS_VAULT_SOURCE "/cards/sandbox_cards.json",
     "Table of test cards; live mode refuses them"},
    {"log.level", ConfigKind::text, "info", "debug, info, warning or error"},
};

std::string host_name() {
    boost::system::error_code unknown;
    return boost::asio::ip::host_name(unknown);
}

}  // namespace

std::span<const ConfigKey> config_keys() {
    return key_table;
}

hsm::Options hsm_options(const Config& config) {
    hsm::Options options;
    options.module = config.text("hsm.module");
    options.token_label = config.text("hsm.token_label");
    options.pin_file = config.text("hsm.pin_file");
    options.workers = static_cast<unsigned>(config.integer("hsm.workers"));
    options.fallback_tokens = config.list("hsm.fallback_tokens");
    options.profile_file = config.text("hsm.profile");
    options.directory = config.text("hsm.directory");
    return options;
}

common::db::Pool::Options pool_options(const Config& config) {
    common::db::Pool::Options options;
    options.url = config.text("database.url");
    options.passfile = config.text("database.passfile");
    options.name = "portcullis-vault";
    options.connections = static_cast<unsigned>(config.integer("database.connections"));
    return options;
}

cards::RetentionRules retention_rules(const Config& config) {
    return {config.integer("retention.unused_card_days"), config.integer("retention.expired_card_days"),
            config.integer("retention.tombstone_days")};
}

keys::Cryptoperiods cryptoperiods(const Config& config) {
    using std::chrono::days;
    keys::Cryptoperiods periods;
    periods.merchant = days{config.integer("keys.merchant_days")};
    periods.kek = days{config.integer("keys.kek_days")};
    periods.fingerprint = days{config.integer("keys.fingerprint_days")};
    periods.velocity = days{config.integer("keys.velocity_days")};
    periods.signing = days{config.integer("keys.signing_days")};
    return periods;
}

audit::Log::Options audit_options(const Config& config) {
    audit::Log::Options options;
    options.stream = config.text("audit.stream");
    if (options.stream.empty())
        options.stream = config.integer("server.port") == 0
                             ? common::new_id("vault_", common::new_account_id())
                             : host_name() + ':' + config.text("server.address") + ':' +
                                   std::to_string(config.integer("server.port"));
    options.checkpoint_directory = config.text("audit.checkpoint_directory");
    options.checkpoint_every = std::chrono::milliseconds{config.integer("audit.checkpoint_ms")};
    options.unsealed_max = std::chrono::milliseconds{config.integer("audit.unsealed_ms")};
    return options;
}

audit::Log::Options operator_audit_options(const Config& config, std::string actor) {
    auto options = audit_options(config);
    options.stream = config.text("audit.operator_stream");
    if (options.stream.empty()) options.stream = "operator:" + host_name();
    options.actor = std::move(actor);
    options.announce = false;
    options.checkpoint_every = std::chrono::milliseconds{100};  // a tool does not live for long
    return options;
}

// Its own connections, so that entries never wait behind the work that waits for them.
common::db::Pool::Options audit_pool_options(const Config& config) {
    auto options = pool_options(config);
    options.name = "portcullis-vault-audit";
    options.connections = 2;
    return options;
}

common::db::Pool::Options owner_pool_options(const Config& config) {
    constexpr std::chrono::minutes work_max{1};
    auto options = pool_options(config);
    options.url = config.text("database.owner_url");
    options.name = "portcullis-vault-owner";
    options.connections = 1;
    options.statement_timeout = options.commit_max = work_max;
    return options;
}

}  // namespace vault
