#include "gateway/simulator/service.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/runtime.h"
#include "gateway/simulator/control.h"
#include "gateway/simulator/host.h"
#include "gateway/simulator/issuer.h"
#include "gateway/simulator/journal.h"

namespace simulator {
namespace {

using common::Config;
using common::ConfigKind;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;

constexpr common::ConfigKey keys[] = {
    {"server.address", ConfigKind::text, "127.0.0.1", "IP address to listen on"},
    {"server.port", ConfigKind::port, common::required, "ISO 8583 over TLS; 0 takes any free one"},
    {"server.certificate", ConfigKind::file, common::required, "certificate chain, PEM"},
    {"server.key", ConfigKind::private_file, common::required, "its private key, PEM"},
    {"server.ca", ConfigKind::file, common::required, "CA that client certificates chain to, PEM"},
    {"server.trust_domain", ConfigKind::text, "portcullis", "of client identities"},
    {"server.connections", ConfigKind::integer, "64", "at most this many at a time", 1, 10000},
    {"metrics.port", ConfigKind::port, "0", "Prometheus metrics on loopback"},
    {"control.port", ConfigKind::port, "0", "read-only view of the issuer's books on loopback"},
    {"simulator.cards_file", ConfigKind::file, common::required, "how each card number behaves, JSON"},
    {"simulator.journal_file", ConfigKind::text, common::required, "every effect; made when absent"},
    {"simulator.key_file", ConfigKind::text, "",
     "key of the card hashes; default: journal_file with .key behind"},
    {"simulator.balance", ConfigKind::integer, "1000000000000", "of a card in each currency, minor units", 0,
     1000000000000000},
    {"simulator.forwarders", ConfigKind::list, "spiffe://portcullis/vault=900001",
     "identity=forwarder id, field 33, for each client"},
    {"simulator.profile", ConfigKind::text, "GW87A", "GW87A (ASCII) or GW87B (BCD and binary)"},
    {"simulator.mac_key_file", ConfigKind::text, "",
     "AES-128 key in hexadecimal; switches authentication on"},
    {"simulator.echo_after_ms", ConfigKind::duration_ms, "60000", "silence before an echo", 100, 3600000},
    {"log.level", ConfigKind::text, "info", "debug, info, warning or error"},
};

std::string key_path(const Config& config) {
    return config.given("simulator.key_file") ? config.text("simulator.key_file")
                                              : config.text("simulator.journal_file") + ".key";
}

// Makes the key of the card hashes when there is none.
Result<SecretBytes> hash_key(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0) {
        std::array<std::uint8_t, 32> random{};
        common::crypto::random_bytes(random);
        const std::string text = common::crypto::to_hex(random) + "\n";
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
        const bool written = file >= 0 &&
                             ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                             ::fsync(file) == 0;
        if (file >= 0) ::close(file);
        if (!written) return Fail{Error::internal("the key file cannot be made: {}", {Safe::param(path)})};
    }
    return common::read_secret_file(path);
}

Result<SecretBytes> mac_key(const Config& config) {
    if (!config.given("simulator.mac_key_file")) return SecretBytes{};
    const auto text = common::read_secret_file(config.text("simulator.mac_key_file"));
    if (!text) return Fail{text.error()};
    const auto bytes = common::crypto::from_hex(text->text());
    if (!bytes || bytes->size() != 16)
        return Fail{Error::internal("simulator.mac_key_file holds no sixteen bytes in hexadecimal")};
    return SecretBytes::copy_of(*bytes);
}

Result<HostOptions> host_options(const Config& config) {
    HostOptions options;
    options.address = config.text("server.address");
    options.port = static_cast<unsigned short>(config.integer("server.port"));
    options.connections_max = static_cast<std::size_t>(config.integer("server.connections"));
    options.echo_after = std::chrono::milliseconds{config.integer("simulator.echo_after_ms")};
    for (const auto& entry : config.list("simulator.forwarders")) {
        const auto split = entry.rfind('=');
        const std::string id = split == std::string::npos ? "" : entry.substr(split + 1);
        if (id.empty() || id.size() > 11 ||
            !std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; }))
            return Fail{Error::internal("simulator.forwarders: each is identity=digits")};
        options.forwarders[entry.substr(0, split)] = id;
    }
    const std::string profile = config.text("simulator.profile");
    if (profile != "GW87A" && profile != "GW87B")
        return Fail{Error::internal("simulator.profile is neither GW87A nor GW87B")};
    options.profile = profile == "GW87A" ? vault::iso8583::Profile::gw87a : vault::iso8583::Profile::gw87b;
    auto key = mac_key(config);
    if (!key) return Fail{key.error()};
    options.mac_key = std::move(*key);
    return options;
}

Result<std::shared_ptr<certs::TlsContext>> tls_of(const Config& config) {
    return certs::TlsContext::load(certs::Profile::internal_server,
                                   certs::TlsFiles{.certificate = config.text("server.certificate"),
                                                   .key = config.text("server.key"),
                                                   .ca = config.text("server.ca"),
                                                   .trust_domain = config.text("server.trust_domain")});
}

}  // namespace

std::span<const common::ConfigKey> config_keys() {
    return keys;
}

Status check(const Config& config) {
    if (const auto options = host_options(config); !options) return Fail{options.error()};
    if (const auto tls = tls_of(config); !tls) return Fail{tls.error()};
    const CardTable::Hash hash{SecretBytes::copy_of(std::string_view{"only to read the file"})};
    if (const auto cards = CardTable::load(config.text("simulator.cards_file"), hash); !cards)
        return Fail{cards.error()};
    return {};
}

Status serve(const Config& config) {
    auto options = host_options(config);
    if (!options) return Fail{options.error()};
    auto tls = tls_of(config);
    if (!tls) return Fail{tls.error()};
    auto key = hash_key(key_path(config));
    if (!key) return Fail{key.error()};
    CardTable::Hash hash{std::move(*key)};
    auto cards = CardTable::load(config.text("simulator.cards_file"), hash);
    if (!cards) return Fail{cards.error()};

    common::Metrics metrics;
    common::Runtime runtime{1};
    auto& io = runtime.io(0);
    const common::SystemClock clock;
    Issuer issuer{std::move(*cards), std::move(hash), config.integer("simulator.balance"), clock};
    bool journal_failed = false;
    std::int64_t lines = 0;
    const auto replay = [&](std::string_view line) {
        ++lines;
        return issuer.restore(line);
    };
    auto journal = Journal::open(config.text("simulator.journal_file"), replay, io, [&] {
        journal_failed = true;
        runtime.stop();
    });
    if (!journal) return Fail{journal.error()};
    Host host{io, std::move(*options), *tls, issuer, **journal, metrics};
    Control control{io, issuer.ledger()};
    const auto port = host.start();
    if (!port) return Fail{port.error()};
    const auto control_port = control.start(static_cast<unsigned short>(config.integer("control.port")));
    if (!control_port) return Fail{control_port.error()};
    const auto metrics_port = metrics.serve(static_cast<unsigned short>(config.integer("metrics.port")));
    if (!metrics_port) return Fail{metrics_port.error()};
    common::log::info("acquirer ready", {{"port", Safe::number(*port)},
                                         {"control_port", Safe::number(*control_port)},
                                         {"metrics_port", Safe::number(*metrics_port)},
                                         {"journal_lines", Safe::number(lines)}});
    runtime.on_signals({.terminate =
                            [&] {
                                host.stop();
                                control.stop();
                                // Behind the last effects and the handlers of what was closed.
                                (*journal)->append("", [&] { runtime.stop(); });
                            },
                        .hangup =
                            [&] {
                                if (const auto done = (*tls)->reload(); !done)
                                    common::log::failure("certificates not reloaded", done.error());
                            }});
    runtime.run();
    if (journal_failed) return Fail{Error::internal("the journal cannot be written")};
    return {};
}

}  // namespace simulator
