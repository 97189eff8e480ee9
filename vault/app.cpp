#include "vault/app.h"

#include <future>

#include "certs/tls.h"
#include "common/base62.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "common/http/server.h"
#include "common/log.h"
#include "common/runtime.h"
#include "common/wait.h"
#include "hsm/hsm.h"
#include "vault/api/health.h"
#include "vault/api/routes.h"
#include "vault/cards/card_keeper.h"
#include "vault/cards/card_service.h"
#include "vault/cards/purge.h"
#include "vault/keys/data_keys.h"
#include "vault/keys/housekeeping.h"
#include "vault/relay/relay.h"
#include "vault/settings.h"

namespace vault {
namespace {

using common::Config;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
namespace asio = boost::asio;
namespace http = common::http;

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

// What the handles of security codes end with. On any free port the process has to invent it.
std::string name_of(const Config& config) {
    if (config.given("vault.name")) return config.text("vault.name");
    const auto port = config.integer("server.port");
    return config.text("server.address") + ':' +
           (port == 0 ? common::crypto::random_base62(8) : std::to_string(port));
}

bool is_vault_name(std::string_view name) {
    constexpr std::size_t size_max = 64;
    constexpr std::string_view others = ".:-_";
    return name.size() <= size_max && std::ranges::all_of(name, [&](char c) {
               return common::base62::value_of(c) >= 0 || others.find(c) != others.npos;
           });
}

struct Tables {
    cards::SandboxCards sandbox;
    std::shared_ptr<cards::LiveBinTable> bins;
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
    if (!is_vault_name(config.text("vault.name")))
        return Fail{Error::internal("vault.name may have 64 letters, digits, '.', ':', '-' and '_'")};
    auto relay = relay_options(config);
    if (!relay) return Fail{relay.error()};
    return Tables{std::move(*sandbox), std::make_shared<cards::LiveBinTable>(std::move(*bins)),
                  std::move(*server), std::move(*acquirer), std::move(*relay)};
}

}  // namespace

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
    common::db::Pool pool, audit_pool;
    audit::Log log;
    store::CardRows rows{pool};
    store::MerchantKeys merchant_keys{pool};
    store::HsmKeys hsm_keys{pool};
    keys::KeyMaterial material{*hsm};
    keys::Registry registry{*hsm, hsm_keys, clock};
    keys::MerchantKeySafe safe{*hsm, registry, material};
    keys::KeyRing ring;
    cards::Fingerprinter fingerprinter{*hsm, registry};
    store::CardChanges changes{pool};
    store::VelocityCounters counters{pool};
    store::Retention retention{pool};
    store::Leases leases{pool};
    cards::CvcStore codes;
    cards::UseMarks uses{changes, clock, metrics};
    cards::Velocity velocity;
    cards::CardService cards;
    store::BulkChunks chunks{pool};
    cards::BulkService bulk{{cards, cards.batch(), rows, chunks, fingerprinter, clock, metrics}};
    cards::CardKeeper keeper{{rows, changes, ring, material, clock, metrics, log}};
    cards::Purge purge;
    std::chrono::minutes purge_every;
    store::CardKeys card_keys{pool};
    store::Fingerprints fingerprints{pool};
    keys::Rotation rotation;
    keys::Rewrapper rewrapper{{card_keys, merchant_keys, hsm_keys, safe, registry, ring, log, metrics}};
    keys::Housekeeping housekeeping;
    std::chrono::milliseconds housekeeping_every;
    std::string bins_file;
    relay::Relay relay;
    keys::DataKeys data_keys{*hsm, registry, material, log, metrics};
    api::HealthProbe health{*hsm, rows, relay, log};
    api::Api api;
    std::vector<std::unique_ptr<http::Server>> servers;
    std::atomic<bool> stopping = false;
    std::thread stopper, bins_reader;

    Impl(const Config& config, Tables loaded, std::unique_ptr<hsm::Hsm> opened, common::Metrics& counted)
        : metrics{counted},
          tables{std::move(loaded)},
          drain_max{config.integer("server.drain_ms")},
          runtime{static_cast<unsigned>(config.integer("server.threads"))},
          hsm{std::move(opened)},
          pool{pool_options(config), metrics},
          audit_pool{audit_pool_options(config), metrics},
          log{audit_options(config), audit_pool, *hsm, clock, metrics},
          ring{merchant_keys, safe,    log,
               clock,         metrics, {.life = std::chrono::milliseconds{config.integer("keys.cache_ms")}}},
          codes{clock, name_of(config)},
          velocity{*hsm, registry, counters, clock, config.integer("cards.velocity_per_hour")},
          cards{{rows, ring, material, fingerprinter, codes, uses, velocity, tables.sandbox, *tables.bins,
                 log, clock, metrics, config.boolean("sandbox.enabled")}},
          purge{{retention, leases, clock, metrics, &log}, retention_rules(config)},
          purge_every{config.integer("retention.purge_minutes")},
          rotation{{*hsm, hsm_keys, merchant_keys, card_keys, fingerprints, safe, registry, ring, log, clock,
                    metrics, "vault", "vault", std::chrono::days{config.integer("keys.backup_days")}}},
          housekeeping{{leases, merchant_keys, registry, rotation, rewrapper, clock, metrics,
                        "keys_" + common::crypto::random_base62(16), cryptoperiods(config),
                        static_cast<int>(config.integer("keys.rewraps_per_second"))}},
          housekeeping_every{config.integer("keys.housekeeping_ms")},
          bins_file{config.text("cards.bins_file")},
          relay{tables.relay, pool, cards, source_of(tables.acquirer), clock, metrics},
          api{{cards, keeper, bulk, relay, data_keys, health, log, config.text("server.trust_domain")}} {
        for (std::size_t i = 0; i < runtime.size(); ++i) {
            auto handler = [this](http::Request& request) { return api.handle(request); };
            auto options = server_options(config);
            options.streams = &api::Api::streams;
            options.stream_handler = [this](http::Request& request, http::BodyStream& stream) {
                return api.handle_stream(request, stream);
            };
            servers.push_back(std::make_unique<http::Server>(
                runtime.io(i), std::move(options), source_of(tables.server), std::move(handler), metrics));
        }
    }

    ~Impl() {
        if (stopper.joinable()) stopper.join();
        if (bins_reader.joinable()) bins_reader.join();
        relay.stop(std::chrono::milliseconds{0});
        log.stop();
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
            if (const auto written = co_await uses.write(common::Deadline::in(every)); !written)
                common::log::failure("card uses not written", written.error());
        }
    }

    // Of several vaults one works at it; the others find it done.
    asio::awaitable<void> purge_regularly() {
        asio::steady_timer timer{co_await asio::this_coro::executor};
        for (;;) {
            timer.expires_after(purge_every);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            const auto report = co_await purge.run(false);
            if (report)
                common::log::info("purged", {{"unused_cards", Safe::number(report->unused_cards)},
                                             {"expired_cards", Safe::number(report->expired_cards)},
                                             {"tombstones", Safe::number(report->tombstones)}});
            else if (report.error().cause() != common::Cause::conflict)
                common::log::failure("purge failed", report.error());
        }
    }

    // Of several vaults one does it.
    asio::awaitable<void> keep_keys() {
        asio::steady_timer timer{co_await asio::this_coro::executor};
        for (;;) {
            timer.expires_after(housekeeping_every);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            const auto done = co_await housekeeping.run([this] { return stopping.load(); });
            if (!done) common::log::failure("keys not kept", done.error());
        }
    }

    // A rotation by an operator reaches this process though it has nothing to seal.
    asio::awaitable<void> watch_registry() {
        constexpr std::chrono::seconds every{2};
        asio::steady_timer timer{co_await asio::this_coro::executor};
        for (;;) {
            timer.expires_after(every);
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            const auto read = co_await registry.active(hsm::Purpose::registry, common::Deadline::in(every));
            if (!read) common::log::failure("registry of keys not read", read.error());
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
        log.stop();
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
        if (bins_reader.joinable()) bins_reader.join();
        bins_reader = std::thread{[this] { reload_bins(); }};
    }

    // A large table takes a second, which no thread that serves requests has.
    void reload_bins() noexcept try {
        if (const auto entries = tables.bins->reload(bins_file); !entries)
            common::log::failure("table of BINs not reloaded", entries.error());
        else
            common::log::info("table of BINs reloaded",
                              {{"entries", Safe::number(static_cast<std::int64_t>(*entries))}});
    } catch (const std::exception&) {  // no memory for another table
        common::log::error("table of BINs not reloaded");
    }
};

App::App(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
App::~App() = default;

Result<std::unique_ptr<App>> App::make(const Config& config, common::Metrics& metrics) {
    auto tables = load_tables(config);
    if (!tables) return Fail{tables.error()};
    // Which keys there must be is the registry's to say.
    auto hsm = hsm::Hsm::open(hsm_options(config), {}, metrics);
    if (!hsm) return Fail{hsm.error()};
    return std::unique_ptr<App>{
        new App{std::make_unique<Impl>(config, std::move(*tables), std::move(*hsm), metrics)}};
}

Result<unsigned short> App::start() {
    constexpr std::chrono::seconds patience{15};  // the database may be starting as well
    if (const auto sound = common::wait_for(impl_->registry.reconcile(common::Deadline::in(patience)));
        !sound)
        return Fail{sound.error()};
    // The port first: a vault that has it is the only one of its name, and may settle what the last one left.
    const auto port = impl_->listen();
    if (!port) return port;
    if (const auto started = impl_->log.start(); !started) return Fail{started.error()};
    if (const auto started = impl_->relay.start(); !started) return Fail{started.error()};
    asio::co_spawn(impl_->runtime.io(0), impl_->tidy(), common::log_exceptions("tidy"));
    asio::co_spawn(impl_->runtime.io(0), impl_->keep_keys(), common::log_exceptions("keys"));
    asio::co_spawn(impl_->runtime.io(0), impl_->watch_registry(), common::log_exceptions("registry"));
    if (impl_->purge_every.count() > 0)
        asio::co_spawn(impl_->runtime.io(0), impl_->purge_regularly(), common::log_exceptions("purge"));
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
