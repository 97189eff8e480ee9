// Webhooks from the event's transaction to a receiver, over a real database and real sockets.
#include "gateway/store/webhooks.h"

#include <set>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/store/events.h"
#include "gateway/webhooks/deliverer.h"
#include "gateway/webhooks/schedule.h"
#include "gateway/webhooks/signature.h"
#include "receiver.h"
#include "unit/http/running_server.h"
#include "world.h"

namespace tests {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace gateway::webhooks;
using gateway::store::Transaction;

// The test's name service, and cables from public addresses to receivers on loopback.
class FakeNetwork final : public Network {
  public:
    // What each look-up of the host finds in turn; the last one for ever.
    void name(const std::string& host, std::vector<std::vector<const char*>> answers) {
        const std::lock_guard lock{mutex_};
        for (const auto& texts : answers) {
            Addresses found;
            for (const auto* text : texts)
                found.push_back(asio::ip::make_address(text));
            names_[host].push_back(found);
        }
    }
    void wire(const char* address, unsigned short port) {
        const std::lock_guard lock{mutex_};
        wires_[asio::ip::make_address(address)] = port;
    }
    std::vector<asio::ip::tcp::endpoint> connected() {
        const std::lock_guard lock{mutex_};
        return connected_;
    }
    common::Task<Addresses> resolve(std::string host, Deadline) override {
        const std::lock_guard lock{mutex_};
        ++lookups;
        auto& answers = names_[host];
        if (answers.empty()) co_return common::Fail{common::Error::unavailable("no such name")};
        auto found = answers.front();
        if (answers.size() > 1) answers.erase(answers.begin());
        co_return found;
    }
    Addresses own() override { return {}; }
    asio::awaitable<boost::system::error_code> connect(common::http::TcpSocket& socket,
                                                       asio::ip::tcp::endpoint endpoint) override {
        auto to = endpoint;
        {
            const std::lock_guard lock{mutex_};
            connected_.push_back(endpoint);
            const auto wired = wires_.find(endpoint.address());
            if (wired != wires_.end())
                to = {asio::ip::address_v4::loopback(), wired->second};
            else if (!endpoint.address().is_loopback())
                co_return asio::error::host_unreachable;
        }
        const auto [failure] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
        co_return failure;
    }
    std::atomic<int> lookups{0};

  private:
    std::mutex mutex_;
    std::map<std::string, std::vector<Addresses>> names_;
    std::map<asio::ip::address, unsigned short> wires_;
    std::vector<asio::ip::tcp::endpoint> connected_;
};

// A gateway process as far as webhooks go.
class Process {
  public:
    Process(common::db::Pool& pool, FakeNetwork& network, const Secrets& secrets, const common::Clock& clock,
            common::Metrics& metrics, DelivererOptions options, http_test::Context tls, asio::io_context& io)
        : io_{io}, work_{asio::make_work_guard(io)} {
        auto source = [context = std::move(tls)] { return context; };
        deliverer_.emplace(io_, pool, network, std::move(source), secrets, clock, metrics,
                           std::move(options));
        deliverer_->start();
        thread_ = std::thread{[this] { io_.run(); }};
    }
    // As kill -9 does: nothing is finished or told.
    ~Process() {
        io_.stop();
        thread_.join();
        deliverer_.reset();
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    Deliverer& deliverer() { return *deliverer_; }

  private:
    asio::io_context& io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::optional<Deliverer> deliverer_;
    std::thread thread_;
};

template <class Condition>
bool soon(Condition condition, std::chrono::milliseconds limit = 20s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

class Webhooks : public World {
  protected:
    Webhooks() {
        options.sender.rules = {.plain_http = true, .private_addresses = true, .ports = {}};
        options.poll_every = 50ms;
    }

    // The contexts of dead processes stay until the pool, which may still be at work for them, is gone.
    ~Webhooks() override {
        service.reset();
        merchants.reset();
        pool.reset();
    }
    std::unique_ptr<Process> start() {
        auto& context = contexts_.emplace_back(std::make_unique<asio::io_context>(1));
        return std::make_unique<Process>(*pool, network, secrets, clock, metrics, options, tls, *context);
    }
    Endpoint endpoint_at(const std::string& url) const {
        Endpoint endpoint;
        endpoint.id = common::new_id("we_", account);
        endpoint.scope = {account, false};
        endpoint.created = clock.unix_seconds();
        endpoint.position = gateway::next_position(clock.now().time_since_epoch().count());
        endpoint.url = url;
        endpoint.enabled_events = {"*"};
        endpoint.secrets.present = secrets.seal(endpoint.id, common::SecretText{"whsec_of_the_test"});
        return endpoint;
    }
    Endpoint add(const Endpoint& endpoint) {
        in(account, [&](Transaction& tx) { gateway::store::insert(tx, endpoint); });
        return endpoint;
    }
    Endpoint add(const std::string& url) { return add(endpoint_at(url)); }
    void change(const Endpoint& endpoint) {
        in(account, [&](Transaction& tx) { gateway::store::update(tx, endpoint); });
    }
    template <class Job>
    void in(common::AccountId whose, Job job) {
        auto body = [&](Transaction& tx) -> Result<bool> {
            gateway::store::enter(tx, whose);
            job(tx);
            return true;
        };
        ASSERT_TRUE(pool->transaction_blocking(body));
    }
    // An event of its own for each type; their ids.
    std::vector<std::string> tell(const std::vector<std::string>& types, bool livemode = false,
                                  const gateway::EventLog::Rendering& rendering = nullptr) {
        auto who = call("k");
        who.scope.livemode = livemode;
        in(account, [&](Transaction& tx) {
            gateway::EventLog log{who, "2026-10-28.endive", clock.unix_seconds()};
            for (const auto& type : types) {
                if (rendering)
                    log.add(type, rendering);
                else
                    log.add(type, boost::json::object{{"id", "pi_1"}, {"object", "payment_intent"}});
            }
            log.write(tx);
        });
        std::vector<std::string> ids;
        in(account, [&](Transaction& tx) {
            const auto events = gateway::store::events_after(tx, {account, livemode}, 0, 100'000);
            for (auto i = events.size() - types.size(); i < events.size(); ++i)
                ids.push_back(events[i].id);
        });
        return ids;
    }
    std::int64_t deliveries(const std::string& condition) {
        return count("SELECT count(*) FROM webhook_deliveries WHERE account_id = " +
                     std::to_string(account.value) + " AND " + condition);
    }
    // By whatever is under way: until nothing is in the making, or the condition holds.
    bool reaches(const std::string& condition, std::int64_t number = 1) {
        return soon([&] { return deliveries(condition) == number; });
    }

    common::SecretBytes pepper =
        common::SecretBytes::copy_of(std::string_view{"pepper of thirty-two characters."});
    Secrets secrets{pepper};
    FakeNetwork network;
    DelivererOptions options;
    http_test::Context tls = http_test::make_context({});

  private:
    std::vector<std::unique_ptr<asio::io_context>> contexts_;
};

TEST_F(Webhooks, DeliverAPaymentsEventsAtOnceSignedAndInTheirOrder) {
    options.poll_every = 1h;  // so that only the commit can have told of them
    Receiver receiver;
    add(receiver.url());
    const auto process = start();
    const auto made = run(service->create_intent(call(), intent(1000, gateway::CaptureMethod::manual, true)));
    ASSERT_TRUE(made) << made.error().describe();
    ASSERT_TRUE(reaches("state = 'delivered'", 3));
    const auto got = receiver.received();
    ASSERT_EQ(got.size(), 3U);
    std::vector<std::string> types;
    for (const auto& each : got) {
        EXPECT_TRUE(each.head.starts_with("POST /hook?a=b HTTP/1.1\r\n")) << each.head;
        EXPECT_EQ(each.field("Host"), "127.0.0.1:" + std::to_string(receiver.port));
        EXPECT_EQ(each.field("Content-Type"), "application/json; charset=utf-8");
        EXPECT_TRUE(each.field("User-Agent").starts_with("Stripe/1.0"));
        EXPECT_EQ(each.field("Authorization"), "");
        EXPECT_TRUE(is_signed(each, "whsec_of_the_test"));
        EXPECT_FALSE(is_signed(each, "whsec_of_another"));
        const auto event = each.json();
        EXPECT_EQ(event.at("object").as_string(), "event");
        EXPECT_EQ(event.at("api_version").as_string(), "2026-10-28.endive");
        EXPECT_FALSE(event.at("livemode").as_bool());
        EXPECT_EQ(event.at("pending_webhooks").as_int64(), 1);
        EXPECT_TRUE(event.at("data").at("object").is_object());
        types.emplace_back(event.at("type").as_string());
    }
    EXPECT_EQ(types, event_types());
}

TEST_F(Webhooks, GoOnlyToEndpointsOfTheAccountAndModeThatWantThem) {
    Receiver wanting, other, live, disabled;
    auto endpoint = endpoint_at(wanting.url());
    endpoint.enabled_events = {"charge.failed", "charge.succeeded"};
    add(endpoint);
    endpoint = endpoint_at(other.url());
    endpoint.enabled_events = {"charge.captured"};
    add(endpoint);
    endpoint = endpoint_at(live.url());
    endpoint.scope.livemode = true;
    add(endpoint);
    endpoint = endpoint_at(disabled.url());
    endpoint.enabled = false;
    add(endpoint);
    const auto process = start();
    const auto ids = tell({"charge.succeeded", "charge.refunded", "charge.failed"});
    ASSERT_TRUE(reaches("state = 'delivered'", 2));
    EXPECT_EQ(deliveries("true"), 2);
    const auto got = wanting.received();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].id(), ids[0]);
    EXPECT_EQ(got[1].id(), ids[2]);
    EXPECT_EQ(other.count() + live.count() + disabled.count(), 0U);
}

TEST_F(Webhooks, AreRenderedInTheEndpointsVersionAndFrozen) {
    Receiver receiver, older;
    add(receiver.url());
    auto endpoint = endpoint_at(older.url());
    endpoint.api_version = "2025-03-31.basil";
    add(endpoint);
    tell({"payment_intent.created"}, false, [](std::string_view version) {
        boost::json::object object{{"id", "pi_1"}, {"version", version}};
        return object;
    });
    EXPECT_EQ(deliveries("object IS NOT NULL"), 1);
    const auto process = start();
    ASSERT_TRUE(reaches("state = 'delivered'", 2));
    const auto now = receiver.received()[0].json(), then = older.received()[0].json();
    EXPECT_EQ(now.at("data").at("object").at("version").as_string(), "2026-10-28.endive");
    EXPECT_EQ(then.at("data").at("object").at("version").as_string(), "2025-03-31.basil");
    EXPECT_EQ(then.at("api_version").as_string(), "2025-03-31.basil");
    EXPECT_EQ(now.at("pending_webhooks").as_int64(), 2);
    EXPECT_EQ(now.at("id"), then.at("id"));
}

TEST_F(Webhooks, AreSentAgainWithTheSameBodyAndAFreshSignatureUntilTaken) {
    Receiver receiver{[](const Received&) { return answer(500); }};
    add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'pending' AND attempts = 1 AND last_status = 500"));
    clock.advance(30s);
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(receiver.count(), 1U) << "not before its time";
    receiver.behave([](const Received&) { return answer(204); });
    clock.advance(10min);
    ASSERT_TRUE(reaches("state = 'delivered' AND attempts = 2 AND last_status = 204"));
    const auto got = receiver.received();
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].body, got[1].body);
    EXPECT_NE(got[0].field("Stripe-Signature"), got[1].field("Stripe-Signature"));
    EXPECT_TRUE(is_signed(got[1], "whsec_of_the_test"));
}

TEST_F(Webhooks, FailForGoodAfterTheLastTryAndCountAsPendingInTheEvent) {
    Receiver receiver{[](const Received&) { return answer(400); }};
    add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    for (int tries = 1; tries < 3; ++tries) {
        ASSERT_TRUE(reaches("state = 'pending' AND attempts = " + std::to_string(tries) + " AND due_at > " +
                            std::to_string(clock.now().time_since_epoch().count() + 60'000)))
            << tries;
        clock.advance(3h);
    }
    ASSERT_TRUE(reaches("state = 'failed' AND attempts = 3"));
    clock.advance(100h);
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(receiver.count(), 3U);
    in(account, [this](Transaction& tx) {
        EXPECT_EQ(gateway::store::pending_webhooks(tx, account, 1), 1);
        // Sent again by hand.
        EXPECT_EQ(
            gateway::store::deliver_again(tx, account, 1, clock.now().time_since_epoch().count()).size(), 1U);
    });
    receiver.behave([](const Received&) { return answer(200); });
    ASSERT_TRUE(reaches("state = 'delivered' AND attempts = 1"));
    in(account, [this](Transaction& tx) { EXPECT_EQ(gateway::store::pending_webhooks(tx, account, 1), 0); });
    EXPECT_EQ(receiver.received()[0].body, receiver.received()[3].body);
}

TEST_F(Webhooks, OfAnEndpointThatFailedForThreeDaysEndWithIt) {
    auto endpoint = endpoint_at("https://hooks.example.com/");
    endpoint.scope.livemode = true;
    network.name("hooks.example.com", {{"198.41.0.4"}});
    add(endpoint);
    const auto process = start();
    tell({"charge.failed"}, true);
    const auto enabled = "SELECT count(*) FROM webhook_endpoints WHERE enabled AND account_id = " +
                         std::to_string(account.value);
    // While nobody answers there, one of the deliveries is tried at a time.
    const auto tries =
        "SELECT coalesce(sum(attempts), 0)::bigint FROM webhook_deliveries WHERE account_id = " +
        std::to_string(account.value);
    for (int tried = 0; count(enabled) == 1 && tried < 100; ++tried) {
        if (tried == 4) tell({"charge.failed", "charge.failed"}, true);
        ASSERT_TRUE(soon([&] {
            if (count(enabled) == 0 || count(tries) > tried) return true;
            clock.advance(1h);
            return false;
        })) << tried;
    }
    EXPECT_EQ(count(enabled), 0);
    ASSERT_TRUE(reaches("state = 'pending'", 0));
    EXPECT_GE(deliveries("state = 'failed' AND last_fault = 'unreachable'"), 1);
    EXPECT_GE(deliveries("state = 'canceled'"), 1);
    EXPECT_EQ(metrics.counter_value("webhook_endpoints_disabled_total"), 1);
}

TEST_F(Webhooks, ThatFailedForGoodLeaveAnEndpointThatTookOthersAsItIs) {
    Receiver receiver{[](const Received& received) {
        return answer(received.json().at("type").as_string() == "charge.failed" ? 500 : 200);
    }};
    add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    for (int tries = 1; tries <= 3; ++tries) {
        ASSERT_TRUE(reaches("last_status = 500 AND attempts = " + std::to_string(tries)));
        tell({"charge.succeeded"});
        ASSERT_TRUE(reaches("state = 'delivered'", tries));
        if (tries < 3) clock.advance(50h);
    }
    EXPECT_EQ(deliveries("state = 'failed'"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM webhook_endpoints WHERE enabled AND account_id = " +
                    std::to_string(account.value)),
              1);
}

TEST_F(Webhooks, WaitWhileNobodyAnswersAndGoOutWhenSomebodyDoes) {
    Receiver receiver;
    add(receiver.url("hooks.example.com"));
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'pending' AND last_fault = 'unresolved'", 1));
    tell({"charge.succeeded", "charge.captured"});
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(deliveries("attempts = 0"), 2) << "no try is wasted on them";
    network.name("hooks.example.com", {{"127.0.0.1"}});
    clock.advance(2s);
    ASSERT_TRUE(reaches("state = 'delivered'", 2));
    clock.advance(10min);
    ASSERT_TRUE(reaches("state = 'delivered'", 3));
}

TEST_F(Webhooks, ThatADeadProcessHadBegunAreTakenOverWhenItsLeaseHasRunOut) {
    Receiver receiver{[](const Received&) { return std::string{}; }};
    add(receiver.url());
    const auto ids = tell({"charge.failed"});
    {
        const auto dying = start();
        ASSERT_TRUE(soon([&] { return receiver.count() == 1; }));
    }
    receiver.behave([](const Received&) { return answer(200); });
    const auto heir = start();
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(receiver.count(), 1U) << "the lease of what may still live";
    clock.advance(options.lease + 1s);
    ASSERT_TRUE(reaches("state = 'delivered'"));
    EXPECT_EQ(receiver.received()[1].id(), ids[0]);
    EXPECT_EQ(receiver.received()[1].body, receiver.received()[0].body);
}

TEST_F(Webhooks, AreEachSentOnceBySeveralProcesses) {
    Receiver receiver;
    add(receiver.url());
    const auto one = start(), two = start(), three = start();
    std::set<std::string> told;
    for (int i = 0; i < 20; ++i)
        for (const auto& id : tell({"charge.failed", "charge.succeeded", "charge.captured"}))
            told.insert(id);
    ASSERT_TRUE(reaches("state = 'delivered'", 60));
    std::multiset<std::string> got;
    for (const auto& each : receiver.received())
        got.insert(each.id());
    EXPECT_EQ(got.size(), 60U);
    EXPECT_EQ((std::set<std::string>{got.begin(), got.end()}), told);
}

TEST_F(Webhooks, OfASlowEndpointDelayNoOthers) {
    options.endpoints_at_once = 4;
    Receiver quick;
    std::vector<std::unique_ptr<Receiver>> slow;
    for (int i = 0; i < 6; ++i) {
        slow.push_back(std::make_unique<Receiver>([](const Received&) { return std::string{}; }));
        if (i < 3) add(slow.back()->url());
    }
    add(quick.url());
    const auto process = start();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 30; ++i)
        tell({"charge.failed"});
    ASSERT_TRUE(soon([&] { return quick.count() == 30; }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s) << "less than one time-out";
    for (const auto& each : slow)
        EXPECT_LE(each->connections, 1);
}

TEST_F(Webhooks, ComeInTheOrderOfTheEventsAndAFewAtATimeFromABacklog) {
    Receiver receiver;
    add(receiver.url());
    std::vector<std::string> types(40, "charge.failed");
    const auto told = tell(types);
    std::atomic<int> open{0}, most{0};
    receiver.behave([&](const Received&) {
        const int now = ++open;
        if (now > most) most = now;
        std::this_thread::sleep_for(30ms);
        --open;
        return answer(200);
    });
    const auto process = start();
    ASSERT_TRUE(reaches("state = 'delivered'", 40));
    const auto got = receiver.received();
    ASSERT_EQ(got.size(), 40U);
    for (std::size_t i = 0; i < 8; ++i)
        EXPECT_EQ(got[i].id(), told[i]) << i;
    for (std::size_t i = 8; i < 40; ++i) {  // within its batch
        const auto at = std::ranges::find(told, got[i].id()) - told.begin();
        EXPECT_LE(std::abs(at - static_cast<std::ptrdiff_t>(i)), 4) << i;
    }
    EXPECT_GT(most, 1);
    EXPECT_LE(most, options.of_endpoint_at_once);
}

TEST_F(Webhooks, AreSignedWithBothSecretsForADayAfterARotation) {
    Receiver receiver;
    auto endpoint = add(receiver.url());
    endpoint.secrets.previous = endpoint.secrets.present;
    endpoint.secrets.previous_until_ms = clock.now().time_since_epoch().count() + overlap_ms_max;
    endpoint.secrets.present = secrets.seal(endpoint.id, common::SecretText{"whsec_the_new_one"});
    change(endpoint);
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'delivered'", 1));
    clock.advance(24h);
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'delivered'", 2));
    const auto got = receiver.received();
    EXPECT_TRUE(is_signed(got[0], "whsec_of_the_test"));
    EXPECT_TRUE(is_signed(got[0], "whsec_the_new_one"));
    EXPECT_FALSE(is_signed(got[1], "whsec_of_the_test"));
    EXPECT_TRUE(is_signed(got[1], "whsec_the_new_one"));
}

TEST_F(Webhooks, StoreNoSecretInClearAndNoneThatFitsAnotherEndpoint) {
    const auto endpoint = add("http://127.0.0.1:1/");
    EXPECT_EQ(count("SELECT count(*) FROM webhook_endpoints WHERE document::text LIKE '%whsec%'"), 0);
    const auto now = clock.now().time_since_epoch().count();
    EXPECT_EQ(secrets.open(endpoint.id, endpoint.secrets, now).size(), 1U);
    EXPECT_TRUE(secrets.open(common::new_id("we_", account), endpoint.secrets, now).empty());
    const Secrets others{common::SecretBytes::copy_of(std::string_view{"another pepper of 32 characters."})};
    EXPECT_TRUE(others.open(endpoint.id, endpoint.secrets, now).empty());
}

TEST_F(Webhooks, OfADisabledOrDeletedEndpointEnd) {
    Receiver receiver{[](const Received&) { return answer(503); }};
    auto endpoint = add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'pending' AND last_status = 503"));
    endpoint.enabled = false;
    endpoint.deleted = true;
    in(account, [&](Transaction& tx) {
        gateway::store::update(tx, endpoint);
        gateway::store::cancel_deliveries(tx, {account, endpoint.id}, clock.now().time_since_epoch().count());
        EXPECT_EQ(gateway::store::count_endpoints(tx, endpoint.scope), 0);
        EXPECT_EQ(gateway::store::pending_webhooks(tx, account, 1), 0);
    });
    clock.advance(1h);
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(receiver.count(), 1U);
}

// — what a hostile merchant or receiver may try —

TEST_F(Webhooks, FollowNoRedirect) {
    Receiver canary;
    Receiver receiver{[&](const Received&) { return answer(307, "Location: " + canary.url() + "\r\n"); }};
    add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'pending' AND last_status = 307"));
    EXPECT_EQ(canary.connections, 0);
}

TEST_F(Webhooks, LookAtTheAddressBeforeEachDeliveryAndConnectToNoOther) {
    options.sender.rules.private_addresses = false;
    Receiver receiver, canary;
    // The name server answers with a public address first, then with loopback and the like.
    network.name("hooks.example.com", {{"198.41.0.4"},
                                       {"127.0.0.1"},
                                       {"198.41.0.4", "127.0.0.1"},
                                       {"::1"},
                                       {"::ffff:127.0.0.1"},
                                       {"10.0.0.1"},
                                       {"169.254.169.254"},
                                       {"0.0.0.0"}});
    network.wire("198.41.0.4", receiver.port);
    add(canary.url("hooks.example.com"));
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'delivered'", 1));
    for (int i = 1; i <= 7; ++i) {
        tell({"charge.failed"});
        ASSERT_TRUE(reaches("state = 'pending' AND last_fault = 'forbidden'", i)) << i;
    }
    EXPECT_EQ(canary.connections, 0);
    EXPECT_EQ(receiver.connections, 1);
    ASSERT_EQ(network.connected().size(), 1U);
    EXPECT_EQ(network.connected()[0].address().to_string(), "198.41.0.4");
    EXPECT_EQ(network.lookups, 8);
    EXPECT_EQ(receiver.received()[0].field("Host"), "hooks.example.com:" + std::to_string(canary.port));
}

TEST_F(Webhooks, TrustOnlyACertificateOfTheUrlsHost) {
    options.sender.rules = {.plain_http = false, .private_addresses = false, .ports = {}};
    const auto good = http_test::make_identity({.alternative_names = "DNS:hooks.example.com"});
    const auto bad =
        http_test::make_identity({.alternative_names = "DNS:example.com,IP:198.41.0.4,DNS:198.41.0.4"});
    const auto unknown = http_test::make_identity({.alternative_names = "DNS:hooks.example.com"});
    tls = http_test::make_context({good, bad});
    std::vector<std::unique_ptr<http_test::RunningServer>> servers;
    const auto process = start();
    std::int64_t sequence = 0;
    for (const auto* identity : {&good, &bad, &unknown}) {
        auto& server = servers.emplace_back(std::make_unique<http_test::RunningServer>(
            common::http::ServerOptions{}, http_test::echo, http_test::make_context({}, identity)));
        const auto host = "hooks.example.com";
        network.name(host, {{"198.41.0.4"}});
        network.wire("198.41.0.4", server->port);
        auto endpoint = add("https://hooks.example.com:" + std::to_string(server->port) + "/x");
        tell({"charge.failed"});
        const auto outcome = identity == &good ? " AND state = 'delivered' AND last_status = 200"
                                               : " AND state = 'pending' AND last_fault = 'tls'";
        EXPECT_TRUE(reaches("sequence = " + std::to_string(++sequence) + outcome));
        EXPECT_EQ(server->handled, identity == &good ? 1 : 0);
        endpoint.enabled = false;
        change(endpoint);
    }
}

TEST_F(Webhooks, AreNotSentToUrlsThatTheRulesNoLongerAllow) {
    options.sender.rules.private_addresses = false;
    Receiver canary;
    add(canary.url());
    add("http://localhost:" + std::to_string(canary.port) + '/');
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'pending' AND last_fault = 'url'", 2));
    EXPECT_EQ(canary.connections, 0);
    EXPECT_EQ(network.lookups, 0);
}

TEST_F(Webhooks, HeedNeitherSizeNorShapeOfAnAnswerBesidesItsStatus) {
    const std::string million(1'000'000, 'x');
    const std::vector<std::pair<std::string, std::string>> answers{
        {"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + million, "state = 'delivered'"},
        {"HTTP/1.1 200 OK\r\n\r\n" + million, "state = 'delivered'"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n" + million, "state = 'delivered'"},
        {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
         "state = 'delivered' AND last_status = 202"},
        {"HTTP/1.0 200 OK\r\n\r\n", "state = 'delivered'"},
        {"HTTP/1.1 200 OK\r\n" + std::string(200'000, 'h'), "last_fault = 'no_answer'"},
        {"SMTP 220 hello\r\n\r\n", "last_fault = 'no_answer'"},
        {"\r\n\r\n", "last_fault = 'no_answer'"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "last_status = 404"},
    };
    Receiver receiver;
    add(receiver.url());
    const auto process = start();
    std::int64_t sequence = 0;
    for (const auto& [bytes, outcome] : answers) {
        receiver.behave([&](const Received&) { return bytes; });
        tell({"charge.failed"});
        EXPECT_TRUE(reaches("sequence = " + std::to_string(++sequence) + " AND " + outcome))
            << bytes.substr(0, 60);
    }
    for (const auto* column : {"last_fault", "object::text"})
        EXPECT_EQ(deliveries(std::string{column} + " LIKE '%xxx%'"), 0);
}

TEST_F(Webhooks, DoNotWaitLongerThanTheirTime) {
    options.attempt_max = 500ms;
    Receiver silent{[](const Received&) { return std::string{}; }};
    add(silent.url());
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'pending' AND last_fault = 'timeout'"));
    EXPECT_EQ(metrics.counter_value("webhook_attempts_total", {{"result", "failed"}}), 1);
}

TEST_F(Webhooks, LeaveWhatIsUnderWayToItsEndWhenTheProcessEnds) {
    Receiver receiver{[](const Received&) {
        std::this_thread::sleep_for(300ms);
        return answer(200);
    }};
    add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(soon([&] { return receiver.count() == 1; }));
    std::atomic<bool> drained{false};
    process->deliverer().drain(10s, [&] { drained = true; });
    ASSERT_TRUE(soon([&] { return drained.load(); }));
    EXPECT_EQ(deliveries("state = 'delivered'"), 1);
    tell({"charge.failed"});
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(deliveries("state = 'pending' AND attempts = 0"), 1);
}

// — tenants —

TEST_F(Webhooks, ShowAnAccountNoRowOfAnother) {
    add("http://127.0.0.1:1/");
    tell({"charge.failed"});
    for (const auto* table : {"webhook_endpoints", "webhook_deliveries"})
        in(strict, [&](Transaction& tx) {
            EXPECT_EQ(tx.exec_raw(std::string{"SELECT count(*) FROM "} + table)[0][0].as<int>(), 0) << table;
        });
    auto scan = [](Transaction& tx) -> Result<std::int64_t> {
        gateway::store::enter_scan(tx, gateway::store::Scan::webhook_deliveries);
        return tx.exec_raw("SELECT count(*) FROM webhook_endpoints")[0][0].as<std::int64_t>();
    };
    EXPECT_EQ(pool->transaction_blocking(scan).value(), 0) << "the scan sees deliveries only";
}

TEST_F(Webhooks, ThatEndedAreForgottenAfterTheirTime) {
    Receiver receiver;
    add(receiver.url());
    const auto process = start();
    tell({"charge.failed"});
    ASSERT_TRUE(reaches("state = 'delivered'"));
    auto purge = [this](Transaction& tx) -> Result<std::int64_t> {
        gateway::store::enter_scan(tx, gateway::store::Scan::webhook_purge);
        return gateway::store::purge_deliveries(tx, clock.now().time_since_epoch().count(), 1000);
    };
    static_cast<void>(pool->transaction_blocking(purge).value());
    EXPECT_EQ(deliveries("true"), 1);
    clock.advance(1s);
    EXPECT_GE(pool->transaction_blocking(purge).value(), 1);
    EXPECT_EQ(deliveries("true"), 0);
}

}  // namespace
}  // namespace tests
