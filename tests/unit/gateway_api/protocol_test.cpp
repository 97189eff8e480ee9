// Order of judgement, headers of answers, idempotency keys, versions, unknown paths, health.
#include "fixture.h"
#include "gateway/api/digest.h"

namespace gateway::api {
namespace {

using common::http::Method;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(ApiTest, UnknownPathsAndMethodsAreNamedInA404) {
    EXPECT_THAT(fault(get("/v1/shoes")), StartsWith("404 - -: Unrecognized request URL (GET: /v1/shoes)."));
    EXPECT_THAT(fault(get("/v1/payment_intents/")), StartsWith("404 - -: Unrecognized request URL"));
    EXPECT_THAT(fault(post("/v1/payment_intents/pi_1/confirm/", "")), StartsWith("404 - -: "));
    EXPECT_THAT(fault(post("/v1/charges/ch_1/shoes", "")),
                StartsWith("404 - -: Unrecognized request URL (POST:"));
    EXPECT_THAT(fault(send(Method::put, "/v1/payment_intents/pi_1")), StartsWith("404 - -: "));
    EXPECT_THAT(fault(get("/elsewhere", "")), StartsWith("404 - -: "));
    EXPECT_THAT(fault(get("/v1/shoes", "")), StartsWith("401 ")) << "the key is judged first";
    EXPECT_EQ(json(get("/v2/core/events")).at("error").at("code"), "not_found");
    EXPECT_EQ(backend_.calls, 0);
}

TEST_F(ApiTest, PathSegmentsAreDecodedOnceAndNeverSplit) {
    ASSERT_EQ(fault(post("/v1/payment_intents/pi%2F..%2Fx%3Fy%2541/cancel", "")), "200");
    EXPECT_EQ(backend_.last_id, "pi/../x?y%41");
    EXPECT_EQ(get("/v1/payment_intents/pi/..").status, 404);
    ASSERT_EQ(fault(post("/v1/payment_intents/pi_1%00x%ff%C3%A4/cancel", "")), "200");
    EXPECT_EQ(backend_.last_id, "pi_1?x???") << "no byte that would end or break a text of the database";
}

TEST_F(ApiTest, EarlierFaultsWin) {
    const ApiTest::Headers bad_version{{"Stripe-Version", "1999-01-01"}};
    // key before version before kind of key before route before body before parameters
    EXPECT_EQ(post("/v1/payment_intents", "x=%ff", bad_version, "sk_test_bad").status, 401);
    EXPECT_THAT(fault(post("/v1/payment_intents", "x=%ff", bad_version, "pk_test_good")),
                StartsWith("400 - -: Invalid Stripe API version: 1999-01-01"));
    EXPECT_EQ(post("/v1/payment_intents", "x=%ff", {}, "pk_test_good").status, 403);
    EXPECT_EQ(post("/v1/shoes", "x=%ff").status, 404);
    EXPECT_THAT(fault(post("/v1/payment_intents", "x=%ff&bogus=1")),
                StartsWith("400 invalid_characters x: "));
    EXPECT_THAT(fault(post("/v1/payment_intents", "bogus=1", {{"Idempotency-Key", ""}})),
                HasSubstr("must be a non-empty string"));
}

TEST_F(ApiTest, BodiesThatAreNoFormsAreRefused) {
    const auto response =
        post("/v1/payment_intents", R"({"amount":1})", {{"Content-Type", "application/json"}});
    EXPECT_THAT(fault(response), StartsWith("400 - -: "));
    EXPECT_THAT(fault(response), HasSubstr("POST content type"));
    EXPECT_EQ(fault(post("/v1/payment_intents", "amount=100&currency=eur",
                         {{"Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}})),
              "200");
    EXPECT_EQ(fault(post("/v1/payment_intents?currency=eur", "amount=100")), "200")
        << "query and body add up";
    EXPECT_EQ(fault(get("/v1/payment_intents/pi_1", "sk_test_good",
                        {{"Content-Type", "application/x-www-form-urlencoded"}})),
              "200");
}

TEST_F(ApiTest, VersionOfTheHeaderWinsAndIsSentBack) {
    const auto old =
        get("/v1/payment_intents/pi_1", "sk_test_good", {{"Stripe-Version", "2025-03-31.basil"}});
    EXPECT_EQ(old.headers.find("Stripe-Version"), "2025-03-31.basil");
    EXPECT_FALSE(json(old).contains("payment_record"));
    EXPECT_FALSE(json(old).contains("allowed_payment_method_types"));
    const auto current = get("/v1/payment_intents/pi_1");
    EXPECT_EQ(current.headers.find("Stripe-Version"), "2026-10-28.endive");
    EXPECT_TRUE(json(current).at("payment_record").is_null());
    for (const auto* bad : {"2026-10-29.endive", "2025-03-30.basil", "2026-10-28.basil", "2026-10-28",
                            "2026-13-01.endive", "2026-02-30.clover", "latest", "2026-10-28.endive; x"})
        EXPECT_THAT(fault(get("/v1/payment_intents/pi_1", "sk_test_good", {{"Stripe-Version", bad}})),
                    StartsWith(std::string{"400 - -: Invalid Stripe API version: "} + bad));
    for (const auto* good :
         {"2026-06-24.dahlia", "2026-07-29.dahlia", "2025-12-15.clover", "2026-09-30.endive"})
        EXPECT_EQ(get("/v1/payment_intents/pi_1", "sk_test_good", {{"Stripe-Version", good}}).status, 200)
            << good;
}

TEST_F(ApiTest, IdempotencyKeyIsEchoedWithTheRequestThatRan) {
    const ApiTest::Headers key{{"Idempotency-Key", "k-1"}};
    const auto response = post("/v1/payment_intents", "amount=100&currency=eur", key);
    EXPECT_EQ(response.headers.find("Idempotency-Key"), "k-1");
    EXPECT_EQ(response.headers.find("Original-Request"), "req_0123456789abcdefgh");
    EXPECT_FALSE(response.headers.has("Idempotent-Replayed"));
    ASSERT_TRUE(backend_.last_call.idempotency.is_given());
    EXPECT_EQ(backend_.last_call.idempotency.key, "k-1");
    EXPECT_EQ(backend_.last_call.idempotency.path, "/v1/payment_intents");
    EXPECT_EQ(backend_.last_call.idempotency.parameters.size(), 64u);

    StoredResponse stored;
    stored.status = 500;
    stored.body = R"({"error":{"type":"api_error"}})";
    stored.should_retry = true;
    stored.original_request = "req_first";
    stored.replayed = true;
    backend_.stored = stored;
    const auto replay = post("/v1/payment_intents", "amount=100&currency=eur", key);
    EXPECT_EQ(replay.body, stored.body);
    EXPECT_EQ(replay.headers.find("Idempotent-Replayed"), "true");
    EXPECT_EQ(replay.headers.find("Original-Request"), "req_first");
    EXPECT_EQ(replay.headers.find("Stripe-Should-Retry"), "false") << "a stored fault stays what it is";
}

TEST_F(ApiTest, IdempotencyKeysAreForPostsOfSensibleLength) {
    const std::string longest(255, 'k');
    EXPECT_EQ(post("/v1/payment_intents", "amount=100&currency=eur", {{"Idempotency-Key", longest}}).status,
              200);
    EXPECT_EQ(
        post("/v1/payment_intents", "amount=100&currency=eur", {{"Idempotency-Key", longest + "k"}}).status,
        400);
    EXPECT_EQ(get("/v1/payment_intents/pi_1", "sk_test_good", {{"Idempotency-Key", longest + "k"}}).status,
              200);
    EXPECT_EQ(post("/v1/payment_intents", "amount=100&currency=eur", {{"Idempotency-Key", "k\xff"}}).status,
              400);
}

TEST_F(ApiTest, AKeyUsedForSomethingElseIsToldBeforeAFaultyParameter) {
    const ApiTest::Headers key{{"Idempotency-Key", "k-1"}};
    backend_.used =
        common::Error{400, common::ErrorType::idempotency, "", "Keys for idempotent requests can only …"};
    EXPECT_EQ(json(post("/v1/payment_intents", "bogus=1", key)).at("error").at("type"), "idempotency_error");
    EXPECT_EQ(json(post("/v1/payment_intents", "amount=1&currency=eur", key)).at("error").at("type"),
              "idempotency_error");
    EXPECT_THAT(fault(post("/v1/payment_intents", "bogus=1")), StartsWith("400 parameter_unknown bogus: "));
    backend_.used.reset();
    EXPECT_THAT(fault(post("/v1/payment_intents", "bogus=1", key)),
                StartsWith("400 parameter_unknown bogus: "));
    EXPECT_EQ(backend_.calls, 0);
}

std::string digest_of(std::string_view form, std::string_view context = "v 1") {
    const std::array<std::uint8_t, 3> key{1, 2, 3};
    return request_digest(key, *common::form::decode(form), context);
}

TEST(RequestDigest, IsTheSameForTheSameMeaning) {
    EXPECT_EQ(digest_of("a=1&b[c]=2"), digest_of("b%5Bc%5D=2&a=1"));
    EXPECT_EQ(digest_of("a=x+y"), digest_of("a=x%20y"));
    EXPECT_EQ(digest_of("a[0]=x&a[1]=y"), digest_of("a[]=x&a[]=y"));
}

TEST(RequestDigest, TellsOtherRequestsApart) {
    const auto first = digest_of("a=1&b=2");
    for (const auto* other : {"a=1&b=3", "a=1", "a=12&b=", "a=1&b[0]=2", "a=1&b[c]=2", "a=1&b=2&c="})
        EXPECT_NE(first, digest_of(other)) << other;
    EXPECT_NE(first, digest_of("a=1&b=2", "v 2"));
    EXPECT_NE(digest_of("metadata[1]=x"), digest_of("metadata[2]=x"));
    EXPECT_NE(digest_of("a[]=x&a[]=y"), digest_of("a[]=y&a[]=x"));
}

TEST(RequestDigest, HoldsNothingOfASecurityCode) {
    EXPECT_EQ(digest_of("card[number]=1&card[cvc]=123"), digest_of("card[number]=1&card[cvc]=999"));
    EXPECT_NE(digest_of("card[number]=1&card[cvc]=123"), digest_of("card[number]=2&card[cvc]=123"));
}

TEST_F(ApiTest, ErrorCodesAreExplainedToAnybody) {
    const auto page = get("/docs/errors", "");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    for (const auto* code : {"card_declined", "payment_intent_unexpected_state", "url_invalid"})
        EXPECT_THAT(page.body, HasSubstr("id=\"" + std::string{code} + "\"")) << code;
    EXPECT_EQ(post("/docs/errors", "a=1").status, 404);
}

TEST_F(ApiTest, ForeignAccountsCannotBeAddressed) {
    const auto own = common::public_account_id(common::AccountId{1});
    const auto response = get("/v1/payment_intents/pi_1", "sk_test_good", {{"Stripe-Account", own}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.find("Stripe-Account"), own);
    EXPECT_THAT(fault(get("/v1/payment_intents/pi_1", "sk_test_good", {{"Stripe-Account", "acct_other"}})),
                StartsWith("400 parameter_unknown Stripe-Account: "));
}

TEST_F(ApiTest, ServiceErrorsKeepStatusTypeAndRetry) {
    backend_.error = common::Error{429, common::ErrorType::invalid_request, "lock_timeout",
                                   "This object cannot be accessed right now."}
                         .with_retry(true);
    auto response = post("/v1/payment_intents/pi_1/cancel", "");
    EXPECT_THAT(fault(response), StartsWith("429 lock_timeout -: "));
    EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_FALSE(response.headers.has("Stripe-Rate-Limited-Reason"));
    EXPECT_EQ(json(response).at("error").at("request_log_url"),
              "https://pay.example/requests/req_0123456789abcdefgh");

    backend_.error = common::Error::unavailable("the vault is away");
    response = post("/v1/payment_intents/pi_1/cancel", "");
    EXPECT_THAT(fault(response), StartsWith("503 - -: "));
    EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_EQ(response.body.find("vault"), std::string::npos) << "the reason is for the log";
}

TEST_F(ApiTest, AnExceptionBecomesA500ThatTellsNothing) {
    backend_.throws = true;
    const auto response = post("/v1/payment_intents/pi_1/cancel", "");
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(json(response).at("error").at("type"), "api_error");
    EXPECT_EQ(response.body.find("4242"), std::string::npos);
    EXPECT_EQ(metrics_.counter_value("gateway_handler_exceptions_total"), 1);
}

TEST_F(ApiTest, HealthNeedsNoKeyAndReadinessNamesWhatIsAway) {
    EXPECT_EQ(get("/healthz", "").status, 200);
    EXPECT_EQ(get("/readyz", "").status, 200);
    backend_.ready = {true, false};
    const auto response = get("/readyz", "");
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(json(response).at("database"), "ok");
    EXPECT_EQ(json(response).at("vault"), "unusable");
    EXPECT_EQ(json(response).at("error").at("type"), "api_error");
    EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_EQ(get("/healthz", "").status, 200) << "the process itself lives";
}

TEST(Routes, CardsTravelInSmallBodies) {
    EXPECT_EQ(body_bytes_max(Method::post, "/v1/payment_methods"), 16u * 1024);
    EXPECT_EQ(body_bytes_max(Method::post, "/v1/payment_intents"), 1024u * 1024)
        << "fifty metadata of 500 characters each, percent-encoded";
    EXPECT_EQ(body_bytes_max(Method::post, "/v1/payment_intents/pi_1/confirm"), 16u * 1024);
    EXPECT_EQ(body_bytes_max(Method::post, "/v1/payment_intents/pi_1/cancel"), 1024u * 1024);
    EXPECT_EQ(route_label(Method::get, "/v1/charges/ch_1"), "/v1/charges/{id}");
    EXPECT_EQ(route_label(Method::get, "/v1/charges/ch_1/x"), "unknown");
}

}  // namespace
}  // namespace gateway::api
