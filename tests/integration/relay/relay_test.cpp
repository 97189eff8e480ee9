// The relay against PostgreSQL and an acquirer that misbehaves as each test says.
#include "vault/relay/relay.h"

#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "common/db/migrate.h"
#include "common/db/pool.h"
#include "common/runtime.h"
#include "integration/relay/scripted_host.h"
#include "support/postgres.h"

namespace {

using common::AccountId;
using common::Deadline;
using tests::Message;
using tests::ScriptedHost;
using vault::Exchange;
using Line = ScriptedHost::Line;
using namespace std::chrono_literals;
using State = Exchange::State;

class OneCard final : public vault::cards::CardVault {
  public:
    common::Task<vault::cards::NewCardResult> store(vault::cards::NewCardInput, Deadline) override {
        co_return common::Fail{common::Error::internal("not asked for here")};
    }
    common::Task<vault::cards::CardFacts> facts(AccountId, std::string, Deadline) override {
        co_return common::Fail{common::Error::internal("not asked for here")};
    }
    common::Task<vault::cards::OpenCard> open(AccountId, bool, std::string token, std::string cvc_handle,
                                              Deadline) override {
        ++opened;
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
    std::atomic<bool> erased = false;
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

class RelayTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        auto& postgres = tests::Postgres::instance();
        postgres.run("DROP ROLE IF EXISTS vault");
        postgres.run("CREATE ROLE vault LOGIN");
        const auto url = postgres.create_database("relay");
        const auto migrated = common::db::migrate(url, MIGRATIONS);
        ASSERT_TRUE(migrated) << migrated.error().describe();
    }
    void SetUp() override {
        tests::Postgres::instance().run("TRUNCATE exchange", "relay");
        common::db::Pool::Options options;
        options.url = tests::Postgres::instance().url("relay", "vault");
        pool = std::make_unique<common::db::Pool>(std::move(options), metrics);
        start();
    }
    void TearDown() override {
        relay.reset();
        pool.reset();
    }

    vault::relay::Options options_for(unsigned short port) {
        vault::relay::Options options;
        options.acquirer_id = "400123";
        options.instance = "test";
        options.link.host = "127.0.0.1";
        options.link.port = port;
        options.link.plain = true;
        options.link.forwarder_id = "900001";
        options.link.back_off = {20ms};
        options.link_wait = 2000ms;
        options.authorization_max = 400ms;
        options.advice_max = 300ms;
        options.repeats = {50ms, 100ms};
        options.poll_every = 50ms;
        options.recover_every = 50ms;
        return options;
    }
    void start() { start(options_for(host.port())); }
    void start(vault::relay::Options options) {
        relay.reset();
        relay =
            std::make_unique<vault::relay::Relay>(std::move(options), *pool, cards, nullptr, clock, metrics);
        const auto started = relay->start();
        ASSERT_TRUE(started) << started.error().describe();
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
    Exchange authorize(std::string id, std::chrono::milliseconds limit = 10s) {
        const auto result = run(relay->authorize(order(std::move(id)), Deadline::in(limit)));
        EXPECT_TRUE(result) << result.error().describe();
        return result.value_or(Exchange{});
    }
    common::Result<Exchange> capture(std::string id, std::string authorization, std::int64_t amount = 1000) {
        vault::CaptureRequest order;
        order.request_id = std::move(id);
        order.authorization_id = std::move(authorization);
        order.account = AccountId{7};
        order.amount = amount;
        return run(relay->capture(std::move(order), Deadline::in(10s)));
    }
    common::Result<Exchange> reverse(std::string id, std::string authorization) {
        vault::ReversalRequest order;
        order.request_id = std::move(id);
        order.authorization_id = std::move(authorization);
        order.account = AccountId{7};
        return run(relay->reverse(std::move(order), Deadline::in(10s)));
    }
    common::Result<Exchange> find(std::string id) {
        return run(relay->find(AccountId{7}, std::move(id), Deadline::in(5s)));
    }
    std::string value(const std::string& sql) {
        const auto read =
            pool->transaction_blocking([&](common::db::Transaction& tx) -> common::Result<std::string> {
                return tx.exec_raw(sql)[0][0].as<std::string>();
            });
        return read ? *read : read.error().describe();
    }
    // The automatic reversal of an authorization has been acknowledged.
    bool reversal_done(const std::string& id) {
        return host.wait_for([&] {
            return value("SELECT coalesce(max(state), '') FROM exchange WHERE request_id = '" + id +
                         "~reversal'") == "answered";
        });
    }

    ScriptedHost host;
    OneCard cards;
    common::Metrics metrics;
    common::SystemClock clock;
    std::unique_ptr<common::db::Pool> pool;
    std::unique_ptr<vault::relay::Relay> relay;
};

TEST_F(RelayTest, ApprovesAnAuthorizationAndAnswersAgainWithoutSending) {
    const auto exchange = authorize("areq_1");
    EXPECT_EQ(exchange.state, State::answered);
    EXPECT_TRUE(exchange.approved());
    EXPECT_EQ(exchange.authorization_code, "A1B2C3");
    EXPECT_EQ(exchange.network_transaction_id, "030607612153000");
    EXPECT_EQ(exchange.avs_result, "Y");
    EXPECT_EQ(exchange.cvc_result, "M");
    EXPECT_EQ(exchange.approved_amount, 1000);
    EXPECT_EQ(exchange.rrn.substr(6), exchange.stan);
    EXPECT_EQ(authorize("areq_1").authorization_code, "A1B2C3");
    EXPECT_EQ(find("areq_1").value().response_code, "00");
    const auto sent = host.received("0100");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].contains("CI0011CV003987"));
    const auto health = relay->health();
    EXPECT_EQ(health.in_flight, 0U);
}

TEST_F(RelayTest, RefusesAnIdThatWasUsedForAnotherOrder) {
    authorize("areq_1");
    const auto other = run(relay->authorize(order("areq_1", 2000), Deadline::in(5s)));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().status(), 409);
    EXPECT_EQ(host.received("0100").size(), 1U);
}

TEST_F(RelayTest, PassesADeclineOn) {
    host.on_message([](Line& line, const Message& m) { line.send(ScriptedHost::answer_to(m, "51")); });
    const auto exchange = authorize("areq_1");
    EXPECT_EQ(exchange.state, State::answered);
    EXPECT_EQ(exchange.response_code, "51");
    EXPECT_FALSE(exchange.approved());
    EXPECT_EQ(capture("areq_2", "areq_1").error().status(), 409);
}

TEST_F(RelayTest, ReversesWhatASilentHostDoesNotAnswerAndRepeatsItUnchanged) {
    std::atomic<int> reversals = 0;
    host.on_message([&](Line& line, const Message& m) {
        if (m.mti().starts_with("042") && ++reversals >= 3) ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
    const auto first = host.received("0420");
    const auto repeats = host.received("0421");
    ASSERT_EQ(first.size(), 1U);
    ASSERT_EQ(repeats.size(), 2U);
    for (const auto& repeat : repeats)
        EXPECT_EQ(repeat.substr(4), first[0].substr(4));
    EXPECT_FALSE(first[0].contains("987"));
    const auto original = host.received("0100").at(0);
    EXPECT_EQ(first[0].substr(0, 4), "0420");
    EXPECT_TRUE(first[0].contains("0100" + find("areq_1").value().stan));
    EXPECT_EQ(find("areq_1").value().state, State::reversed);
}

TEST_F(RelayTest, ReversesAtOnceWhenTheConnectionIsLostAfterTheRequest) {
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() == "0100")
            line.hang_up();
        else
            ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(host.received("0420").size(), 1U);
}

TEST_F(RelayTest, SendsNothingAndReversesNothingWithoutALink) {
    auto options = options_for(1);
    options.link_wait = 50ms;
    start(std::move(options));
    EXPECT_EQ(authorize("areq_1").state, State::not_sent);
    start();
    EXPECT_EQ(authorize("areq_1").state, State::not_sent);
    EXPECT_EQ(authorize("areq_2").state, State::answered);
    EXPECT_EQ(host.received().size(), 1U);
}

TEST_F(RelayTest, IgnoresTheSecondOfTwoAnswers) {
    host.on_message([](Line& line, const Message& m) {
        ScriptedHost::approve(line, m);
        line.send(ScriptedHost::answer_to(m, "05"));
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_TRUE(host.wait_for([&] { return metrics.counter_value("late_response_total") == 1; }));
    EXPECT_EQ(find("areq_1").value().response_code, "00");
}

TEST_F(RelayTest, TreatsAnAnswerWithAnotherNumberAmountOrTerminalAsNone) {
    for (const auto& [field, changed] : std::vector<std::pair<int, std::string>>{
             {11, "899998"}, {4, "000000000001"}, {41, "GW999999"}, {37, "000000000000"}}) {
        host.on_message([at = field, text = changed](Line& line, const Message& m) {
            auto answer = ScriptedHost::answer_to(m, "00");
            if (m.mti() == "0100") answer.set(at, text);
            line.send(answer);
        });
        const auto id = "areq_" + std::to_string(field);
        EXPECT_EQ(authorize(id).state, State::reversed) << field;
        EXPECT_TRUE(reversal_done(id)) << field;
    }
    EXPECT_EQ(metrics.counter_value("acquirer_answer_mismatch_total"), 3);
}

TEST_F(RelayTest, TreatsABrokenAnswerAsNone) {
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() == "0100")
            line.send_raw("0110XYZ3A20018AD18000");
        else
            ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
}

TEST_F(RelayTest, NeverResurrectsAPaymentByALateAnswer) {
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() == "0100") std::this_thread::sleep_for(600ms);
        ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(metrics.counter_value("late_response_total"), 1);
    EXPECT_EQ(find("areq_1").value().state, State::reversed);
}

TEST_F(RelayTest, SendsOneMessageForTwoConcurrentCallsWithOneId) {
    host.on_message([](Line& line, const Message& m) {
        std::this_thread::sleep_for(100ms);
        ScriptedHost::approve(line, m);
    });
    auto other = std::async(std::launch::async, [&] { return authorize("areq_1"); });
    const auto one = authorize("areq_1");
    EXPECT_TRUE(one.approved());
    EXPECT_TRUE(other.get().approved());
    EXPECT_EQ(host.received("0100").size(), 1U);
    EXPECT_EQ(cards.opened, 1);
}

TEST_F(RelayTest, AnswersPendingAtTheDeadlineAndFinishesBehindIt) {
    host.on_message([](Line& line, const Message& m) {
        std::this_thread::sleep_for(200ms);
        ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1", 50ms).state, State::pending);
    EXPECT_TRUE(host.wait_for([&] { return find("areq_1").value().state == State::answered; }));
}

TEST_F(RelayTest, ReversesAnIntentThatADeadProcessLeft) {
    host.on_message([](Line&, const Message&) {});
    authorize("areq_1");
    relay.reset();
    tests::Postgres::instance().run("DELETE FROM exchange WHERE kind = 'reversal'", "relay");
    tests::Postgres::instance().run(
        "UPDATE exchange SET state = 'intent', advices = 0, lease_until = 9e15, created_at = 1", "relay");
    host.on_message(ScriptedHost::approve);
    start();
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(find("areq_1").value().state, State::reversed);
}

TEST_F(RelayTest, ReversesAnIntentOfAnotherProcessWhenItsLeaseHasRunOut) {
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() != "0100") ScriptedHost::approve(line, m);
    });
    authorize("areq_1");
    EXPECT_TRUE(reversal_done("areq_1"));
    tests::Postgres::instance().run("DELETE FROM exchange WHERE kind = 'reversal'", "relay");
    tests::Postgres::instance().run(
        "UPDATE exchange SET state = 'intent', advices = 0, lease_owner = 'other', lease_until = 9e15",
        "relay");
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(find("areq_1").value().state, State::pending);
    tests::Postgres::instance().run("UPDATE exchange SET lease_until = 1", "relay");
    EXPECT_TRUE(reversal_done("areq_1"));
}

TEST_F(RelayTest, RefusesAnIdThatWasAskedForBeforeItCame) {
    const auto unknown = find("areq_1");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().cause(), common::Cause::not_found);
    EXPECT_EQ(authorize("areq_1").state, State::not_sent);
    EXPECT_EQ(find("areq_1").error().cause(), common::Cause::not_found);
    EXPECT_TRUE(host.received().empty());
}

TEST_F(RelayTest, CapturesAndVoidsWithTheNumbersOfTheAuthorization) {
    const auto authorization = authorize("areq_1");
    const auto captured = capture("areq_2", "areq_1", 600);
    ASSERT_TRUE(captured) << captured.error().describe();
    EXPECT_TRUE(captured->approved());
    EXPECT_EQ(captured->kind, Exchange::Kind::capture);
    EXPECT_EQ(captured->rrn, authorization.rrn);
    EXPECT_NE(captured->stan, authorization.stan);
    EXPECT_TRUE(capture("areq_2", "areq_1", 600)->approved());
    EXPECT_EQ(capture("areq_2", "areq_1", 601).error().status(), 409);
    const auto voided = reverse("areq_3", "areq_1");
    ASSERT_TRUE(voided);
    EXPECT_EQ(voided->state, State::answered);
    EXPECT_EQ(host.received("0220").size(), 1U);
    EXPECT_TRUE(host.received("0420").at(0).contains("A1B2C317GW000001"));
    EXPECT_EQ(capture("areq_4", "areq_none").error().status(), 404);
}

TEST_F(RelayTest, KeepsTheOrderOfAPaymentWhileItsFirstAdviceIsRepeated) {
    authorize("areq_1");
    std::atomic<int> captures = 0;
    host.on_message([&](Line& line, const Message& m) {
        if (m.mti().starts_with("022") && m.get(4) == "000000000600" && ++captures < 3) return;
        ScriptedHost::approve(line, m);
    });
    auto first = std::async(std::launch::async, [&] { return capture("areq_2", "areq_1", 600); });
    ASSERT_TRUE(host.wait_for("0220", 1));
    const auto second = capture("areq_3", "areq_1", 400);
    EXPECT_TRUE(second->approved());
    EXPECT_TRUE(first.get()->approved());
    std::vector<std::string> order;
    for (const auto& payload : host.received())
        if (payload.starts_with("022")) order.push_back(payload.substr(0, 4));
    EXPECT_EQ(order, (std::vector<std::string>{"0220", "0221", "0221", "0220"}));
}

TEST_F(RelayTest, LeavesARefusedCaptureAnsweredAndParksARefusedReversal) {
    authorize("areq_1");
    host.on_message([](Line& line, const Message& m) {
        line.send(ScriptedHost::answer_to(m, m.mti() == "0220" ? "61" : "58"));
    });
    const auto captured = capture("areq_2", "areq_1");
    EXPECT_EQ(captured->state, State::answered);
    EXPECT_EQ(captured->response_code, "61");
    EXPECT_FALSE(captured->approved());
    EXPECT_EQ(reverse("areq_3", "areq_1")->state, State::parked);
}

TEST_F(RelayTest, RepeatsAnAdviceThatTheHostCannotDecide) {
    authorize("areq_1");
    std::atomic<int> seen = 0;
    host.on_message([&](Line& line, const Message& m) {
        line.send(ScriptedHost::answer_to(m, ++seen < 3 ? "91" : "00"));
    });
    EXPECT_TRUE(capture("areq_2", "areq_1")->approved());
    EXPECT_EQ(seen, 3);
}

TEST_F(RelayTest, SendsAdvicesThatWaitedForTheLink) {
    authorize("areq_1");
    relay.reset();
    start(options_for(1));
    vault::CaptureRequest late;
    late.request_id = "areq_2", late.authorization_id = "areq_1", late.account = AccountId{7},
    late.amount = 1000;
    EXPECT_EQ(run(relay->capture(late, Deadline::in(150ms)))->state, State::pending);
    EXPECT_TRUE(host.received("0220").empty());
    start();
    EXPECT_TRUE(host.wait_for([&] { return find("areq_2")->state == State::answered; }));
    EXPECT_EQ(host.received("0220").size(), 1U);
    EXPECT_TRUE(host.received("0221").empty());
}

TEST_F(RelayTest, ParksAnAdviceWhoseCardIsErasedOrWhoseLifeIsOver) {
    authorize("areq_1");
    cards.erased = true;
    EXPECT_EQ(capture("areq_2", "areq_1")->state, State::parked);
    cards.erased = false;
    auto options = options_for(host.port());
    options.capture_life = 0ms;
    options.link.back_off = {300ms};
    start(std::move(options));
    host.on_message([](Line&, const Message&) {});
    EXPECT_EQ(capture("areq_3", "areq_1")->state, State::parked);
}

TEST_F(RelayTest, SaysThatACardIsUnknownAndSendsNothing) {
    auto bad = order("areq_1");
    bad.card_token = "vt_test_2";
    const auto refused = run(relay->authorize(std::move(bad), Deadline::in(5s)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 404);
    EXPECT_EQ(find("areq_1").value().state, State::not_sent);
    EXPECT_TRUE(host.received().empty());
}

TEST_F(RelayTest, RefusesMoreThanTheLinkMayCarry) {
    auto options = options_for(host.port());
    options.link.in_flight_max = 2;
    start(std::move(options));
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() != "0100") ScriptedHost::approve(line, m);
    });
    std::vector<std::future<Exchange>> calls;
    for (int i = 0; i < 5; ++i)
        calls.push_back(
            std::async(std::launch::async, [&, i] { return authorize("areq_" + std::to_string(i)); }));
    int reversed = 0, not_sent = 0;
    for (auto& call : calls) {
        const auto state = call.get().state;
        reversed += state == State::reversed;
        not_sent += state == State::not_sent;
    }
    EXPECT_EQ(reversed, 2);
    EXPECT_EQ(not_sent, 3);
    EXPECT_EQ(host.received("0100").size(), 2U);
}

TEST_F(RelayTest, WritesTheOutcomeDownWhenTheDatabaseWasAwayMeanwhile) {
    authorize("areq_0");
    host.on_message([](Line& line, const Message& m) {
        tests::Postgres::instance().stop();
        ScriptedHost::approve(line, m);
        std::this_thread::sleep_for(300ms);
        tests::Postgres::instance().start();
    });
    const auto exchange = authorize("areq_1", 20s);
    EXPECT_TRUE(exchange.approved());
    EXPECT_EQ(find("areq_1").value().response_code, "00");
    EXPECT_EQ(host.received("0100").size(), 2U);
}

TEST_F(RelayTest, WritesTheOutcomeDownWhenItsConnectionsAreCut) {
    host.on_message([](Line& line, const Message& m) {
        tests::Postgres::instance().run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'vault'");
        ScriptedHost::approve(line, m);
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_EQ(find("areq_1").value().state, State::answered);
}

TEST_F(RelayTest, KeepsASilentLinkAliveAndSignsOff) {
    auto options = options_for(host.port());
    options.link.echo_after = 50ms;
    start(std::move(options));
    EXPECT_TRUE(host.wait_for([&] { return host.network_messages("301") >= 2; }));
    EXPECT_TRUE(relay->health().signed_on);
    relay->stop();
    EXPECT_EQ(host.network_messages("002"), 2);  // of the relay that SetUp started as well
    EXPECT_FALSE(run(relay->authorize(order("areq_1"), Deadline::in(1s))));
}

TEST_F(RelayTest, RefusesPlainTcpBeyondTheLoopback) {
    auto options = options_for(host.port());
    options.link.host = "192.0.2.1";
    vault::relay::Relay other{std::move(options), *pool, cards, nullptr, clock, metrics};
    EXPECT_FALSE(other.start());
}

TEST_F(RelayTest, StoresNoCardDataAndNoCode) {
    authorize("areq_1");
    capture("areq_2", "areq_1");
    EXPECT_EQ(
        value(
            "SELECT count(*) FROM exchange e WHERE e::text LIKE '%4111111111111111%' OR e::text LIKE '%2812%'"
            " OR e::text ~ '[^0-9]987[^0-9]'"),
        "0");
}

TEST_F(RelayTest, KeepsApartManyPaymentsAtATime) {
    std::vector<std::future<bool>> payments;
    for (int i = 0; i < 24; ++i)
        payments.push_back(std::async(std::launch::async, [&, i] {
            const auto id = "areq_" + std::to_string(i);
            if (!authorize(id).approved()) return false;
            const auto captured = capture(id + "_c", id);
            return captured && captured->approved();
        }));
    for (auto& payment : payments)
        EXPECT_TRUE(payment.get());
    EXPECT_EQ(host.received("0100").size(), 24U);
    EXPECT_EQ(host.received("0220").size(), 24U);
    EXPECT_EQ(value("SELECT count(DISTINCT stan) FROM exchange"), "48");
}

}  // namespace
