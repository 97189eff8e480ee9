#include "gateway/api/app.h"

#include <atomic>
#include <iostream>

#include <boost/asio/post.hpp>

#include "certs/tls.h"
#include "common/http/server.h"
#include "common/log.h"
#include "gateway/api/api.h"
#include "gateway/api/error_page.h"
#include "gateway/api/service_backend.h"
#include "gateway/api/terms.h"
#include "gateway/api/vaults.h"
#include "gateway/api/webhooks_config.h"
#include "gateway/checkout/expiry.h"
#include "gateway/idempotency/idempotency.h"
#include "gateway/ledger/release.h"
#include "gateway/payments/lapse.h"
#include "gateway/payments/vault_port.h"
#include "gateway/payouts/sandbox_bank.h"
#include "gateway/payouts/settle.h"
#include "gateway/sealer.h"

namespace gateway::api {
namespace {

using common::Safe;
using namespace std::chrono_literals;

constexpr int at_once_max = 100, many_at_once_max = 1000, purge_every = 60;

LimitSettings limits_of(const common::Config& config) {
    const auto of = [&](const char* key) { return static_cast<double>(config.integer(key)); };
    return {of("rate_limit.requests_per_second"), of("rate_limit.test_requests_per_second"),
            of("rate_limit.endpoint_requests_per_second"), of("rate_limit.searches_per_second"),
            of("rate_limit.files_per_second")};
}

common::http::ServerOptions server_options(const common::Config& config, unsigned short port) {
    common::http::ServerOptions options;
    options.address = config.text("server.address");
    options.port = port;
    options.body_max = body_bytes_max;
    options.body_refusal = body_refusal;
    options.request_max = 30s;
    options.route_label = route_label;
    options.fixed_headers = {{"Cache-Control", "no-store"},
                             {"Strict-Transport-Security", "max-age=63072000"},
                             {"X-Content-Type-Options", "nosniff"},
                             {"Referrer-Policy", "no-referrer"},
                             {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};
    return options;
}

// One I/O thread's own objects. A connection, and all that it calls, stays on this thread.
class Worker {
  public:
    Worker(common::asio::io_context& io, std::vector<vault::Group::Vault> vaults, common::db::Pool& database,
           Merchants& merchants, Limits& limits, const JsonRenderer& renderer, const ledger::Terms& terms,
           std::span<const std::uint8_t> digest_key, const webhooks::Desk& webhooks,
           const BankNumbers& bank_numbers, const payouts::Terms& payout_terms, const common::Clock& clock,
           const common::http::TlsSource& outward, common::Metrics& metrics)
        : io_{&io},
          vaults_{io, std::move(vaults), outward, metrics},
          port_{vaults_},
          file_keys_{vaults_},
          payments_{database, port_, renderer, clock, terms},
          backend_{database, merchants, payments_,    vaults_,      file_keys_,
                   renderer, webhooks,  bank_numbers, payout_terms, clock},
          api_{backend_, limits, renderer, digest_key, metrics} {}

    common::Result<unsigned short> listen(common::http::ServerOptions options, common::http::TlsSource tls,
                                          common::Metrics& metrics) {
        auto handler = [this](common::http::Request& request) { return api_.handle(request); };
        server_.emplace(*io_, std::move(options), std::move(tls), std::move(handler), metrics);
        return server_->start();
    }
    void drain(std::chrono::milliseconds wait, std::function<void()> done) {
        common::asio::post(
            *io_, [this, wait, then = std::move(done)]() mutable { server_->drain(wait, std::move(then)); });
    }
    PaymentService& payments() { return payments_; }

  private:
    common::asio::io_context* io_;
    vault::Group vaults_;
    VaultGroupPort port_;
    files::VaultKeys file_keys_;
    PaymentService payments_;
    ServiceBackend backend_;
    Api api_;
    std::optional<common::http::Server> server_;
};

// Something that is done again and again; a failure that goes on is logged once.
class Chore {
  public:
    explicit Chore(common::Text failure) : failure_{failure} {}
    // Whether it went well.
    template <class T>
    bool note(const common::Result<T>& done) {
        if (!done && !failing_) common::log::failure(failure_, done.error());
        failing_ = !done;
        return !failing_;
    }

  private:
    common::Text failure_;
    bool failing_ = false;
};

// Every second: ends what a crash or a passed deadline left open, makes money available whose time has come,
// lets go of holds that are too old to be captured, ends Checkout Sessions whose time is over, and deals
// with the bank about payouts, where there is one. Every minute: forgets old idempotency keys.
common::asio::awaitable<void> keep_house(PaymentService& service, common::db::Pool& database,
                                         payouts::Dispatcher* dispatcher, const Renderer& renderer,
                                         const common::Clock& clock, common::Metrics& metrics) {
    common::asio::steady_timer timer{co_await common::asio::this_coro::executor};
    Chore recovery{"recovery failed"}, releasing{"balances not released"}, lapsing{"holds not let go"},
        expiring{"Checkout Sessions not expired"}, paying_out{"payouts not dealt with"},
        purging{"idempotency keys not purged"};
    for (int second = 0;; ++second) {
        timer.expires_after(1s);
        co_await timer.async_wait(common::asio::as_tuple(common::asio::use_awaitable));
        const auto ended = co_await service.recover(at_once_max);
        if (!recovery.note(ended))
            metrics.count("gateway_recovery_failures_total");
        else if (*ended > 0)
            common::log::info("recovered", {{"payments", Safe::number(*ended)}});
        const auto now_ms = clock.now().time_since_epoch().count();
        releasing.note(co_await ledger::release_due(database, renderer, now_ms, many_at_once_max));
        lapsing.note(co_await payments::lapse_due(database, renderer, now_ms, at_once_max));
        expiring.note(co_await checkout::expire_due(database, renderer, now_ms, many_at_once_max));
        if (dispatcher) paying_out.note(co_await dispatcher->run(at_once_max));
        if (second % purge_every == 0)
            purging.note(co_await idempotency::purge(database, now_ms, many_at_once_max));
    }
}

int fail(common::Text what, const common::Error& error) {
    common::log::failure(what, error);
    common::log::flush();
    std::cerr << "portcullis-gateway: " << (error.log_detail().empty() ? error.message() : error.log_detail())
              << '\n';
    return 1;
}

void reload(common::Text what, certs::TlsContext& tls) {
    if (auto done = tls.reload(); !done)
        return common::log::failure("certificate not reloaded", done.error());
    common::log::info("certificate reloaded", {{"which", Safe::word(what)}});
}

common::http::TlsSource source_of(const std::shared_ptr<certs::TlsContext>& tls) {
    return [tls] { return tls->current(); };
}

std::string documentation_url(const common::Config& config) {
    auto elsewhere = config.text("server.documentation_url");
    return elsewhere.empty() ? config.text("server.public_url").append(error_page_path) : elsewhere;
}

}  // namespace

int serve(const common::Config& config) {
    common::log::open("gateway", config.text("log.level"));
    auto pepper = common::read_secret_file(config.text("keys.pepper_file"));
    if (!pepper) return fail("pepper unusable", pepper.error());
    const auto digest_key = derived_key(*pepper, "portcullis request digest");
    const webhooks::Secrets webhook_secrets{*pepper};
    const BankNumbers bank_numbers{*pepper};
    auto outside = certs::TlsContext::load(certs::Profile::public_server,
                                           {config.text("server.certificate"), config.text("server.key")});
    if (!outside) return fail("server certificate unusable", outside.error());
    certs::TlsFiles vault_files{config.text("vault.certificate"), config.text("vault.key"),
                                config.text("vault.ca")};
    vault_files.crl = config.text("vault.crl");
    const auto vaults = vaults_of(config);
    if (!vaults) return fail("vaults unusable", vaults.error());
    const auto terms = terms_of(config);
    if (!terms) return fail("fees unusable", terms.error());
    const auto payout_terms = payout_terms_of(config);
    if (!payout_terms) return fail("payouts unusable", payout_terms.error());
    auto inside = certs::TlsContext::load(certs::Profile::internal_client, std::move(vault_files));
    if (!inside) return fail("vault client certificate unusable", inside.error());
    auto webhook_rules = webhook_rules_of(config);
    if (!webhook_rules) return fail("webhooks unusable", webhook_rules.error());
    auto receivers = webhook_tls_of(config);
    if (!receivers) return fail("authorities of webhooks unusable", receivers.error());

    common::Metrics metrics;
    if (const auto port = metrics.serve(static_cast<unsigned short>(config.integer("metrics.port"))); !port)
        return fail("metrics port unusable", port.error());
    const common::SystemClock clock;
    common::db::Pool::Options pool_options;
    pool_options.url = config.text("database.url");
    pool_options.passfile = config.text("database.passfile");
    pool_options.name = "portcullis-gateway";
    pool_options.connections = static_cast<unsigned>(config.integer("database.connections"));
    common::db::Pool database{std::move(pool_options), metrics};
    const JsonRenderer renderer{config.text("server.public_url"), documentation_url(config), *pepper, clock};
    Merchants merchants{database, *std::move(pepper), clock};
    Limits limits{limits_of(config)};

    // The last thread is that of the webhooks, whose handshakes keep no request waiting.
    const auto threads = static_cast<unsigned>(config.integer("server.threads"));
    common::Runtime runtime{threads + 1};
    const webhooks::Desk webhook_desk{&webhook_secrets, *webhook_rules};
    std::vector<std::unique_ptr<Worker>> workers;
    auto port = static_cast<unsigned short>(config.integer("server.port"));
    for (std::size_t i = 0; i < threads; ++i) {
        workers.push_back(std::make_unique<Worker>(
            runtime.io(i), *vaults, database, merchants, limits, renderer, *terms, digest_key.bytes(),
            webhook_desk, bank_numbers, *payout_terms, clock, source_of(*inside), metrics));
        const auto bound = workers.back()->listen(server_options(config, port), source_of(*outside), metrics);
        if (!bound) return fail("cannot listen", bound.error());
        port = *bound;
    }
    payouts::SandboxBank bank{database, clock};
    payouts::Dispatcher dispatcher{database, bank, bank_numbers, renderer, clock};
    common::asio::co_spawn(
        runtime.io(0),
        keep_house(workers[0]->payments(), database, payout_terms->test_mode ? &dispatcher : nullptr,
                   renderer, clock, metrics),
        common::log_exceptions("housekeeping"));
    webhooks::SystemNetwork network;
    webhooks::Deliverer deliverer{
        runtime.io(threads), database, network, source_of(*receivers),
        webhook_secrets,     clock,    metrics, webhook_options_of(config, *std::move(webhook_rules))};
    deliverer.start();

    std::atomic<std::size_t> draining{workers.size() + 1};
    const std::chrono::milliseconds drain_wait{config.integer("server.drain_ms")};
    runtime.on_signals({[&] {
                            const auto drained = [&] {
                                if (--draining == 0) runtime.stop();
                            };
                            for (auto& worker : workers)
                                worker->drain(drain_wait, drained);
                            deliverer.drain(drain_wait, drained);
                        },
                        [&] {
                            reload("server", **outside);
                            reload("vault client", **inside);
                            reload("webhooks", **receivers);
                        }});
    common::log::info("listening", {{"port", Safe::number(port)}});
    runtime.run();
    common::log::info("stopped");
    common::log::flush();
    return 0;
}

}  // namespace gateway::api
