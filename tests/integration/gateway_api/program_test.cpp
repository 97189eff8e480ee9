#include "program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway_program {
namespace {

using common::http::Method;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

boost::json::object json(const std::string& text) {
    return boost::json::parse(text).as_object();
}

std::string text(const boost::json::value& value) {
    return std::string{value.as_string()};
}

class GatewayProgram : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto migrated = program_.run({"migrate"});
        ASSERT_EQ(migrated.code, 0) << migrated.err;
        const auto made = program_.run({"provision", "--name", "Test shop", "--mode", "delegated"});
        ASSERT_EQ(made.code, 0) << made.err;
        const auto account = json(made.out);
        account_ = text(account.at("id"));
        secret_ = text(account.at("secret_key"));
        publishable_ = text(account.at("publishable_key"));
    }
    Program program_;
    std::string account_, secret_, publishable_;
};

TEST_F(GatewayProgram, ProvisionsAnAccountWithTestKeysAndMigratesOnce) {
    EXPECT_THAT(account_, StartsWith("acct_"));
    EXPECT_THAT(secret_, StartsWith("sk_test_"));
    EXPECT_THAT(publishable_, StartsWith("pk_test_"));
    EXPECT_THAT(program_.run({"migrate"}).out, StartsWith("0 migrations"));
    EXPECT_EQ(program_.run({"provision", "--name", "x", "--mode", "never"}).code, 2);
    EXPECT_EQ(program_.run({"provision", "--name", "x", "--mcc", "12"}).code, 2);
}

TEST_F(GatewayProgram, ChecksItsConfigurationAndNamesEveryProblem) {
    EXPECT_EQ(program_.run({"check"}).code, 0);
    EXPECT_EQ(program_.run({"serve", "--check"}).code, 0);
    const auto bad = program_.run({"check", "--set", "server.threads=0", "--set", "no.such=1"});
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.err, HasSubstr("server.threads"));
    EXPECT_THAT(bad.err, HasSubstr("no.such"));
}

TEST_F(GatewayProgram, AnswersWithoutItsVaultAndSaysWhatIsAway) {
    program_.serve();
    EXPECT_EQ(program_.send(Method::get, "/healthz").status, 200);
    const auto ready = program_.send(Method::get, "/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_EQ(text(json(ready.body).at("database")), "ok");
    EXPECT_EQ(text(json(ready.body).at("vault")), "unusable");

    const auto card = program_.send(
        Method::post, "/v1/payment_methods",
        "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123",
        secret_, "card-1");
    EXPECT_EQ(card.status, 503) << card.body;
    EXPECT_EQ(card.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_EQ(text(json(card.body).at("error").at("type")), "api_error");

    EXPECT_EQ(program_.send(Method::get, "/v1/payment_methods/pm_x", {}, "sk_test_wrong").status, 401);
    EXPECT_EQ(program_.send(Method::get, "/v1/payment_methods/pm_x").status, 401);
    EXPECT_EQ(program_.send(Method::get, "/v1/payment_methods/pm_x", {}, secret_).status, 404);
    EXPECT_THAT(program_.log(), Not(HasSubstr("4242424242424242")));
    EXPECT_THAT(program_.log(), Not(HasSubstr(secret_)));
}

TEST_F(GatewayProgram, KeepsAPaymentAndRepeatsTheAnswerUnderItsKey) {
    program_.serve();
    const std::string body = "amount=1999&currency=eur&metadata[order]=6735";
    const auto made = program_.send(Method::post, "/v1/payment_intents", body, secret_, "order-1");
    ASSERT_EQ(made.status, 200) << made.body;
    const auto intent = json(made.body);
    const auto id = text(intent.at("id"));
    EXPECT_EQ(text(intent.at("status")), "requires_payment_method");
    EXPECT_EQ(made.headers.find("Idempotency-Key"), "order-1");
    EXPECT_EQ(made.headers.find("Stripe-Version"), "2026-10-28.endive");
    EXPECT_THAT(std::string{made.headers.find("Request-Id")}, StartsWith("req_"));

    const auto again = program_.send(Method::post, "/v1/payment_intents", body, secret_, "order-1");
    EXPECT_EQ(again.body, made.body);
    EXPECT_EQ(again.headers.find("Idempotent-Replayed"), "true");
    EXPECT_EQ(again.headers.find("Original-Request"), made.headers.find("Request-Id"));
    EXPECT_NE(again.headers.find("Request-Id"), made.headers.find("Request-Id"));

    const auto other =
        program_.send(Method::post, "/v1/payment_intents", "amount=2000&currency=eur", secret_, "order-1");
    EXPECT_EQ(other.status, 400);
    EXPECT_EQ(text(json(other.body).at("error").at("type")), "idempotency_error");
    const auto faulty = program_.send(Method::post, "/v1/payment_intents", "bogus=1", secret_, "order-1");
    EXPECT_EQ(text(json(faulty.body).at("error").at("type")), "idempotency_error");

    EXPECT_EQ(json(program_.send(Method::get, "/v1/payment_intents/" + id, {}, secret_).body), intent);
    const auto client_secret = "?client_secret=" + text(intent.at("client_secret"));
    const auto reduced =
        program_.send(Method::get, "/v1/payment_intents/" + id + client_secret, {}, publishable_);
    EXPECT_EQ(reduced.status, 200) << reduced.body;
    EXPECT_FALSE(json(reduced.body).contains("metadata"));
    EXPECT_EQ(program_.send(Method::get, "/v1/payment_intents/" + id, {}, publishable_).status, 404);

    const auto captured = program_.send(Method::post, "/v1/payment_intents/" + id + "/capture", "", secret_);
    EXPECT_EQ(captured.status, 400);
    EXPECT_EQ(text(json(captured.body).at("error").at("payment_intent").at("id")), id);
    const auto canceled = program_.send(Method::post, "/v1/payment_intents/" + id + "/cancel",
                                        "cancellation_reason=duplicate", secret_);
    ASSERT_EQ(canceled.status, 200) << canceled.body;
    EXPECT_EQ(text(json(canceled.body).at("status")), "canceled");
    EXPECT_EQ(text(json(canceled.body).at("cancellation_reason")), "duplicate");
}

TEST_F(GatewayProgram, RevokedKeysAreRefused) {
    const auto made = program_.run({"keys", "create", "--account", account_, "--kind", "restricted",
                                    "--permission", "payment_intents:read"});
    ASSERT_EQ(made.code, 0) << made.err;
    const auto key = text(json(made.out).at("key"));
    EXPECT_THAT(key, StartsWith("rk_test_"));
    program_.serve();
    EXPECT_EQ(program_.send(Method::get, "/v1/payment_intents/pi_x", {}, key).status, 404);
    EXPECT_EQ(program_.send(Method::post, "/v1/payment_intents", "amount=100&currency=eur", key).status, 403);

    const auto listed = program_.run({"keys", "list", "--account", account_});
    ASSERT_EQ(listed.code, 0) << listed.err;
    std::string key_id;
    std::stringstream lines{listed.out};
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        if (const auto row = json(line); text(row.at("kind")) == "restricted") key_id = text(row.at("id"));
    EXPECT_EQ(count, 3);
    ASSERT_EQ(program_.run({"keys", "revoke", "--account", account_, "--key", key_id}).code, 0);
    EXPECT_EQ(program_.run({"keys", "revoke", "--account", account_, "--key", "nosuchkey"}).code, 2);
    auto status = 404;
    for (int tries = 0; tries < 150 && status != 401; ++tries) {
        status = program_.send(Method::get, "/v1/payment_intents/pi_x", {}, key).status;
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    EXPECT_EQ(status, 401) << "a key that was looked up lately is trusted for a few seconds at most";
}

TEST_F(GatewayProgram, EndsCleanlyAndReloadsCertificates) {
    program_.serve();
    program_.signal(SIGHUP);
    for (int tries = 0; tries < 100 && program_.log().find("certificate reloaded") == std::string::npos;
         ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_THAT(program_.log(), HasSubstr("certificate reloaded"));
    EXPECT_EQ(program_.send(Method::get, "/healthz").status, 200);
    program_.signal(SIGTERM);
    EXPECT_EQ(program_.wait_for_end(), 0) << program_.log();
}

TEST_F(GatewayProgram, LogsEachRequestWithoutItsQueryOrBody) {
    program_.serve();
    program_.send(Method::get, "/v1/payment_intents/pi_secretive?client_secret=pi_hidden", {}, secret_);
    EXPECT_THAT(program_.log(), HasSubstr("\"route\":\"/v1/payment_intents/{id}\""));
    EXPECT_THAT(program_.log(), HasSubstr(account_));
    EXPECT_THAT(program_.log(), Not(HasSubstr("pi_hidden")));
    EXPECT_THAT(program_.log(), Not(HasSubstr("pi_secretive")));
}

}  // namespace
}  // namespace gateway_program
