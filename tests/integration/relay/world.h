// The relay against PostgreSQL and an acquirer that misbehaves as each test says.
#pragma once

#include <condition_variable>
#include <future>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <gtest/gtest.h>

#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "common/runtime.h"
#include "integration/relay/scripted_host.h"
#include "support/postgres.h"
#include "vault/relay/relay.h"

namespace tests {

using common::AccountId;
using common::Deadline;
using vault::Exchange;
using Line = ScriptedHost::Line;
using namespace std::chrono_literals;

// The one card there is.
class OneCard final : public vault::cards::CardVault {
  public:
    common::Task<vault::cards::NewCardResult> store(vault::cards::NewCardInput, Deadline) override {
        co_return common::Fail{common::Error::internal("not asked for here")};
    }
    common::Result<std::string> hold_code(AccountId, bool, const common::SecretText&) override {
        return common::Fail{common::Error::internal("not asked for here")};
    }
    common::Task<vault::cards::CardFacts> facts(AccountId, std::string, Deadline) override {
        co_return common::Fail{common::Error::internal("not asked for here")};
    }
    common::Task<vault::cards::OpenCard> open(AccountId, bool, std::string token, std::string cvc_handle,
                                              vault::audit::Caller, Deadline) override {
        ++opened;
        if (throws) throw std::runtime_error{"as an allocation may"};
        if (token != "vt_test_1" || erased)
            co_return common::Fail{
                common::Error{404, common::ErrorType::invalid_request, "resource_missing", "No such card."}
                    .with_cause(common::Cause::not_found)};
        vault::cards::OpenCard card;
        card.pan = vault::cards::Pan::parse("4111111111111111").value();
        card.expiry = vault::cards::Expiry{12, 2028};
        if (!cvc_handle.empty()) card.cvc = vault::cards::Cvc::parse("987", card.pan.brand()).value();
        co_return std::move(card);
    }
    std::atomic<int> opened = 0;
    std::atomic<bool> erased = false, throws = false;
};

// Keeps the host from answering until the test has seen what it wants to see.
class Gate {
  public:
    void open() {
        const std::lock_guard lock{mutex_};
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, 30s, [this] { return open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

template <class T>
common::Result<T> run(common::Task<T> task) {
    boost::asio::io_context io{1};
    std::optional<common::Result<T>> outcome;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr caught, common::Result<T> result) {
        if (caught) std::rethrow_exception(caught);
        outcome.emplace(std::move(result));
    });
    io.run();
    return std::move(outcome.value());
}

// No test hopes that something happens in time: the limits are long, but for those whose passing is the
// point.
class RelayTest : public testing::Test {
  protected:
    static constexpr std::chrono::milliseconds brief = 200ms;
    inline static const vault::audit::Caller gateway{"spiffe://portcullis/gateway", "127.0.0.1"};

    static void SetUpTestSuite() {
        auto& postgres = Postgres::instance();
        postgres.run("DROP DATABASE IF EXISTS relay WITH (FORCE)");
        postgres.run("DROP ROLE IF EXISTS vault");
        postgres.run("CREATE ROLE vault LOGIN");
        const auto migrated = common::db::migrate(postgres.create_database("relay"), MIGRATIONS);
        ASSERT_TRUE(migrated) << migrated.error().describe();
    }
    void SetUp() override {
        Postgres::instance().run("TRUNCATE exchange", "relay");
        common::db::Pool::Options options;
        options.url = Postgres::instance().url("relay", "vault");
        pool = std::make_unique<common::db::Pool>(std::move(options), metrics);
        start();
        ASSERT_TRUE(host.wait_for([&] { return host.network_messages("001") == 1; }));
    }
    void TearDown() override {
        gate.open();
        relay.reset();
        pool.reset();
    }

    vault::relay::Options patient() { return options_for(host.port()); }
    vault::relay::Options options_for(unsigned short port) {
        vault::relay::Options options;
        options.acquirer_id = "400123";
        options.instance = "test";
        options.link.host = "127.0.0.1";
        options.link.port = port;
        options.link.plain = true;
        options.link.forwarder_id = "900001";
        options.link.back_off = {20ms};
        options.link_wait = 20s;
        options.authorization_max = 20s;
        options.advice_max = 20s;
        options.repeats = {50ms, 100ms};
        options.poll_every = 50ms;
        options.recover_every = 50ms;
        return options;
    }
    // Gives up on an authorization soon.
    vault::relay::Options impatient() {
        auto options = patient();
        options.authorization_max = brief;
        return options;
    }
    // Nobody listens on this port.
    vault::relay::Options unlinked() {
        auto options = options_for(1);
        options.link_wait = 50ms;
        return options;
    }
    void start() { start(patient()); }
    void start(vault::relay::Options options) {
        relay.reset();
        relay = make(std::move(options));
    }
    std::unique_ptr<vault::relay::Relay> make(vault::relay::Options options) {
        auto made =
            std::make_unique<vault::relay::Relay>(std::move(options), *pool, cards, nullptr, clock, metrics);
        const auto started = made->start();
        EXPECT_TRUE(started) << started.error().describe();
        return made;
    }
    static vault::AuthorizationRequest order(std::string id, std::int64_t amount = 1000) {
        vault::AuthorizationRequest order;
        order.request_id = std::move(id);
        order.account = AccountId{7};
        order.card_token = "vt_test_1";
        order.cvc_handle = "cvc_1";
        order.amount = amount;
        order.currency = "eur";
        order.merchant = {"5942", "620", "GW000001", "MERCHANT0000001", "Acme Books", "Lisboa", "PT"};
        return order;
    }
    Exchange authorize(std::string id, std::chrono::milliseconds limit = 60s) {
        const auto result = run(relay->authorize(order(std::move(id)), gateway, Deadline::in(limit)));
        EXPECT_TRUE(result) << result.error().describe();
        return result.value_or(Exchange{});
    }
    std::future<Exchange> authorize_aside(std::string id) {
        return std::async(std::launch::async, [this, id = std::move(id)] { return authorize(id); });
    }
    common::Result<Exchange> capture(std::string id, std::string authorization, std::int64_t amount = 1000,
                                     std::chrono::milliseconds limit = 60s) {
        vault::CaptureRequest order;
        order.request_id = std::move(id);
        order.authorization_id = std::move(authorization);
        order.account = AccountId{7};
        order.amount = amount;
        return run(relay->capture(std::move(order), Deadline::in(limit)));
    }
    common::Result<Exchange> reverse(std::string id, std::string authorization) {
        vault::ReversalRequest order;
        order.request_id = std::move(id);
        order.authorization_id = std::move(authorization);
        order.account = AccountId{7};
        return run(relay->reverse(std::move(order), Deadline::in(60s)));
    }
    static vault::RefundRequest refund_order(std::string id, std::string capture, std::int64_t amount = 600) {
        return {std::move(id), std::move(capture), AccountId{7}, amount, "duplicate"};
    }
    common::Result<Exchange> refund(std::string id, std::string capture, std::int64_t amount = 600,
                                    std::chrono::milliseconds limit = 60s) {
        return run(relay->refund(refund_order(std::move(id), std::move(capture), amount), gateway,
                                 Deadline::in(limit)));
    }
    common::Result<Exchange> find(std::string id) {
        return run(relay->find(AccountId{7}, std::move(id), Deadline::in(30s)));
    }
    Exchange::State state_of(const std::string& id) { return find(id).value_or(Exchange{}).state; }
    std::string value(const std::string& sql) {
        const auto read =
            pool->transaction_blocking([&](common::db::Transaction& tx) -> common::Result<std::string> {
                return tx.exec_raw(sql)[0][0].as<std::string>();
            });
        return read ? *read : read.error().describe();
    }
    // The automatic reversal of an authorization or refund has been acknowledged.
    bool reversal_done(const std::string& id) {
        return host.wait_for([&] {
            return value("SELECT coalesce(max(state), '') FROM exchange WHERE request_id = '" + id +
                         "~reversal'") == "answered";
        });
    }
    static std::string own_name() { return boost::asio::ip::host_name() + "/test"; }
    // As a process that dies leaves it.
    void make_intents_of(const std::string& owner, const std::string& kind = "authorization") {
        Postgres::instance().run("DELETE FROM exchange WHERE kind = 'reversal'", "relay");
        Postgres::instance().run(
            "UPDATE exchange SET state = 'intent', response_code = '', advices = 0, lease_owner = '" + owner +
                "', lease_until = 9e15, created_at = 1 WHERE kind = '" + kind + "'",
            "relay");
    }

    // What scripts of the host use lives longer than the host.
    Gate gate;
    std::atomic<int> seen = 0;
    std::optional<Message> kept;
    ScriptedHost host;
    OneCard cards;
    common::Metrics metrics;
    common::SystemClock clock;
    std::unique_ptr<common::db::Pool> pool;
    std::unique_ptr<vault::relay::Relay> relay;
};

}  // namespace tests
