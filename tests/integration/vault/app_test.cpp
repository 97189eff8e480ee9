#include "vault/app.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/authority.h"
#include "certs/tls.h"
#include "common/json.h"
#include "integration/vault/environment.h"
#include "vault/client/client.h"

namespace {

using namespace std::chrono_literals;
namespace http = common::http;
namespace fs = std::filesystem;
using common::Cause;
using common::Deadline;

// A vault as `serve` runs it, with an acquirer that nobody plays.
class RunningVault : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        vault_test::make_database();
        token = new support::SoftHsm;
        std::string pattern = (fs::temp_directory_path() / "vault-app.XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        const auto authority = certs::Authority::init(folder, "test authority", false);
        ASSERT_TRUE(authority) << authority.error().describe();
        for (const char* name : {"gateway", "vault", "acquirer", "viewer"}) {
            certs::LeafRequest request;
            request.name = name;
            request.names.dns = {"localhost"};
            request.names.uris = {std::string{"spiffe://portcullis/"} + name};
            request.server = request.client = true;
            ASSERT_TRUE(authority->first.issue(folder, request, false));
        }
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
        fs::remove_all(folder);
    }
    static std::vector<std::string> settings() {
        const auto options = token->options();
        return {"server.port=0",
                "server.threads=2",
                "server.drain_ms=2000",
                "metrics.port=0",
                "server.certificate=" + folder + "/vault.pem",
                "server.key=" + folder + "/vault.key",
                "server.ca=" + folder + "/ca.pem",
                "database.url=" + tests::Postgres::instance().url("vault", "vault"),
                "hsm.module=" + options.module,
                "hsm.token_label=" + options.token_label,
                "hsm.pin_file=" + options.pin_file,
                "acquirer.host=localhost",
                "acquirer.port=1",
                "acquirer.identity=spiffe://portcullis/acquirer",
                "acquirer.ca=" + folder + "/ca.pem",
                "acquirer.certificate=" + folder + "/vault.pem",
                "acquirer.key=" + folder + "/vault.key",
                "acquirer.acquirer_id=400123",
                "acquirer.forwarder_id=900001",
                "sandbox.enabled=true"};
    }
    static http::TlsSource tls(const std::string& name) {
        auto context = certs::TlsContext::load(
            certs::Profile::internal_client,
            {folder + '/' + name + ".pem", folder + '/' + name + ".key", folder + "/ca.pem"});
        if (!context) throw std::runtime_error{context.error().describe()};
        return [held = *context] { return held->current(); };
    }
    static http::ClientOptions client_options() {
        http::ClientOptions options;
        options.host = "localhost";
        options.address = "127.0.0.1";
        options.port = port;
        options.peer_identity = "spiffe://portcullis/vault";
        return options;
    }
    template <class T>
    static common::Result<T> wait_on(boost::asio::io_context& io, common::Task<T> task) {
        std::optional<common::Result<T>> answer;
        boost::asio::co_spawn(io, std::move(task),
                              [&](const std::exception_ptr& thrown, common::Result<T> result) {
                                  if (thrown) std::rethrow_exception(thrown);
                                  answer.emplace(std::move(result));
                              });
        io.restart();
        while (!answer)
            io.run_one();
        return std::move(*answer);
    }
    static common::Result<http::Response> raw(const std::string& identity, http::Method method,
                                              std::string target, std::string_view body = "") {
        boost::asio::io_context io;
        http::Client client{io, client_options(), tls(identity), *metrics};
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

    inline static support::SoftHsm* token = nullptr;
    inline static common::Metrics* metrics = nullptr;
    inline static vault::App* app = nullptr;
    inline static std::thread* thread = nullptr;
    inline static std::string folder;
    inline static unsigned short port = 0;
    boost::asio::io_context io;
    vault::Client client{io, client_options(), tls("gateway"), *metrics};
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
    bare->load_verify_file(folder + "/ca.pem");
    http::Client stranger{io, client_options(), [bare] { return bare; }, *metrics};
    http::ClientRequest request;
    request.target = "/healthz";
    EXPECT_FALSE(wait_on(io, stranger.send(std::move(request), soon())));
}

TEST_F(RunningVault, IsHonestAboutAnAcquirerThatIsNotThere) {
    const auto health = raw("viewer", http::Method::get, "/healthz");
    ASSERT_TRUE(health) << health.error().describe();
    EXPECT_EQ(health->status, 503);
    EXPECT_EQ(health->body,
              R"({"status":"unavailable","hsm":"ok","database":"ok","acquirer":"unavailable"})");
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
    const auto file = [](const char* name) {
        std::ifstream in{folder + '/' + name};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    const auto before = file("vault.pem");
    const auto authority = certs::Authority::load(folder);
    ASSERT_TRUE(authority);
    certs::LeafRequest request;
    request.name = "vault";
    request.names.dns = {"localhost"};
    request.names.uris = {"spiffe://portcullis/vault"};
    request.server = request.client = true;
    ASSERT_TRUE(wait_on(io, client.create_card(typed("4242424242424242"), soon())));
    ASSERT_TRUE(authority->issue(folder, request, true));
    ASSERT_NE(file("vault.pem"), before);
    app->reload();
    EXPECT_TRUE(wait_on(io, client.create_card(typed("4242424242424242"), soon()))) << "the kept connection";
    EXPECT_EQ(raw("viewer", http::Method::get, "/readyz")->status, 200) << "a new connection";
}

TEST_F(RunningVault, TellsWhichConfigurationIsWrong) {
    auto wrong = settings();
    wrong.emplace_back("server.prot=1");
    wrong.emplace_back("server.threads=0");
    const auto config = common::Config::load(vault::config_keys(), {"", wrong});
    ASSERT_FALSE(config);
    EXPECT_THAT(testing::PrintToString(config.error()),
                testing::AllOf(testing::HasSubstr("server.prot"), testing::HasSubstr("server.threads")));
    auto profile = settings();
    profile.emplace_back("acquirer.profile=GW99");
    EXPECT_FALSE(vault::check_files(*common::Config::load(vault::config_keys(), {"", profile})));
    EXPECT_TRUE(vault::check_files(*common::Config::load(vault::config_keys(), {"", settings()})));
}

}  // namespace
