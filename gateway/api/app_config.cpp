#include "gateway/api/app.h"

#ifndef PORTCULLIS_GATEWAY_MIGRATIONS
#error "PORTCULLIS_GATEWAY_MIGRATIONS names the folder of the schema's migrations"
#endif

namespace gateway::api {
namespace {

using common::ConfigKind;

constexpr common::ConfigKey keys[] = {
    {"server.address", ConfigKind::text, "127.0.0.1", "Address that the merchant API listens on."},
    {"server.port", ConfigKind::port, "8443", "Port of the merchant API; 0 takes any free one."},
    {"server.threads", ConfigKind::integer, "2", "I/O threads, each with its own listener.", 1, 64},
    {"server.certificate", ConfigKind::file, common::required,
     "PEM chain of the merchant API's certificate, leaf first."},
    {"server.key", ConfigKind::private_file, common::required, "PEM key of that certificate, mode 0600."},
    {"server.public_url", ConfigKind::text, "https://localhost:8443",
     "How callers reach this gateway; begins error.request_log_url."},
    {"server.documentation_url", ConfigKind::text, "",
     "Page with an anchor for each error code, sent as error.doc_url; empty = the gateway's own, "
     "/docs/errors."},
    {"server.drain_ms", ConfigKind::duration_ms, "10000", "How long requests may take to end after SIGTERM.",
     0, 120000},
    {"metrics.port", ConfigKind::port, "9464", "Loopback port of /metrics; 0 takes any free one."},
    {"database.url", ConfigKind::text, common::required,
     "PostgreSQL database of the gateway, as the role that owns nothing."},
    {"database.passfile", ConfigKind::text, "", "libpq password file (0600) for database.url."},
    {"database.connections", ConfigKind::integer, "8", "Database connections, each with a thread.", 1, 256},
    {"database.owner_url", ConfigKind::text, "",
     "The same database as the role that owns the schema; used by migrate only."},
    {"database.migrations", ConfigKind::text, PORTCULLIS_GATEWAY_MIGRATIONS,
     "Folder of the schema's migrations."},
    {"vault.host", ConfigKind::text, "localhost", "Host of the vault, as in its certificate."},
    {"vault.port", ConfigKind::port, "8444", "Port of the vault."},
    {"vault.peers", ConfigKind::list, "",
     "Several vaults on one database instead of that one, each as name=host:port, where name is its "
     "vault.name."},
    {"vault.identity", ConfigKind::text, "spiffe://portcullis/vault",
     "URI that the vault's certificate must carry."},
    {"vault.ca", ConfigKind::file, common::required,
     "PEM bundle that the vault's certificate must chain to."},
    {"vault.crl", ConfigKind::file, "",
     "Certificates of vaults that are refused though they chain, PEM; read again at SIGHUP."},
    {"vault.certificate", ConfigKind::file, common::required,
     "PEM chain of the gateway's client certificate."},
    {"vault.key", ConfigKind::private_file, common::required, "PEM key of that certificate, mode 0600."},
    {"keys.pepper_file", ConfigKind::private_file, common::required,
     "Secret that API keys and request digests are hashed under, and from which the keys are derived that "
     "seal "
     "webhook secrets and bank account numbers and make ephemeral keys and links of files; mode 0600."},
    {"rate_limit.requests_per_second", ConfigKind::integer, "100",
     "Requests a second of each account in live mode; 0 = no limit, nor any of the following.", 0, 1000000},
    {"rate_limit.test_requests_per_second", ConfigKind::integer, "25", "The same in test mode.", 1, 1000000},
    {"rate_limit.endpoint_requests_per_second", ConfigKind::integer, "25", "Of these, requests to one route.",
     1, 1000000},
    {"rate_limit.searches_per_second", ConfigKind::integer, "20", "Of these, searches.", 1, 1000000},
    {"rate_limit.files_per_second", ConfigKind::integer, "20", "Of these, files read, and as many written.",
     1, 1000000},
    {"webhooks.allow_private_addresses", ConfigKind::boolean, "false",
     "Whether webhooks may be sent to loopback, private networks and this machine itself."},
    {"webhooks.allow_plain_http", ConfigKind::boolean, "false",
     "Whether endpoints of test mode may have http URLs; those of live mode never may."},
    {"webhooks.ports", ConfigKind::list, "443,8443", "Ports that webhooks are sent to; * = any."},
    {"webhooks.ca_file", ConfigKind::file, "",
     "PEM bundle that receivers' certificates must chain to; empty = the system's."},
    {"fees.basis_points", ConfigKind::integer, "150",
     "What merchants pay of a captured amount, in hundredths of a percent; half a minor unit is rounded up.",
     0, 10000},
    {"fees.fixed", ConfigKind::integer, "25",
     "What they pay besides, in minor units of the currency; both together never exceed the amount.", 0,
     1000000000},
    {"fees.fixed_by_currency", ConfigKind::list, "",
     "Other fixed parts for single currencies, each as currency=minor units, such as jpy=40."},
    {"settlement.days", ConfigKind::integer, "2",
     "Days from the capture until the money counts as available in the merchant's balance.", 0, 90},
    {"payouts.bank", ConfigKind::text, "none",
     "Which bank carries payouts out: none, or sandbox, which serves test mode only."},
    {"payouts.days", ConfigKind::integer, "2", "Days until a standard payout arrives.", 0, 30},
    {"payouts.instant_minutes", ConfigKind::integer, "30", "Minutes until an instant payout arrives.", 0,
     1440},
    {"payouts.hold_minutes", ConfigKind::integer, "60",
     "Minutes that a standard payout waits, and can be canceled, before it is sent to the bank.", 0, 10080},
    {"log.level", ConfigKind::text, "info", "debug, info, warning or error."},
};

}  // namespace

std::span<const common::ConfigKey> config_keys() {
    return keys;
}

}  // namespace gateway::api
