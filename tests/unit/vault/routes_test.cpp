#include "vault/api/routes.h"

#include <gtest/gtest.h>

#include "common/json.h"
#include "support/audit_recorder.h"
#include "vault/client/card_errors.h"

namespace {

namespace http = common::http;
namespace asio = boost::asio;
using common::AccountId;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Task;
using http::Method;
using vault::Exchange;

struct CardsDouble final : vault::cards::CardVault {
    std::string number, cvc;
    vault::cards::TokenFormat format = vault::cards::TokenFormat::standard;
    vault::cards::Metadata metadata;
    std::optional<Error> failure;
    int calls = 0;

    Task<vault::cards::NewCardResult> store(vault::cards::NewCardInput card, Deadline) override {
        ++calls;
        number = card.number.view(), cvc = card.cvc.view();
        format = card.format, metadata = card.metadata;
        if (failure) co_return Fail{*failure};
        vault::cards::NewCardResult result;
        result.facts = {"vt_test_x", "visa", "4242", "credit", "US", "fp", 12, 2031, "optional", "normal"};
        result.cvc_handle = "cvc_x";
        co_return result;
    }
    Task<vault::cards::OpenCard> open(AccountId, bool, std::string, std::string, vault::audit::Caller,
                                      Deadline) override {
        ADD_FAILURE() << "no route opens a card";
        co_return Fail{Error::internal("not here")};
    }
    common::Result<std::string> hold_code(AccountId account, bool livemode,
                                          const common::SecretText& code) override {
        ++calls;
        if (failure) return Fail{*failure};
        EXPECT_EQ(account, AccountId{63});
        EXPECT_FALSE(livemode);
        cvc = code.view();
        return "cvc_x";
    }
    Task<vault::cards::CardFacts> facts(AccountId account, std::string token, Deadline) override {
        ++calls;
        number = token;
        if (failure) co_return Fail{*failure};
        EXPECT_EQ(account, AccountId{63});
        co_return vault::cards::CardFacts{token, "visa", "4242", "credit",   "US",
                                          "fp",  12,     2031,   "optional", "normal"};
    }
};

struct KeepingDouble final : vault::cards::CardKeeping {
    std::optional<Error> failure;
    std::vector<vault::cards::CardUpdate> updates;
    std::vector<vault::cards::CardSearch> searches;
    std::vector<std::string> erased;
    vault::audit::Caller eraser;

    Task<vault::cards::CardFacts> update(vault::cards::CardUpdate change, Deadline) override {
        updates.push_back(change);
        if (failure) co_return Fail{*failure};
        co_return vault::cards::CardFacts{change.token, "visa",     "4242",   "credit",       "US", "fp", 1,
                                          2032,         "optional", "normal", change.metadata};
    }
    Task<bool> erase(AccountId, std::string token, vault::audit::Caller caller, Deadline) override {
        erased.push_back(token);
        eraser = std::move(caller);
        if (failure) co_return Fail{*failure};
        co_return true;
    }
    Task<vault::cards::CardPage> search(vault::cards::CardSearch search, Deadline) override {
        searches.push_back(search);
        if (failure) co_return Fail{*failure};
        co_return vault::cards::CardPage{
            {{"vt_test_x", "visa", "4242", "credit", "US", "fp", 12, 2031, "optional", "normal", {}}},
            "vt_test_x"};
    }
};

struct ExchangesDouble final : vault::api::Exchanges {
    int calls = 0;
    std::optional<Error> failure;
    Task<Exchange> answer(std::string id) {
        ++calls;
        if (failure) co_return Fail{*failure};
        Exchange exchange;
        exchange.request_id = std::move(id);
        co_return exchange;
    }
    Task<Exchange> authorize(vault::AuthorizationRequest request, vault::audit::Caller, Deadline) override {
        return answer(request.request_id);
    }
    Task<Exchange> capture(vault::CaptureRequest request, Deadline) override {
        return answer(request.request_id);
    }
    Task<Exchange> reverse(vault::ReversalRequest request, Deadline) override {
        return answer(request.request_id);
    }
    std::string refunded_by;
    Task<Exchange> refund(vault::RefundRequest request, vault::audit::Caller caller, Deadline) override {
        refunded_by = caller.actor;
        return answer(request.request_id);
    }
    Task<Exchange> find(AccountId, std::string id, Deadline) override { return answer(std::move(id)); }
};

struct BulkDouble final : vault::cards::BulkVault {
    Task<std::vector<vault::cards::LineResult>> store(vault::cards::BulkScope, vault::cards::BulkLines,
                                                      Deadline) override {
        co_return std::vector<vault::cards::LineResult>{};
    }
};

struct DataKeysDouble final : vault::keys::DataKeyMaker {
    std::optional<Error> failure;
    std::vector<vault::keys::DataKeyScope> scopes;
    vault::keys::SealedDataKey opened;
    vault::audit::Caller caller;

    Task<vault::keys::DataKey> make(vault::keys::DataKeyScope scope, vault::audit::Caller by,
                                    Deadline) override {
        scopes.push_back(std::move(scope)), caller = std::move(by);
        if (failure) co_return Fail{*failure};
        co_return vault::keys::DataKey{common::SecretBytes{32}, {"KEK-pii-v1", {1, 2, 3}}};
    }
    Task<common::SecretBytes> open(vault::keys::DataKeyScope scope, vault::keys::SealedDataKey key,
                                   vault::audit::Caller by, Deadline) override {
        scopes.push_back(std::move(scope)), opened = std::move(key), caller = std::move(by);
        if (failure) co_return Fail{*failure};
        co_return common::SecretBytes{32};
    }
};

struct HealthDouble final : vault::api::HealthSource {
    vault::api::HealthReport state{true, true, true, true, false};
    Task<vault::api::HealthReport> report(Deadline) override { co_return state; }
};

class Routes : public testing::Test {
  protected:
    CardsDouble cards;
    KeepingDouble keeping;
    ExchangesDouble exchanges;
    DataKeysDouble data_keys;
    HealthDouble health;
    support::AuditRecorder trail;
    BulkDouble bulk;
    vault::api::Api api{{cards, keeping, bulk, exchanges, data_keys, health, trail, "portcullis"}};
    std::string identity = "spiffe://portcullis/gateway";

    http::Response call(Method method, std::string path, std::string_view body = "", std::string query = "",
                        std::string_view type = "application/json") {
        http::Request request;
        request.method = method;
        request.path = std::move(path);
        request.query = std::move(query);
        request.body = common::SecretText{body};
        if (!type.empty()) request.headers.set("Content-Type", type);
        request.peer_identity = identity;
        request.peer_address = "10.1.2.3";
        request.request_id = "req_test";
        asio::io_context io;
        http::Response response;
        const auto run = [](vault::api::Api& routes, http::Request& given,
                            http::Response& out) -> asio::awaitable<void> {
            out = co_await routes.handle(given);
        };
        asio::co_spawn(io, run(api, request, response), [](std::exception_ptr thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
        io.run();
        return response;
    }
    static std::string_view member(const http::Response& response, std::string_view name) {
        static boost::json::value parsed;
        parsed = *common::json::parse(response.body);
        const auto* value = parsed.at("error").as_object().if_contains(name);
        return value ? std::string_view{value->as_string().data(), value->as_string().size()} : "";
    }
    static constexpr std::string_view good_card =
        R"({"account": "00000011", "livemode": false, "number": "4242424242424242", "cvc": "123", "exp_month": 12, "exp_year": 2031})";
    static constexpr std::string_view good_capture =
        R"({"account": "00000011", "request_id": "creq_1", "authorization_id": "areq_1", "amount": 5, "sequence": 1, "count": 1})";
    static constexpr std::string_view good_refund =
        R"({"account": "00000011", "request_id": "freq_1", "capture_id": "creq_1", "amount": 5, "reason": "duplicate"})";
};

// PCI DSS 4.0.1: 3.4.1
TEST_F(Routes, StoreACardAndAnswerWithoutItsNumber) {
    const auto response = call(Method::post, "/cards", good_card);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(cards.number, "4242424242424242");
    EXPECT_EQ(cards.cvc, "123");
    EXPECT_NE(response.body.find("\"token\":\"vt_test_x\""), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find("4242424242424242"), std::string::npos);
    EXPECT_EQ(response.body.find("123"), std::string::npos);
}

TEST_F(Routes, GiveTheGatewayWhatIsKnownOfACard) {
    const auto response = call(Method::get, "/cards/vt_test_abc", "", "account=00000011");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(cards.number, "vt_test_abc");
    EXPECT_EQ(call(Method::get, "/cards/vt_test_abc").status, 400);
    EXPECT_EQ(call(Method::get, "/cards/vt_test_abc", "", "account=1").status, 400);
    EXPECT_EQ(call(Method::get, "/cards/vt_test_abc", "", "account=00000011&reveal=1").status, 400);
    EXPECT_EQ(call(Method::get, "/cards/vt_test_abc/number", "", "account=00000011").status, 404);
}

TEST_F(Routes, ChangeEraseAndFindCards) {
    const auto changed =
        call(Method::post, "/cards/vt_test_abc",
             R"({"account": "00000011", "exp_month": 1, "exp_year": 2032, "metadata": {"order": "77"}})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_NE(changed.body.find(R"("metadata":{"order":"77"})"), std::string::npos) << changed.body;
    ASSERT_EQ(keeping.updates.size(), 1U);
    EXPECT_EQ(keeping.updates[0].account, AccountId{63});
    EXPECT_EQ(keeping.updates[0].token, "vt_test_abc");
    EXPECT_EQ(keeping.updates[0].exp_year, 2032);

    const auto erased = call(Method::del, "/cards/9990123456784242", "", "account=00000011");
    EXPECT_EQ(erased.body, R"({"token":"9990123456784242","erased":true})");
    EXPECT_EQ(keeping.erased, std::vector<std::string>{"9990123456784242"});

    const auto found = call(Method::get, "/cards", "",
                            "account=00000011&livemode=true&expires_from=2031-09&expires_to=2032-01&limit=3");
    EXPECT_EQ(found.status, 200) << found.body;
    EXPECT_NE(found.body.find(R"("has_more":true,"next":"vt_test_x")"), std::string::npos) << found.body;
    ASSERT_EQ(keeping.searches.size(), 1U);
    const auto& search = keeping.searches[0];
    EXPECT_TRUE(search.livemode);
    EXPECT_EQ(search.limit, 3);
    EXPECT_EQ(search.expires_from->month, 9);
    EXPECT_EQ(search.expires_to->year, 2032);
}

// PCI DSS 4.0.1: 10.2.2
TEST_F(Routes, SayOnWhoseBehalfACardIsChangedOrErased) {
    call(Method::post, "/cards/vt_test_abc", R"({"account": "00000011", "metadata": {"order": "77"}})");
    ASSERT_EQ(keeping.updates.size(), 1U);
    call(Method::del, "/cards/vt_test_abc", "", "account=00000011");
    for (const auto& caller : {keeping.updates[0].caller, keeping.eraser}) {
        EXPECT_EQ(caller.actor, "spiffe://portcullis/gateway");
        EXPECT_EQ(caller.origin, "10.1.2.3");
        EXPECT_EQ(caller.detail, "req_test");
    }
}

TEST_F(Routes, DoNotChangeEraseOrFindWithBadParameters) {
    EXPECT_EQ(call(Method::post, "/cards/vt_test_abc", R"({"account": "00000011"})").status, 400);
    EXPECT_EQ(
        call(Method::post, "/cards/vt_test_abc", R"({"account": "00000011", "number": "4242424242424242"})")
            .status,
        400);
    EXPECT_EQ(call(Method::del, "/cards/vt_test_abc").status, 400);
    EXPECT_EQ(call(Method::del, "/cards/vt_test_abc", "", "account=00000011&all=1").status, 400);
    EXPECT_EQ(call(Method::get, "/cards").status, 400);
    EXPECT_EQ(call(Method::get, "/cards", "", "account=00000011&livemode=true&limit=1000").status, 400);
    EXPECT_EQ(
        call(Method::get, "/cards", "", "account=00000011&livemode=true&number=4242424242424242").status,
        400);
    EXPECT_EQ(keeping.updates.size() + keeping.erased.size() + keeping.searches.size(), 0U);
    EXPECT_EQ(call(Method::other, "/cards/vt_test_abc").headers.find("Allow"), "GET, POST, DELETE");
}

TEST_F(Routes, TakeTheFormatOfATokenAndMetadata) {
    std::string card{good_card};
    card.insert(card.size() - 1, R"(, "token_format": "digits", "metadata": {"order": "77"})");
    EXPECT_EQ(call(Method::post, "/cards", card).status, 200);
    EXPECT_EQ(cards.format, vault::cards::TokenFormat::digits);
    EXPECT_EQ(cards.metadata, (vault::cards::Metadata{{"order", "77"}}));
    EXPECT_EQ(call(Method::post, "/cards", good_card).status, 200);
    EXPECT_EQ(cards.format, vault::cards::TokenFormat::standard);
}

TEST_F(Routes, MakeAndOpenDataKeys) {
    const auto made =
        call(Method::post, "/data-keys", R"({"account": "00000011", "livemode": true, "object": "file_1"})");
    EXPECT_EQ(made.status, 200);
    const std::string zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    EXPECT_EQ(made.body, R"({"key":")" + zeros + R"(","kek":"KEK-pii-v1","sealed":"AQID"})");
    const auto opened = call(
        Method::post, "/data-keys/open",
        R"({"account": "00000011", "livemode": true, "object": "file_1", "kek": "KEK-pii-v1", "sealed": "AQID"})");
    EXPECT_EQ(opened.body, R"({"key":")" + zeros + R"("})");
    ASSERT_EQ(data_keys.scopes.size(), 2U);
    for (const auto& scope : data_keys.scopes) {
        EXPECT_EQ(scope.account, AccountId{63});
        EXPECT_TRUE(scope.livemode);
        EXPECT_EQ(scope.object, "file_1");
    }
    EXPECT_EQ(data_keys.opened.kek, "KEK-pii-v1");
    EXPECT_EQ(data_keys.opened.sealed, (common::crypto::Bytes{1, 2, 3}));
    EXPECT_EQ(data_keys.caller.detail, "req_test");
}

TEST_F(Routes, MakeAndOpenNoDataKeysForBadBodies) {
    for (const char* body :
         {R"({"account": "00000011", "livemode": true})", R"({"livemode": true, "object": "file_1"})",
          R"({"account": "00000011", "object": "file_1"})",
          R"({"account": "00000011", "livemode": true, "object": ""})",
          R"({"account": "00000011", "livemode": true, "object": "4242 4242"})",
          R"({"account": "00000011", "livemode": true, "object": "file_1", "key": "x"})"})
        EXPECT_EQ(call(Method::post, "/data-keys", body).status, 400) << body;
    EXPECT_EQ(
        call(
            Method::post, "/data-keys/open",
            R"({"account": "00000011", "livemode": true, "object": "f", "kek": "KEK-pii-v1", "sealed": "A"})")
            .status,
        400);
    EXPECT_TRUE(data_keys.scopes.empty());
    data_keys.failure = Error::internal("not what was sealed").with_cause(common::Cause::integrity);
    EXPECT_EQ(
        call(Method::post, "/data-keys/open",
             R"({"account": "00000011", "livemode": true, "object": "f", "kek": "K", "sealed": "AQID"})")
            .status,
        500);
}

TEST_F(Routes, HoldASecurityCodeWithoutACard) {
    const auto held =
        call(Method::post, "/security_codes", R"({"account": "00000011", "livemode": false, "cvc": "314"})");
    EXPECT_EQ(held.status, 200) << held.body;
    EXPECT_EQ(held.body, R"({"cvc_handle":"cvc_x"})");
    EXPECT_EQ(cards.cvc, "314");
    EXPECT_EQ(call(Method::post, "/security_codes", R"({"account": "00000011", "livemode": false})").status,
              400);
    EXPECT_EQ(call(Method::post, "/security_codes",
                   R"({"account": "00000011", "livemode": false, "cvc": "314", "number": "4242"})")
                  .status,
              400);
}

// PCI DSS 4.0.1: 7.2.1
TEST_F(Routes, AreTheGatewaysAlone) {
    const std::pair<Method, const char*> kept[] = {
        {Method::post, "/cards"},          {Method::get, "/cards/vt_test_x"},
        {Method::post, "/authorizations"}, {Method::post, "/captures"},
        {Method::post, "/reversals"},      {Method::get, "/exchanges/areq_1"},
        {Method::get, "/nothing"},         {Method::del, "/cards"},
        {Method::get, "/cards"},           {Method::post, "/cards/vt_test_x"},
        {Method::del, "/cards/vt_test_x"}, {Method::post, "/data-keys"},
        {Method::post, "/data-keys/open"}, {Method::post, "/security_codes"}};
    for (const char* other : {"spiffe://portcullis/acquirer", "spiffe://portcullis/viewer",
                              "spiffe://portcullis/gateway2", "spiffe://portcullis/gateway/x",
                              "spiffe://elsewhere/gateway", "spiffe://portcullis/", "gateway", ""}) {
        identity = other;
        for (const auto& [method, path] : kept)
            EXPECT_EQ(call(method, path, good_card).status, 403) << other << ' ' << path;
    }
    EXPECT_EQ(cards.calls + exchanges.calls, 0);
    EXPECT_TRUE(data_keys.scopes.empty());
    EXPECT_EQ(keeping.updates.size() + keeping.erased.size() + keeping.searches.size(), 0U);
}

// PCI DSS 4.0.1: 10.2.1
TEST_F(Routes, RecordWhomTheyRefuseButNotWhatElseThePathHolds) {
    identity = "spiffe://portcullis/viewer";
    EXPECT_EQ(call(Method::get, "/cards/4242424242424242").status, 403);
    identity = "";
    EXPECT_EQ(call(Method::post, "/4242424242424242").status, 403);
    const auto entries = trail.entries();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].actor, "spiffe://portcullis/viewer");
    EXPECT_EQ(entries[0].action, "api.call");
    EXPECT_EQ(entries[0].object, "GET /cards/{}");
    EXPECT_EQ(entries[0].outcome, vault::audit::Outcome::refused);
    EXPECT_EQ(entries[1].actor, "unknown");
    EXPECT_EQ(entries[1].object, "POST unknown");
    trail.fail(Error::unavailable("the log is full"));
    EXPECT_EQ(call(Method::get, "/cards/x").status, 403) << "refused, whether it can be recorded or not";
}

TEST_F(Routes, ShowTheHealthToEveryPeer) {
    identity = "spiffe://portcullis/viewer";
    EXPECT_EQ(call(Method::get, "/healthz").status, 200);
    EXPECT_EQ(call(Method::get, "/readyz").status, 200);
    for (const char* stranger : {"", "spiffe://elsewhere/viewer"}) {
        identity = stranger;
        EXPECT_EQ(call(Method::get, "/healthz").status, 403);
    }
}

TEST_F(Routes, SayWhichPartIsNotWell) {
    health.state.acquirer = false;
    auto response = call(Method::get, "/healthz");
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body,
              R"({"status":"unavailable","hsm":"ok","database":"ok","acquirer":"unavailable","audit":"ok"})");
    EXPECT_EQ(call(Method::get, "/readyz").status, 200) << "cards can be stored without the acquirer";
    for (auto bad : {&vault::api::HealthReport::hsm, &vault::api::HealthReport::audit}) {
        health.state = {true, true, true, true, false};
        health.state.*bad = false;
        EXPECT_EQ(call(Method::get, "/healthz").status, 503);
        EXPECT_EQ(call(Method::get, "/readyz").status, 503);
    }
    health.state = {true, true, true, true, true};
    EXPECT_EQ(call(Method::get, "/readyz").status, 503) << "draining";
}

TEST_F(Routes, RefuseWhatTheyDoNotKnow) {
    EXPECT_EQ(call(Method::get, "/nothing").status, 404);
    EXPECT_EQ(call(Method::get, "/cards/").status, 404);
    const auto response = call(Method::del, "/cards");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.headers.find("Allow"), "POST, GET");
    EXPECT_EQ(call(Method::other, "/captures").status, 405);
}

// PCI DSS 4.0.1: 6.2.4
TEST_F(Routes, RefuseBodiesThatAreNotTheJsonTheyTake) {
    for (const char* body : {"", "{", "[]", "null", "7", "account=1", R"({"account": "00000011"} {})",
                             R"({"account": "00000011", "account": "00000011"})", "{\"account\": \"\xff\"}"})
        EXPECT_EQ(call(Method::post, "/cards", body).status, 400) << body;
    EXPECT_EQ(call(Method::post, "/cards", good_card, "", "application/x-www-form-urlencoded").status, 415);
    EXPECT_EQ(call(Method::post, "/cards", good_card, "", "").status, 415);
    EXPECT_EQ(call(Method::post, "/cards", good_card, "dry_run=1").status, 400);
    EXPECT_EQ(cards.calls, 0);
}

TEST_F(Routes, PassCardErrorsOnInTheApisForm) {
    cards.failure = vault::card_error(vault::CardFault::incorrect_number);
    const auto response = call(Method::post, "/cards", good_card);
    EXPECT_EQ(response.status, 402);
    EXPECT_EQ(member(response, "type"), "card_error");
    EXPECT_EQ(member(response, "code"), "incorrect_number");
    EXPECT_EQ(member(response, "param"), "number");
}

TEST_F(Routes, AskForARetryWhenTheVaultCannotWork) {
    cards.failure = Error::unavailable("HSM gone");
    const auto response = call(Method::post, "/cards", good_card);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.headers.find("Stripe-Should-Retry"), "true");
    EXPECT_EQ(response.body.find("HSM"), std::string::npos) << "the reason is for the log";
}

TEST_F(Routes, CarryOrdersToTheAcquirersSide) {
    EXPECT_EQ(call(Method::post, "/captures", good_capture).status, 200);
    EXPECT_EQ(call(Method::get, "/exchanges/areq_1", "", "account=00000011").status, 200);
    const auto refunded = call(Method::post, "/refunds", good_refund);
    EXPECT_EQ(refunded.status, 200);
    EXPECT_EQ(boost::json::parse(refunded.body).at("request_id"), "freq_1");
    EXPECT_EQ(exchanges.refunded_by, identity) << "opening the card is audited";
    EXPECT_EQ(exchanges.calls, 3);
    EXPECT_EQ(call(Method::post, "/captures", "{}").status, 400);
    EXPECT_EQ(call(Method::post, "/refunds", "{}").status, 400);
    EXPECT_EQ(call(Method::get, "/exchanges/areq_1").status, 400);
    EXPECT_EQ(call(Method::get, "/exchanges/" + std::string(300, 'a'), "", "account=00000011").status, 400);
    EXPECT_EQ(exchanges.calls, 3);
}

TEST_F(Routes, TellAnUnknownOutcomeFromNone) {
    exchanges.failure = Error::unavailable("no answer yet", common::Cause::outcome_unknown);
    const auto response = call(Method::post, "/captures", good_capture);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(member(response, "cause"), "outcome_unknown");
    exchanges.failure = Error::unavailable("not connected");
    EXPECT_EQ(member(call(Method::post, "/captures", good_capture), "cause"), "");
}

TEST_F(Routes, HaveLabelsThatHoldNoIds) {
    using vault::api::Api;
    EXPECT_EQ(Api::route_label(Method::get, "/cards/vt_test_x"), "/cards/{}");
    EXPECT_EQ(Api::route_label(Method::post, "/captures"), "/captures");
    EXPECT_EQ(Api::route_label(Method::post, "/x"), "unknown");
}

}  // namespace
