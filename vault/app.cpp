#include "vault/app.h"

#include <future>

#include "certs/tls.h"
#include "common/clock.h"
#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "common/http/server.h"
#include "common/log.h"
#include "common/runtime.h"
#include "hsm/hsm.h"
#include "vault/api/health.h"
#include "vault/api/routes.h"
#include "vault/cards/card_service.h"
#include "vault/relay/relay.h"

namespace vault {
namespace {

using common::Config;
using common::ConfigKey;
using common::ConfigKind;
using common::Error;
using common::Fail;
using common::required;
using common::Result;
using common::Safe;
using common::Status;
namespace asio = boost::asio;
namespace http = common::http;

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
     "The same database as the role that owns the schema; for `migrate`"},
    {"database.migrations", ConfigKind::text, PORTCULLIS_VAULT_SOURCE "/store/migrations",
     "Folder with the files of the schema; for `migrate`"},
    {"hsm.module", ConfigKind::file, required, "PKCS#11 library of the HSM"},
    {"hsm.token_label", ConfigKind::text, required, "Label of the token"},
    {"hsm.pin_file", ConfigKind::private_file, required, "File with the user PIN of the token"},
    {"hsm.workers", ConfigKind::integer, "2", "Sessions with the HSM", 1, 64},
    {"hsm.waived_attributes", ConfigKind::list, "", "Attributes that this module does not know, by name"},
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
     "Funding and country by first digits"},
    {"sandbox.enabled", ConfigKind::boolean, "false", "Whether cards of test mode are taken"},
    {"sandbox.cards_file", ConfigKind::file, PORTCULLIS_VAULT_SOURCE "/cards/sandbox_cards.json",
     "Table of test cards; live mode refuses them"},
    {"log.level", ConfigKind::text, "info", "debug, info, warning or error"},
};

certs::TlsFiles server_files(const Config& config) {
    certs::TlsFiles files{config.text("server.certificate"), config.text("server.key"),
                          config.text("server.ca")};
    files.crl = config.text("server.crl");
    files.trust_domain = config.text("server.trust_domain");
    return files;
}

certs::TlsFiles acquirer_files(const Config& config) {
    certs::TlsFiles files{config.text("acquirer.certificate"), config.text("acquirer.key"),
                          config.text("acquirer.ca")};
    files.crl = config.text("acquirer.crl");
    files.trust_domain = config.text("server.trust_domain");
    return files;
}

http::TlsSource source_of(const std::shared_ptr<certs::TlsContext>& context) {
    return [context] { return context->current(); };
}

hsm::Options hsm_options(const Config& config) {
    hsm::Options options;
    options.module = config.text("hsm.module");
    options.token_label = config.text("hsm.token_label");
    options.pin_file = config.text("hsm.pin_file");
    options.workers = static_cast<unsigned>(config.integer("hsm.workers"));
    options.waived_attributes = config.list("hsm.waived_attributes");
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

Result<relay::Options> relay_options(const Config& config) {
    relay::Options options;
    options.link.host = config.text("acquirer.host");
    options.link.port = static_cast<unsigned short>(config.integer("acquirer.port"));
    options.link.peer_identity = config.text("acquirer.identity");
    options.link.forwarder_id = config.text("acquirer.forwarder_id");
    options.acquirer_id = config.text("acquirer.acquirer_id");
    const auto profile = config.text("acquirer.profile");
    if (profile != "GW87A" && profile != "GW87B")
        return Fail{Error::internal("acquirer.profile is neither GW87A nor GW87B")};
    options.link.profile = profile == "GW87A" ? iso8583::Profile::gw87a : iso8583::Profile::gw87b;
    // Two vaults never listen on one port of one address, so this names the process that died before this
    // one.
    if (config.integer("server.port") != 0)
        options.instance =
            config.text("server.address") + ':' + std::to_string(config.integer("server.port"));
    return options;
}

struct Tables {
    cards::SandboxCards sandbox;
    cards::BinTable bins;
    std::shared_ptr<certs::TlsContext> server, acquirer;
    relay::Options relay;
};

Result<Tables> load_tables(const Config& config) {
    auto sandbox = cards::SandboxCards::load(config.text("sandbox.cards_file"));
    if (!sandbox) return Fail{sandbox.error()};
    auto bins = cards::BinTable::load(config.text("cards.bins_file"));
    if (!bins) return Fail{bins.error()};
    auto server = certs::TlsContext::load(certs::Profile::internal_server, server_files(config));
    if (!server) return Fail{server.error()};
    auto acquirer = certs::TlsContext::load(certs::Profile::internal_client, acquirer_files(config));
    if (!acquirer) return Fail{acquirer.error()};
    auto relay = relay_options(config);
    if (!relay) return Fail{relay.error()};
    return Tables{std::move(*sandbox), std::move(*bins), std::move(*server), std::move(*acquirer),
                  std::move(*relay)};
}

}  // namespace

std::span<const ConfigKey> config_keys() {
    return key_table;
}

Result<int> migrate(const Config& config) {
    if (!config.given("database.owner_url"))
        return Fail{Error::internal(
            "database.owner_url is not set: `migrate` runs as the role that owns the schema")};
    return common::db::migrate(config.text("database.owner_url"), config.text("database.migrations"));
}

Status check_files(const Config& config) {
    const auto tables = load_tables(config);
    if (!tables) return Fail{tables.error()};
    return {};
}

// Contexts are the last to go: until then the pools may hand them what they finished.
struct App::Impl {
    common::SystemClock clock;
    common::Metrics& metrics;
    Tables tables;
    std::chrono::milliseconds drain_max;
    common::Runtime runtime;
    std::unique_ptr<hsm::Hsm> hsm;
    common::db::Pool pool;
    store::CardRows rows{pool};
    store::MerchantKeys merchant_keys{pool};
    keys::KeyMaterial material{*hsm};
    keys::KeyRing ring{*hsm, merchant_keys, material, clock, metrics};
    cards::Fingerprinter fingerprinter{*hsm};
    cards::CvcStore codes{clock};
    cards::CardService cards;
    relay::Relay relay;
    api::HealthProbe health{*hsm, rows, relay};
    api::Api api;
    std::vector<std::unique_ptr<http::Server>> servers;
    std::atomic<bool> stopping = false;
    std::thread stopper;

    Impl(const Config& config, Tables loaded, std::unique_ptr<hsm::Hsm> opened, common::Metrics& counted)
        : metrics{counted},
          tables{std::move(loaded)},
          drain_max{config.integer("server.drain_ms")},
          runtime{static_cast<unsigned>(config.integer("server.threads"))},
          hsm{std::move(opened)},
          pool{pool_options(config), metrics},
          cards{{rows, ring, material, fingerprinter, codes, tables.sandbox, tables.bins, clock, metrics,
                 config.boolean("sandbox.enabled")}},
          relay{tables.relay, pool, cards, source_of(tables.acquirer), clock, metrics},
          api{{cards, relay, health, config.text("server.trust_domain")}} {
        for (std::size_t i = 0; i < runtime.size(); ++i) {
            auto handler = [this](http::Request& request) { return api.handle(request); };
            servers.push_back(std::make_unique<http::Server>(runtime.io(i), server_options(config),
                                                             source_of(tables.server), std::move(handler),
                                                             metrics));
        }
    }

    ~Impl() {
        if (stopper.joinable()) stopper.join();
        relay.stop(std::chrono::milliseconds{0});
    }

    static http::ServerOptions server_options(const Config& config) {
        http::ServerOptions options;
        options.address = config.text("server.address");
        options.port = static_cast<unsigned short>(config.integer("server.port"));
        options.body_max = [](http::Method, std::string_view) { return api::body_bytes_max; };
        options.route_label = [](http::Method method, std::string_view path) {
            return api::Api::route_label(method, path);
        };
        options.request_client_certificate = true;
        options.idle_max = std::chrono::minutes{5};
        options.request_max = std::chrono::milliseconds{config.integer("server.request_ms")};
        return options;
    }

    // One port for all: the first listener may be given any free one.
    Result<unsigned short> listen() {
        const auto port = servers.front()->start();
        if (!port) return port;
        for (std::size_t i = 1; i < servers.size(); ++i)
            if (const auto next = servers[i]->start(); !next) return next;
        return port;
    }

    asio::awaitable<void> tidy() {
        constexpr std::chrono::seconds every{15};
        asio::steady_timer timer{co_await asio::this_coro::executor};
        for (;;) {
            timer.expires_after(every);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            codes.purge();
            ring.purge();
        }
    }

    // Requests end first, for they may wait for the acquirer; then the link; then the threads.
    void drain() {
        health.draining();
        std::vector<std::future<void>> done;
        for (std::size_t i = 0; i < servers.size(); ++i) {
            auto finished = std::make_shared<std::promise<void>>();
            done.push_back(finished->get_future());
            asio::post(runtime.io(i), [this, i, finished] {
                servers[i]->drain(drain_max, [finished] { finished->set_value(); });
            });
        }
        for (auto& each : done)
            each.wait_for(drain_max + std::chrono::seconds{1});
        relay.stop(drain_max);
        runtime.stop();
    }

    void stop() {
        if (stopping.exchange(true)) return;
        stopper = std::thread{[this] { drain(); }};
    }

    void reload() {
        for (const auto& context : {tables.server, tables.acquirer})
            if (const auto outcome = context->reload(); !outcome)
                common::log::failure("certificates not reloaded", outcome.error());
            else
                common::log::info("certificates reloaded");
    }
};

App::App(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
App::~App() = default;

Result<std::unique_ptr<App>> App::make(const Config& config, common::Metrics& metrics) {
    auto tables = load_tables(config);
    if (!tables) return Fail{tables.error()};
    auto hsm = hsm::Hsm::open(
        hsm_options(config),
        {{hsm::Purpose::kek_card, 1}, {hsm::Purpose::fingerprint, 1}, {hsm::Purpose::registry, 1}}, metrics);
    if (!hsm) return Fail{hsm.error()};
    return std::unique_ptr<App>{
        new App{std::make_unique<Impl>(config, std::move(*tables), std::move(*hsm), metrics)}};
}

Result<unsigned short> App::start() {
    // The port first: a vault that has it is the only one of its name, and may settle what the last one left.
    const auto port = impl_->listen();
    if (!port) return port;
    if (const auto started = impl_->relay.start(); !started) return Fail{started.error()};
    asio::co_spawn(impl_->runtime.io(0), impl_->tidy(), common::log_exceptions("tidy"));
    common::log::info("vault listens", {{"port", Safe::number(*port)}});
    return port;
}

void App::run() {
    impl_->runtime.run();
}

void App::handle_signals() {
    impl_->runtime.on_signals({[this] { stop(); }, [this] { reload(); }});
}

void App::stop() {
    impl_->stop();
}
void App::reload() {
    impl_->reload();
}

}  // namespace vault
