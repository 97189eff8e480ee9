#include "vault/app.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json.h"
#include "integration/vault/environment.h"
#include "support/process.h"
#include "vault/client/client.h"
#include "vault/settings.h"

namespace {

using namespace std::chrono_literals;
namespace http = common::http;
using common::Cause;
using common::Deadline;
using testing::HasSubstr;
using testing::Not;
using vault_test::wait_on;

// A vault as `serve` runs it, with an acquirer that nobody plays.
class RunningVault : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        vault_test::make_database();
        token = new support::SoftHsm;
        identities = new vault_test::Identities;
        metrics = new common::Metrics;
        auto config = common::Config::load(vault::config_keys(), {"", settings()});
        ASSERT_TRUE(config) << testing::PrintToString(config.error());
        auto made = vault::App::make(*config, *metrics);
        ASSERT_TRUE(made) << made.error().describe();
        app = made->release();
        const auto started = app->start();
        ASSERT_TRUE(started) << started.error().describe();
        port = *started;
        thread = new std::thread{[] { app->run(); }};
    }
    static void TearDownTestSuite() {
        if (app) app->stop();
        if (thread) thread->join();
        delete thread;
        delete app;
        delete metrics;
        delete token;
        delete identities;
    }
    static std::vector<std::string> settings() { return vault_test::vault_settings(*identities, *token); }
    static common::Result<http::Response> raw(const std::string& identity, http::Method method,
                                              std::string target, std::string_view body = "") {
        boost::asio::io_context io;
        http::Client client{io, vault_test::client_of(port), identities->client(identity), *metrics};
        http::ClientRequest request;
        request.method = method;
        request.target = std::move(target);
        request.body = common::SecretText{body};
        return wait_on(io, client.send(std::move(request), soon()));
    }
    static Deadline soon() { return Deadline::in(10s); }
    static vault::NewCard typed(std::string_view number) {
        vault::NewCard card;
        card.account = common::AccountId{4711};
        card.number = common::SecretText{number};
        card.cvc = common::SecretText{"123"};
        card.exp_month = 12, card.exp_year = 40;
        return card;
    }

    // How a card is sent by hand: the answer with all of its header.
    static common::Result<http::Response> post_card() {
        return raw(
            "gateway", http::Method::post, "/cards",
            R"({"account":")" + common::base62_of(common::AccountId{4711}) +
                R"(","livemode":false,"number":"4242424242424242","cvc":"123","exp_month":12,"exp_year":2040})");
    }
    static std::string health() {
        const auto answer = raw("viewer", http::Method::get, "/healthz");
        return answer ? std::to_string(answer->status) + ' ' + answer->body : answer.error().describe();
    }
    static std::string stored_cards() { return vault_test::value_of("SELECT count(*) FROM card"); }
    static void expect_unavailable(const common::Result<http::Response>& answer) {
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_EQ(answer->status, 503) << answer->body;
        EXPECT_EQ(answer->headers.find("Stripe-Should-Retry"), "true");
        EXPECT_THAT(answer->body, HasSubstr(R"("type":"api_error")"));
        for (const char* inside : {"4242", "HSM", "CKR", "database", "PGSQL", "SQLSTATE"})
            EXPECT_THAT(answer->body, Not(HasSubstr(inside)));
    }
    template <class Condition>
    static bool within_ten_seconds(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(50ms);
        }
        return true;
    }

    inline static support::SoftHsm* token = nullptr;
    inline static vault_test::Identities* identities = nullptr;
    inline static common::Metrics* metrics = nullptr;
    inline static vault::App* app = nullptr;
    inline static std::thread* thread = nullptr;
    inline static unsigned short port = 0;
    boost::asio::io_context io;
    vault::Client client{io, vault_test::client_of(port), identities->client("gateway"), *metrics};
};

TEST_F(RunningVault, GivesTheGatewayATokenForACard) {
    const auto card = wait_on(io, client.create_card(typed("5555 5555 5555 4444"), soon()));
    ASSERT_TRUE(card) << card.error().describe();
    EXPECT_EQ(card->brand, "mastercard");
    EXPECT_EQ(card->last4, "4444");
    EXPECT_EQ(card->exp_year, 2040);
    EXPECT_TRUE(card->token.starts_with("vt_test_"));
    EXPECT_TRUE(card->cvc_handle.starts_with("cvc_"));
    const auto shown =
        raw("gateway", http::Method::get,
            "/cards/" + card->token + "?account=" + common::base62_of(common::AccountId{4711}));
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->status, 200);
    EXPECT_EQ(shown->body.find("5555"), std::string::npos);
    EXPECT_NE(shown->body.find("\"last4\":\"4444\""), std::string::npos);
}

TEST_F(RunningVault, SaysWhatIsWrongWithACard) {
    const auto refused = wait_on(io, client.create_card(typed("4242424242424241"), soon()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 402);
    EXPECT_EQ(refused.error().code(), "incorrect_number");
    EXPECT_EQ(refused.error().param(), "number");
    const auto real = wait_on(io, client.create_card(typed("4539578763621486"), soon()));
    EXPECT_EQ(real.error().to_json().at("error").at("decline_code"), "test_mode_live_card");
}

// PCI DSS 4.0.1: 7.2.1
TEST_F(RunningVault, KnowsItsCallersByTheirCertificates) {
    for (const char* other : {"viewer", "acquirer", "vault"}) {
        for (const auto& [method, target] : {std::pair{http::Method::post, "/cards"},
                                             {http::Method::post, "/authorizations"},
                                             {http::Method::get, "/exchanges/areq_1?account=00000011"}}) {
            const auto answer = raw(other, method, target, method == http::Method::post ? "{}" : "");
            ASSERT_TRUE(answer) << answer.error().describe();
            EXPECT_EQ(answer->status, 403) << other << ' ' << target;
        }
        EXPECT_NE(raw(other, http::Method::get, "/healthz")->status, 403);
    }
    EXPECT_EQ(raw("gateway", http::Method::post, "/cards", "{}")->status, 400);
}

TEST_F(RunningVault, TalksToNobodyWithoutACertificate) {
    auto bare = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
    bare->load_verify_file(identities->file("ca.pem"));
    http::Client stranger{io, vault_test::client_of(port), [bare] { return bare; }, *metrics};
    http::ClientRequest request;
    request.target = "/healthz";
    EXPECT_FALSE(wait_on(io, stranger.send(std::move(request), soon())));
}

TEST_F(RunningVault, IsHonestAboutAnAcquirerThatIsNotThere) {
    const auto health = raw("viewer", http::Method::get, "/healthz");
    ASSERT_TRUE(health) << health.error().describe();
    EXPECT_EQ(health->status, 503);
    EXPECT_EQ(health->body,
              R"({"status":"unavailable","hsm":"ok","database":"ok","acquirer":"unavailable","audit":"ok"})");
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 200);
    EXPECT_FALSE(wait_on(io, client.healthy(soon())));
}

TEST_F(RunningVault, SendsNothingWithoutALink) {
    const auto card = wait_on(io, client.create_card(typed("4242424242424242"), soon()));
    ASSERT_TRUE(card);
    vault::AuthorizationRequest request;
    request.request_id = common::new_id("areq_", common::AccountId{4711});
    request.account = common::AccountId{4711};
    request.card_token = card->token;
    request.cvc_handle = card->cvc_handle;
    request.amount = 1099;
    request.currency = "eur";
    request.merchant = {"5734", "276", "TERM0001", "MERCHANT0000001", "Shop", "Berlin", "DE"};
    const auto id = request.request_id;
    const auto exchange = wait_on(io, client.authorize(std::move(request), soon()));
    if (exchange)
        EXPECT_EQ(exchange->state, vault::Exchange::State::not_sent);
    else
        EXPECT_EQ(exchange.error().cause(), Cause::unavailable) << exchange.error().describe();
    const auto found = wait_on(io, client.find_exchange(common::AccountId{4711}, id, soon()));
    EXPECT_TRUE(!found || found->state == vault::Exchange::State::not_sent);
}

TEST_F(RunningVault, RefusesBodiesThatAreTooLarge) {
    const auto answer = raw("gateway", http::Method::post, "/cards", std::string(20'000, ' '));
    EXPECT_TRUE(!answer || answer->status == 413);
}

TEST_F(RunningVault, TakesANewCertificateWithoutARestart) {
    const auto before = support::content_of(identities->file("vault.pem"));
    ASSERT_TRUE(wait_on(io, client.create_card(typed("4242424242424242"), soon())));
    identities->issue("vault");
    ASSERT_NE(support::content_of(identities->file("vault.pem")), before);
    app->reload();
    EXPECT_TRUE(wait_on(io, client.create_card(typed("4242424242424242"), soon()))) << "the kept connection";
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 200) << "a new connection";
}

TEST_F(RunningVault, RefusesCallersWhoseCertificatesWereRevoked) {
    EXPECT_FALSE(raw("lost", http::Method::get, "/readyz"));
    identities->issue("stolen");
    ASSERT_EQ(raw("stolen", http::Method::get, "/readyz")->status, 200);
    identities->revoke("stolen");
    app->reload();
    EXPECT_FALSE(raw("stolen", http::Method::get, "/readyz"));
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 200);
}

TEST_F(RunningVault, StoresNothingWithoutItsHsmAndRecoversByItself) {
    ASSERT_EQ(post_card()->status, 200);
    const auto before = stored_cards();
    ASSERT_THAT(health(), HasSubstr(R"("hsm":"ok")"));
    testing::internal::CaptureStderr();
    token->move_token_away();
    expect_unavailable(post_card());
    EXPECT_THAT(health(), HasSubstr(R"("hsm":"unavailable")")) << "at once, not after a second";
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 503);
    expect_unavailable(post_card());
    token->move_token_back();
    EXPECT_EQ(stored_cards(), before);
    EXPECT_TRUE(within_ten_seconds([] { return post_card()->status == 200; }));
    EXPECT_TRUE(within_ten_seconds([] { return health().find(R"("hsm":"ok")") != std::string::npos; }));
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("HSM: ")) << "the operator learns what the caller does not";
    EXPECT_THAT(log, Not(HasSubstr("4242424242424242")));
}

TEST_F(RunningVault, StoresNothingWithoutItsDatabaseAndRecoversByItself) {
    ASSERT_EQ(post_card()->status, 200);
    const auto before = stored_cards();
    testing::internal::CaptureStderr();
    tests::Postgres::instance().stop();
    expect_unavailable(post_card());
    EXPECT_TRUE(
        within_ten_seconds([] { return health().find(R"("database":"unavailable")") != std::string::npos; }));
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 503);
    tests::Postgres::instance().start();
    EXPECT_EQ(stored_cards(), before);
    EXPECT_TRUE(within_ten_seconds([] { return post_card()->status == 200; }));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("4242424242424242")));
}

TEST_F(RunningVault, RecordsWhoStoredACardAndFromWhere) {
    const auto card = wait_on(io, client.create_card(typed("4242424242424242"), soon()));
    ASSERT_TRUE(card) << card.error().describe();
    EXPECT_EQ(vault_test::value_of(
                  "SELECT actor || ' ' || action || ' ' || origin || ' ' || outcome FROM audit_entry"
                  " WHERE object = '" +
                  card->token + "'"),
              "spiffe://portcullis/gateway card.create 127.0.0.1 begun");
    ASSERT_EQ(raw("viewer", http::Method::post, "/cards", "{}")->status, 403);
    EXPECT_NE(
        vault_test::value_of("SELECT count(*) FROM audit_entry WHERE actor = 'spiffe://portcullis/viewer'"
                             " AND outcome = 'refused' AND object = 'POST /cards'"),
        "0");
}

TEST_F(RunningVault, StoresNothingWithoutItsAuditLogAndRecoversByItself) {
    ASSERT_EQ(post_card()->status, 200);
    const auto before = stored_cards();
    const auto directory = identities->file("audit"), away = directory + ".away";
    std::filesystem::rename(directory, away);
    EXPECT_TRUE(
        within_ten_seconds([] { return health().find(R"("audit":"unavailable")") != std::string::npos; }));
    const auto held = stored_cards();
    expect_unavailable(post_card());
    EXPECT_EQ(stored_cards(), held);
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 503);
    EXPECT_EQ(raw("gateway", http::Method::get, "/exchanges/areq_x?account=00000011")->status, 404)
        << "what touches no card goes on";
    std::filesystem::rename(away, directory);
    EXPECT_TRUE(within_ten_seconds([] { return post_card()->status == 200; }));
    EXPECT_EQ(held, before);
}

TEST_F(RunningVault, TellsWhichConfigurationIsWrong) {
    auto wrong = settings();
    wrong.emplace_back("server.prot=1");
    wrong.emplace_back("server.threads=0");
    const auto config = common::Config::load(vault::config_keys(), {"", wrong});
    ASSERT_FALSE(config);
    EXPECT_THAT(testing::PrintToString(config.error()),
                testing::AllOf(HasSubstr("server.prot"), HasSubstr("server.threads")));
    auto profile = settings();
    profile.emplace_back("acquirer.profile=GW99");
    EXPECT_FALSE(vault::check_files(*common::Config::load(vault::config_keys(), {"", profile})));
    EXPECT_TRUE(vault::check_files(*common::Config::load(vault::config_keys(), {"", settings()})));
}

}  // namespace
