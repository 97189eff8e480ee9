// Keys, kinds of keys, client secrets, cross-origin calls, limits.
#include "common/crypto.h"
#include "fixture.h"
#include "gateway/api/authentication.h"
#include "support/upload.h"

namespace gateway::api {
namespace {

using common::http::Method;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::multipart;
using tests::multipart_type;
using tests::pdf;

std::string concrete(std::string_view pattern) {
    std::string path{pattern};
    if (path == "/v1/accounts/{id}") return "/v1/accounts/" + common::public_account_id(common::AccountId{1});
    if (path == "/v1/setup_attempts") return path + "?setup_intent=seti_1";
    for (auto at = path.find('{'); at != path.npos; at = path.find('{'))
        path.replace(at, path.find('}', at) - at + 1, "xx_1");
    return path.ends_with("/search") ? path + "?query=created%3E1" : path;
}

// A request that each route accepts from a secret key.
std::string body_of(const Route& route) {
    if (route.method != common::http::Method::post) return "";
    if (route.pattern.ends_with("/attach")) return "customer=cus_1";
    if (route.pattern.ends_with("/increment_authorization")) return "amount=2000";
    if (route.pattern == "/v1/payment_intents") return "amount=100&currency=eur";
    if (route.pattern == "/v1/payouts") return "amount=100&currency=eur";
    if (route.pattern == "/v1/payment_methods")
        return "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034";
    if (route.pattern == "/v1/files") return multipart({{"purpose", "dispute_evidence"}}, "a.pdf", pdf);
    if (route.pattern == "/v1/file_links") return "file=file_1";
    if (route.pattern == "/v1/tokens")
        return "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034";
    if (route.pattern.ends_with("confirmation_tokens"))
        return "payment_method_data[type]=card&payment_method_data[card][token]=tok_1";
    if (route.pattern == "/v1/ephemeral_keys") return "customer=cus_1";
    if (route.pattern == "/v1/checkout/sessions")
        return "mode=setup&currency=eur&success_url=https://example.com/{CHECKOUT_SESSION_ID}";
    if (route.pattern == "/v1/webhook_endpoints") return "url=https://example.com/&enabled_events[]=*";
    return "";
}

std::vector<std::pair<std::string, std::string>> headers_of(const Route& route) {
    std::vector<std::pair<std::string, std::string>> headers{{"Stripe-Version", "2026-10-28.endive"}};
    if (route.uploads) headers.emplace_back("Content-Type", multipart_type);
    return headers;
}

TEST_F(ApiTest, EveryRouteAnswersEachKindOfKeyAsItsRowSays) {
    int callers = 0;
    for (const Route& route : routes()) {
        peer_ = "2001:db8::" + std::to_string(++callers);  // one of them all would be guessing keys
        SCOPED_TRACE(std::string{to_string(route.method)} + " " + std::string{route.pattern});
        const auto path = concrete(route.pattern);
        const auto ask = [&](std::string_view key) {
            return send(route.method, path, body_of(route), headers_of(route), key);
        };
        if (!route.callers.secret) {
            EXPECT_THAT(fault(ask("sk_test_good")), HasSubstr("made with a publishable API key"));
            EXPECT_EQ(ask("rk_test_good").status, 403);
            EXPECT_EQ(backend_.calls, 0);
            EXPECT_EQ(ask("pk_test_good").status, 200);
            EXPECT_EQ(ask("ek_test_good").status, 403);
            backend_.calls = 0;
            continue;
        }

        EXPECT_EQ(ask("").status, 401);
        EXPECT_EQ(ask("sk_test_bad").status, 401);
        EXPECT_EQ(backend_.calls, 0) << "nothing runs without a key";
        EXPECT_EQ(ask("sk_test_good").status, 200);

        const auto browser = ask("pk_test_good");
        if (route.callers.publishable) {
            EXPECT_NE(browser.status, 403);
        } else {
            EXPECT_THAT(fault(browser), StartsWith("403 secret_key_required -: "));
            EXPECT_THAT(fault(browser), HasSubstr("cannot be made with a publishable API key"));
        }

        backend_.calls = 0;
        backend_.permissions = {"nothing:write"};
        const auto refused = ask("rk_test_good");
        const auto permission =
            std::string{route.resource} + (route.right == Right::write ? ":write" : ":read");
        EXPECT_THAT(fault(refused), StartsWith("403 - -: "));
        EXPECT_THAT(fault(refused), HasSubstr(permission));
        EXPECT_EQ(backend_.calls, 0);
        backend_.permissions = {permission};
        EXPECT_EQ(ask("rk_test_good").status, 200);
        backend_.permissions = {std::string{route.resource} + ":write"};
        EXPECT_EQ(ask("rk_test_good").status, 200) << "write includes read";
        backend_.permissions = {std::string{route.resource} + ":read"};
        EXPECT_EQ(ask("rk_test_good").status, route.right == Right::read ? 200 : 403);
        backend_.calls = 0;
    }
}

// "/v1/customers/search" names no customer.
TEST(Routes, FindEachPatternByItself) {
    for (const Route& route : routes()) {
        const auto path = concrete(route.pattern);
        const auto found = find_route(route.method, std::string_view{path}.substr(0, path.find('?')));
        ASSERT_TRUE(found) << route.pattern;
        EXPECT_EQ(found->route, &route) << route.pattern << " is hidden by " << found->route->pattern;
    }
}

// Which is decided by the table; what its own customer is, below.
TEST_F(ApiTest, EphemeralKeysCallOnlyWhatTheTableSays) {
    std::vector<std::string> open;
    for (const Route& route : routes()) {
        if (route.callers.customer != Named::nowhere) {
            open.push_back(std::string{to_string(route.method)} + " " + std::string{route.pattern});
            continue;
        }
        SCOPED_TRACE(std::string{to_string(route.method)} + " " + std::string{route.pattern});
        const auto refused =
            send(route.method, concrete(route.pattern), body_of(route), headers_of(route), "ek_test_good");
        EXPECT_THAT(fault(refused), StartsWith("403 - -: An ephemeral key may only"));
    }
    EXPECT_EQ(backend_.calls, 0);
    EXPECT_THAT(open, ::testing::UnorderedElementsAre(
                          "GET /v1/customers/{id}", "GET /v1/customers/{id}/payment_methods",
                          "GET /v1/customers/{customer}/payment_methods/{id}", "GET /v1/payment_methods",
                          "GET /v1/payment_methods/{id}", "POST /v1/payment_methods/{id}/attach",
                          "POST /v1/payment_methods/{id}/detach"));
}

TEST_F(ApiTest, EphemeralKeysReachTheirOwnCustomerOnly) {
    const auto get_by = [&](const char* path) { return get(path, "ek_test_good").status; };
    EXPECT_EQ(get_by("/v1/customers/cus_own"), 200);
    EXPECT_EQ(get_by("/v1/customers/cus_other"), 403);
    EXPECT_EQ(get_by("/v1/customers/cus_own/payment_methods"), 200);
    EXPECT_EQ(get_by("/v1/customers/cus_other/payment_methods"), 403);
    EXPECT_EQ(get_by("/v1/customers/cus_own/payment_methods/pm_1"), 200);
    EXPECT_EQ(get_by("/v1/customers/cus_other/payment_methods/pm_1"), 403);
    EXPECT_EQ(get_by("/v1/payment_methods?customer=cus_own"), 200);
    EXPECT_EQ(get_by("/v1/payment_methods?customer=cus_other"), 403);
    EXPECT_EQ(get_by("/v1/payment_methods"), 403) << "of all the account";
    const auto attach = [&](const char* body) {
        return post("/v1/payment_methods/pm_1/attach", body, {}, "ek_test_good").status;
    };
    EXPECT_EQ(attach("customer=cus_own"), 200);
    EXPECT_EQ(attach("customer=cus_other"), 403);
    EXPECT_EQ(get_by("/v1/payment_methods/pm_1"), 403) << "which nobody has said is the customer's";
    EXPECT_EQ(post("/v1/payment_methods/pm_1/detach", "", {}, "ek_test_good").status, 403);
    EXPECT_EQ(get("/v1/customers/cus_own?key=ek_test_good", "").status, 401) << "not as a parameter";
}

TEST_F(ApiTest, TestHelpersAreForTestMode) {
    const auto* body = "payment_method_data[type]=card&payment_method_data[card][token]=tok_1";
    EXPECT_THAT(fault(post("/v1/test_helpers/confirmation_tokens", body, {}, "sk_live_good")),
                HasSubstr("Test helpers exist in test mode only"));
    EXPECT_EQ(fault(post("/v1/test_helpers/confirmation_tokens", body)), "200");
}

TEST_F(ApiTest, BrowserMakesAConfirmationToken) {
    const std::string data =
        "payment_method_data[type]=card&payment_method_data[card][number]=4242424242424242"
        "&payment_method_data[card][exp_month]=12&payment_method_data[card][exp_year]=2034"
        "&payment_method_options[card][cvc_token]=tok_1&shipping[name]=A&shipping[address][line1]=B"
        "&mandate_data[customer_acceptance][type]=online&return_url=https://shop.example/";
    const auto made = post("/v1/confirmation_tokens",
                           data + "&key=pk_test_good&guid=1&use_stripe_sdk=true&client_context[mode]=payment",
                           {{"Origin", "https://shop.example"}}, "");
    EXPECT_EQ(fault(made), "200");
    EXPECT_EQ(made.headers.find("Access-Control-Allow-Origin"), "*");
    const auto& token = backend_.confirmation_token->token;
    EXPECT_TRUE(token.use_stripe_sdk);
    EXPECT_EQ(token.return_url, "https://shop.example/");
    EXPECT_EQ(token.shipping->at("name"), "A");
    EXPECT_EQ(token.mandate_data->at("customer_acceptance").at("type"), "online");
    EXPECT_EQ(token.payment_method_options.at("card").at("cvc_token"), "tok_1");
    EXPECT_EQ(backend_.confirmation_token->payment_method_data->number.view(), "4242424242424242");
    EXPECT_THAT(fault(post("/v1/confirmation_tokens", "payment_method=pm_1", {}, "pk_test_good")),
                StartsWith("400 parameter_unknown payment_method: "))
        << "saved methods are not the browser's to name";
    EXPECT_EQ(send(Method::options, "/v1/confirmation_tokens", {}, {}, "").status, 200);
}

TEST_F(ApiTest, RawNumbersInTokensFollowTheSameRule) {
    const auto* body = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034";
    EXPECT_THAT(fault(post("/v1/tokens", body, {}, "sk_live_good")), StartsWith("403 - -: "));
    EXPECT_THAT(fault(post("/v1/tokens", "cvc_update[cvc]=123", {}, "sk_live_good")),
                StartsWith("403 - -: "));
    EXPECT_EQ(fault(post("/v1/tokens", body, {}, "pk_live_good")), "200");
    EXPECT_EQ(fault(post("/v1/payment_methods", "type=card&card[token]=tok_1", {}, "sk_live_good")), "200");
    backend_.raw_card_data_live = true;
    EXPECT_EQ(fault(post("/v1/tokens", body, {}, "sk_live_good")), "200");
}

TEST_F(ApiTest, TokenOfACardTakesItsHolder) {
    EXPECT_EQ(fault(post("/v1/tokens",
                         "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123"
                         "&card[name]=Ann&card[address_zip]=10115&card[currency]=eur&customer=cus_1")),
              "200");
    const auto& token = *backend_.token;
    EXPECT_EQ(token.type, TokenType::card);
    EXPECT_EQ(token.card.cvc.view(), "123");
    EXPECT_EQ(token.card.billing_details.name, "Ann");
    EXPECT_EQ(token.card.billing_details.address->at("postal_code"), "10115");
    EXPECT_EQ(token.currency, "eur");
    EXPECT_EQ(token.customer, "cus_1");
}

TEST_F(ApiTest, ConfirmationTakesTokensAndKeepsNoneAmongTheOptions) {
    EXPECT_EQ(
        post("/v1/payment_intents/pi_1/confirm",
             "payment_method=pm_1&confirmation_token=ctoken_1&payment_method_options[card][cvc_token]=tok_1"
             "&payment_method_options[card][network]=visa")
            .status,
        200);
    EXPECT_EQ(backend_.confirmed->confirmation_token, "ctoken_1");
    EXPECT_EQ(backend_.confirmed->payment_method, "pm_1");
    EXPECT_EQ(backend_.confirmed->cvc_token, "tok_1");
    EXPECT_EQ(backend_.confirmed->payment_method_options,
              (boost::json::object{{"card", {{"network", "visa"}}}}));
    EXPECT_EQ(
        post("/v1/payment_intents",
             "amount=100&currency=eur&confirm=true&confirmation_token=ctoken_1&setup_future_usage=on_session"
             "&payment_method_options[card][cvc_token]=tok_1")
            .status,
        200);
    EXPECT_EQ(backend_.created->confirm->confirmation_token, "ctoken_1");
    EXPECT_EQ(backend_.created->confirm->setup_future_usage, std::optional<std::string>{"on_session"});
    EXPECT_EQ(backend_.created->confirm->cvc_token, "tok_1");
    EXPECT_FALSE(
        backend_.created->intent.payment_method_options.at("card").as_object().contains("cvc_token"));
}

TEST_F(ApiTest, EphemeralKeyIsMadeWithAnExplicitVersionAndForgottenWhenItEnds) {
    backend_.stored.emplace().body = R"({"id":"ephkey_1"})";
    const auto made = post("/v1/ephemeral_keys", "customer=cus_1", {{"Stripe-Version", "2026-10-28.endive"}});
    EXPECT_EQ(json(made).at("secret"), "ek_test_of_ephkey_1");
    EXPECT_EQ(send(Method::del, "/v1/ephemeral_keys/ephkey_1").status, 200);
    EXPECT_EQ(backend_.forgotten, "ephkey_1");
}

TEST_F(ApiTest, KeyMayComeAsBearerOrAsUserName) {
    const auto basic = [](std::string_view text) {
        const auto digits = std::span{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
        return "Basic " + common::crypto::to_base64(digits);
    };
    for (const auto& header : {std::string{"Bearer sk_test_good"}, std::string{"bearer  sk_test_good"},
                               basic("sk_test_good:"), basic("sk_test_good")})
        EXPECT_EQ(send(Method::get, "/v1/payment_intents/pi_1", {}, {{"Authorization", header}}, "").status,
                  200)
            << header;
    for (const auto& header : {std::string{"Digest sk_test_good"}, std::string{"sk_test_good"},
                               std::string{"Bearer "}, std::string{"Basic !!!"}, basic(":sk_test_good")})
        EXPECT_EQ(send(Method::get, "/v1/payment_intents/pi_1", {}, {{"Authorization", header}}, "").status,
                  401)
            << header;
}

TEST_F(ApiTest, MissingKeySaysHowToSendOne) {
    const auto response = get("/v1/payment_intents/pi_1", "");
    EXPECT_THAT(fault(response), StartsWith("401 - -: You did not provide an API key."));
    EXPECT_TRUE(response.headers.has("WWW-Authenticate"));
    EXPECT_EQ(json(response).at("error").at("type"), "invalid_request_error");
}

TEST_F(ApiTest, PublishableKeyMayComeAsParameterAndASecretOneMayNot) {
    EXPECT_EQ(fault(post("/v1/payment_methods", std::string{card} + "&key=pk_test_good&payment_user_agent=js",
                         {}, "")),
              "200");
    EXPECT_EQ(
        fault(get("/v1/payment_intents/pi_1?key=pk_test_good&client_secret=" + sample_intent().client_secret,
                  "")),
        "200");
    EXPECT_EQ(post("/v1/payment_methods", std::string{card} + "&key=sk_test_good", {}, "").status, 401);
    EXPECT_EQ(post("/v1/payment_methods", std::string{card} + "&key=sk_test_good", {}, "sk_test_good").status,
              401);
}

TEST_F(ApiTest, WhatBrowserLibrariesAddIsSwallowedForPublishableKeys) {
    EXPECT_EQ(fault(post(
                  "/v1/payment_methods",
                  std::string{card} +
                      "&guid=1&muid=2&sid=3&time_on_page=99&pasted_fields=number&referrer=x&_stripe_version=y"
                      "&client_attribution_metadata[client_session_id]=z",
                  {}, "pk_test_good")),
              "200");
}

TEST_F(ApiTest, BrowserSeesAReducedPaymentAndNoFingerprint) {
    const auto path = "/v1/payment_intents/pi_1?client_secret=" + sample_intent().client_secret;
    const auto intent = json(get(path, "pk_test_good"));
    for (const auto* hidden :
         {"customer", "metadata", "latest_charge", "amount_received", "amount_capturable", "review"})
        EXPECT_FALSE(intent.contains(hidden)) << hidden;
    for (const auto* shown : {"id", "amount", "client_secret", "status", "next_action", "payment_method"})
        EXPECT_TRUE(intent.contains(shown)) << shown;
    const auto method = json(post("/v1/payment_methods", card, {}, "pk_test_good"));
    EXPECT_FALSE(method.at("card").as_object().contains("fingerprint"));
    EXPECT_TRUE(json(post("/v1/payment_methods", card)).at("card").as_object().contains("fingerprint"));
}

TEST_F(ApiTest, BrowserCannotDecideOnMoneyOrTheSecondFactor) {
    const auto secret = "client_secret=" + sample_intent().client_secret;
    for (const auto* extra :
         {"&off_session=true", "&error_on_requires_action=true", "&amount_to_confirm=5", "&amount=5",
          "&capture_method=manual", "&radar_options[referrer]=x", "&payment_details[order_reference]=x",
          "&payment_method_options[card][capture_method]=manual"})
        EXPECT_EQ(post("/v1/payment_intents/pi_1/confirm", secret + extra, {}, "pk_test_good").status, 400)
            << extra;
    EXPECT_FALSE(backend_.confirmed);
    EXPECT_EQ(
        post("/v1/payment_intents/pi_1/confirm", secret + "&radar_options[session]=x", {}, "pk_test_good")
            .status,
        200);
}

TEST_F(ApiTest, BrowserExpandsThePaymentMethodOnly) {
    const auto path = "/v1/payment_intents/pi_1?client_secret=" + sample_intent().client_secret;
    EXPECT_EQ(get(path + "&expand[]=payment_method", "pk_test_good").status, 200);
    EXPECT_THAT(fault(get(path + "&expand[]=latest_charge", "pk_test_good")), StartsWith("400 - expand: "));
}

TEST_F(ApiTest, RawNumberInLiveModeNeedsAPublishableKeyOrAnEnabledAccount) {
    EXPECT_THAT(fault(post("/v1/payment_methods", card, {}, "sk_live_good")), StartsWith("403 - -: "));
    EXPECT_EQ(fault(post("/v1/payment_methods", card, {}, "pk_live_good")), "200");
    backend_.raw_card_data_live = true;
    EXPECT_EQ(fault(post("/v1/payment_methods", card, {}, "sk_live_good")), "200");
}

TEST_F(ApiTest, PagesMayCallWhatPublishableKeysMayCallAndNothingElse) {
    const auto origin = ApiTest::Headers{{"Origin", "https://shop.example"}};
    EXPECT_EQ(
        post("/v1/payment_methods", card, origin, "pk_test_good").headers.find("Access-Control-Allow-Origin"),
        "*");
    EXPECT_EQ(
        post("/v1/payment_methods", card, origin, "pk_test_bad").headers.find("Access-Control-Allow-Origin"),
        "*");
    EXPECT_FALSE(
        post("/v1/payment_methods", card, origin, "sk_test_good").headers.has("Access-Control-Allow-Origin"));
    EXPECT_FALSE(post("/v1/payment_intents", "amount=1", origin, "pk_test_good")
                     .headers.has("Access-Control-Allow-Origin"));
    const auto preflight = send(Method::options, "/v1/payment_intents/pi_1/confirm", {}, origin, "");
    EXPECT_EQ(preflight.status, 200);
    EXPECT_EQ(preflight.headers.find("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
    EXPECT_EQ(preflight.headers.find("Access-Control-Expose-Headers"), "Request-Id");
    EXPECT_THAT(std::string{preflight.headers.find("Access-Control-Allow-Headers")},
                HasSubstr("Stripe-Version"));
    for (const auto* path : {"/v1/payment_intents/pi_1/capture", "/v1/payment_intents/search"}) {
        const auto refused = send(Method::options, path, {}, origin, "");
        EXPECT_NE(refused.status, 200) << path;
        EXPECT_FALSE(refused.headers.has("Access-Control-Allow-Origin")) << path;
    }
}

TEST(MaskedKey, KeepsPrefixAndLastFour) {
    EXPECT_EQ(masked("sk_test_abcdefgh1234"), "sk_test_***1234");
    EXPECT_EQ(masked("pk_live_abcdefgh1234"), "pk_live_***1234");
    EXPECT_EQ(masked("sk_test_ab"), "sk_test_***");
    EXPECT_EQ(masked("4242424242424242"), "***4242");
    EXPECT_EQ(masked(""), "***");
}

class LimitedApi : public ApiTest {
  protected:
    Limits few_{{.live = 3, .test = 3, .endpoint = 2, .search = 1, .files = 1}};
    Api limited_{backend_, few_, renderer_, digest_key_, metrics_};
};

TEST_F(LimitedApi, AnswersTheFourthRequestInASecondWith429) {
    std::swap(api_, limited_);
    for (const auto* path : {"/v1/payment_intents/pi_1", "/v1/charges/ch_1", "/v1/customers/cus_1"})
        EXPECT_EQ(get(path).status, 200);
    const auto response = get("/v1/payment_intents/pi_1");
    EXPECT_THAT(fault(response), StartsWith("429 rate_limit -: "));
    EXPECT_EQ(response.headers.find("Stripe-Rate-Limited-Reason"), "global-rate");
    EXPECT_NE(response.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_EQ(get("/v1/payment_intents/pi_1", "sk_live_good").status, 200) << "modes are counted apart";
}

TEST_F(LimitedApi, CountsRoutesSearchesAndFilesApart) {
    std::swap(api_, limited_);
    const auto reason = [&](std::string_view path, std::string_view key) {
        const auto response = get(path, key);
        return response.status == 429 ? std::string{response.headers.find("Stripe-Rate-Limited-Reason")}
                                      : std::to_string(response.status);
    };
    EXPECT_EQ(reason("/v1/customers/cus_1", "sk_test_good"), "200");
    EXPECT_EQ(reason("/v1/customers/cus_2", "sk_test_good"), "200");
    EXPECT_EQ(reason("/v1/customers/cus_3", "sk_test_good"), "endpoint-rate");
    EXPECT_EQ(reason("/v1/files/file_1", "sk_live_good"), "200");
    EXPECT_EQ(reason("/v1/files/file_1", "sk_live_good"), "resource-specific");
}

// Whoever tries out cards on one payment is stopped, and cannot tell good ones from bad any more.
TEST_F(LimitedApi, StopsTryingOutCardsOnAPayment) {
    Limits wide{{.live = 1000, .test = 1000, .endpoint = 1000, .search = 1000, .files = 1000}};
    Api api{backend_, wide, renderer_, digest_key_, metrics_};
    std::swap(api_, api);
    StoredResponse declined;
    declined.status = 402;
    declined.body = R"({"error":{"type":"card_error"}})";
    backend_.stored = declined;
    std::string last;
    int tries = 0;
    do {
        last = fault(send(Method::post, "/v1/payment_intents/pi_1/confirm", "", {}, "sk_test_good"));
    } while (++tries < 40 && !last.starts_with("402 card_decline_rate_limit_exceeded"));
    EXPECT_EQ(tries, 21);
    EXPECT_THAT(fault(send(Method::post, "/v1/payment_intents/pi_2/confirm", "", {}, "sk_test_good")),
                ::testing::Not(HasSubstr("rate_limit")))
        << "another payment";
}

TEST_F(ApiTest, GuessingKeysIsStoppedByAddress) {
    int refused = 0;
    for (int i = 0; i < 60; ++i)
        refused += get("/v1/payment_intents/pi_1", "sk_test_bad").status == 429;
    EXPECT_GE(refused, 5);
    EXPECT_LE(backend_.authentications, 55);
}

TEST(RateLimitTest, RefillsWithTimeAndForgetsFullBuckets) {
    RateLimit limit{10, 2, 2};
    const RateLimit::Time start{};
    EXPECT_TRUE(limit.allow("a", start));
    EXPECT_TRUE(limit.allow("a", start));
    EXPECT_FALSE(limit.allow("a", start));
    EXPECT_TRUE(limit.exhausted("a", start));
    EXPECT_FALSE(limit.allow("a", start + std::chrono::milliseconds{99}));
    EXPECT_TRUE(limit.allow("a", start + std::chrono::milliseconds{100}));
    for (const auto* who : {"b", "c", "d", "e"})
        limit.allow(who, start + std::chrono::milliseconds{100});
    EXPECT_FALSE(limit.allow("f", start + std::chrono::milliseconds{100})) << "newcomers share one bucket";
    EXPECT_TRUE(limit.allow("f", start + std::chrono::seconds{10}));
    RateLimit off{0, 0};
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(off.allow("a", start));
}

}  // namespace
}  // namespace gateway::api
