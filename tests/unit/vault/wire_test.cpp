#include "vault/client/wire.h"

#include <gtest/gtest.h>

#include "common/json.h"
#include "vault/client/card_errors.h"

namespace {

namespace json = boost::json;
namespace wire = vault::wire;
using vault::CardFault;
using vault::Exchange;

vault::NewCard typed_card() {
    vault::NewCard card;
    card.account = common::AccountId{4711};
    card.number = common::SecretText{"4242 4242 4242 4242"};
    card.cvc = common::SecretText{"123"};
    card.exp_month = 12;
    card.exp_year = 2031;
    return card;
}

json::object parsed(std::string_view text) {
    return common::json::parse(text)->as_object();
}

TEST(CardOnTheWire, ArrivesAsItWasTyped) {
    const auto text = wire::to_json(typed_card());
    const auto card = wire::new_card(parsed(text.view()));
    ASSERT_TRUE(card) << card.error().describe();
    EXPECT_EQ(card->account, common::AccountId{4711});
    EXPECT_FALSE(card->livemode);
    EXPECT_EQ(card->number.view(), "4242 4242 4242 4242");
    EXPECT_EQ(card->cvc.view(), "123");
    EXPECT_EQ(card->exp_month, 12);
    EXPECT_EQ(card->exp_year, 2031);
}

TEST(CardOnTheWire, MayBeASandboxIdInstead) {
    vault::NewCard card;
    card.account = common::AccountId{1};
    card.sandbox_id = "pm_card_visa";
    const auto read = wire::new_card(parsed(wire::to_json(card).view()));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->sandbox_id, "pm_card_visa");
    EXPECT_TRUE(read->number.empty());
}

struct WrongBody {
    const char* body;
    const char* param;
    const char* code;
};

TEST(CardOnTheWire, NamesTheMemberThatIsWrong) {
    const WrongBody examples[] = {
        {R"({})", "account", "parameter_missing"},
        {R"({"account": "0000001B", "livemode": false, "exp_month": 1, "exp_year": 2030})", "number",
         "parameter_missing"},
        {R"({"account": "0000001B", "livemode": false, "number": 4242424242424242, "exp_month": 1, "exp_year": 2030})",
         "number", "parameter_invalid"},
        {R"({"account": "0000001B", "livemode": false, "number": "4", "exp_month": "1", "exp_year": 2030})",
         "exp_month", "parameter_invalid"},
        {R"({"account": "0000001B", "livemode": false, "number": "4", "exp_month": 1.5, "exp_year": 2030})",
         "exp_month", "parameter_invalid"},
        {R"({"account": "0000001B", "livemode": 0, "number": "4", "exp_month": 1, "exp_year": 2030})",
         "livemode", "parameter_invalid"},
        {R"({"account": "1B", "livemode": false, "number": "4", "exp_month": 1, "exp_year": 2030})",
         "account", "parameter_invalid"},
        {R"({"account": "0000001-", "livemode": false, "number": "4", "exp_month": 1, "exp_year": 2030})",
         "account", "parameter_invalid"},
        {R"({"account": "0000001B", "livemode": false, "number": "4", "exp_month": 1, "exp_year": 2030, "pin": "1"})",
         "pin", "parameter_unknown"},
        {R"({"account": "0000001B", "livemode": false, "number": "4", "exp_month": 1, "exp_year": 2030, "cvc": null})",
         "cvc", "parameter_invalid"},
        {R"({"account": "0000001B", "livemode": false, "sandbox_id": "pm_card_visa", "number": "4"})",
         "sandbox_id", "parameter_invalid"},
    };
    for (const auto& example : examples) {
        const auto card = wire::new_card(parsed(example.body));
        ASSERT_FALSE(card) << example.body;
        EXPECT_EQ(card.error().status(), 400);
        EXPECT_EQ(card.error().param(), example.param) << example.body;
        EXPECT_EQ(card.error().code(), example.code) << example.body;
    }
    const auto long_number =
        R"({"account": "0000001B", "livemode": false, "exp_month": 1, "exp_year": 2030, "number": ")" +
        std::string(65, '4') + "\"}";
    EXPECT_EQ(wire::new_card(parsed(long_number)).error().param(), "number");
}

TEST(SecurityCodesOnTheWire, KeepEveryMemberAndTakeNoOther) {
    const auto sent = wire::to_json(
        vault::NewSecurityCode{common::AccountId{5}, true, common::SecretText{std::string_view{"314"}}});
    const auto read = wire::new_security_code(parsed(sent.view()));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->account, common::AccountId{5});
    EXPECT_TRUE(read->livemode);
    EXPECT_EQ(read->code.view(), "314");
    EXPECT_EQ(wire::security_code(wire::to_json(vault::SecurityCode{"cvc_x"}))->handle, "cvc_x");
    EXPECT_EQ(wire::new_security_code(
                  parsed(R"({"account": "0000001B", "livemode": false, "cvc": "314", "number": "4"})"))
                  .error()
                  .param(),
              "number");
}

TEST(RequestsOnTheWire, KeepEveryMember) {
    vault::AuthorizationRequest request;
    request.request_id = "areq_1";
    request.account = common::AccountId{5};
    request.livemode = true;
    request.card_token = "vt_live_x";
    request.cvc_handle = "cvc_x";
    request.amount = 999'999'999'999;
    request.currency = "eur";
    request.merchant = {"5734", "276", "TERM0001", "MERCHANT0000001", "Shop", "Berlin", "DE"};
    request.off_session = true;
    request.stored_credential = "CFU";
    request.network_transaction_id = "MCC123";
    request.postal_code = "10115";
    request.address_digits = "12";
    const auto read = wire::authorization(wire::to_json(request));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(wire::to_json(*read), wire::to_json(request));
    EXPECT_EQ(read->merchant.name, "Shop");

    const vault::CaptureRequest capture{"creq_1", "areq_1", common::AccountId{5}, 100, 2, 99};
    EXPECT_EQ(wire::to_json(*wire::capture(wire::to_json(capture))), wire::to_json(capture));
    const vault::ReversalRequest reversal{"rreq_1", "areq_1", common::AccountId{5}, "34"};
    EXPECT_EQ(wire::to_json(*wire::reversal(wire::to_json(reversal))), wire::to_json(reversal));
    for (const char* reason : {"", "requested_by_customer"}) {
        const vault::RefundRequest refund{"freq_1", "creq_1", common::AccountId{5}, 100, reason};
        EXPECT_EQ(wire::to_json(*wire::refund(wire::to_json(refund))), wire::to_json(refund));
    }
}

TEST(RequestsOnTheWire, AreBounded) {
    auto object = wire::to_json(vault::CaptureRequest{"creq_1", "areq_1", common::AccountId{5}, 100, 1, 1});
    const auto refused = [&](const char* member, json::value value) {
        auto changed = object;
        changed[member] = std::move(value);
        const auto read = wire::capture(changed);
        return !read && read.error().param() == member;
    };
    EXPECT_TRUE(refused("amount", 0));
    EXPECT_TRUE(refused("amount", -1));
    EXPECT_TRUE(refused("amount", 1'000'000'000'000));
    EXPECT_TRUE(refused("sequence", 100));
    EXPECT_TRUE(refused("count", 0));
    EXPECT_TRUE(refused("request_id", std::string(256, 'a').c_str()));
    const auto refund = wire::to_json(vault::RefundRequest{"freq_1", "creq_1", common::AccountId{5}, 1, ""});
    for (const auto& [member, value] :
         std::vector<std::pair<std::string, json::value>>{{"amount", 0},
                                                          {"amount", 1'000'000'000'000},
                                                          {"capture_id", 7},
                                                          {"account", ""},
                                                          {"card", ""}}) {
        auto changed = refund;
        changed[member] = value;
        EXPECT_EQ(wire::refund(changed).error().param(), member);
    }
    for (const char* member : {"request_id", "capture_id", "account", "amount"}) {
        auto changed = refund;
        changed.erase(member);
        EXPECT_EQ(wire::refund(changed).error().param(), member);
    }
    auto authorization = wire::to_json(vault::AuthorizationRequest{});
    authorization["merchant"].as_object()["mcc"] = "57340";
    EXPECT_EQ(wire::authorization(authorization).error().param(), "mcc");
    authorization["merchant"] = "shop";
    EXPECT_EQ(wire::authorization(authorization).error().param(), "merchant");
}

TEST(ExchangeOnTheWire, KeepsStateKindAndAnswer) {
    for (const auto state : {Exchange::State::pending, Exchange::State::answered, Exchange::State::reversed,
                             Exchange::State::not_sent, Exchange::State::parked})
        for (const auto kind : {Exchange::Kind::authorization, Exchange::Kind::capture,
                                Exchange::Kind::reversal, Exchange::Kind::refund}) {
            Exchange exchange;
            exchange.state = state;
            exchange.kind = kind;
            exchange.response_code = "94";
            exchange.approved_amount = 7;
            const auto read = wire::exchange(wire::to_json(exchange));
            ASSERT_TRUE(read) << read.error().describe();
            EXPECT_EQ(read->state, state);
            EXPECT_EQ(read->kind, kind);
            EXPECT_EQ(read->approved_amount, 7);
            EXPECT_EQ(read->approved(),
                      state == Exchange::State::answered && kind == Exchange::Kind::capture);
        }
    auto unknown = wire::to_json(Exchange{});
    unknown["state"] = "lost";
    EXPECT_FALSE(wire::exchange(unknown));
}

TEST(Exchange, IsApprovedByTheCodesOfApprovalOnly) {
    Exchange exchange;
    exchange.state = Exchange::State::answered;
    for (const char* code : {"00", "08", "10", "11", "85"}) {
        exchange.response_code = code;
        EXPECT_TRUE(exchange.approved()) << code;
    }
    for (const char* code : {"", "05", "51", "91", "94", "0", "000"}) {
        exchange.response_code = code;
        EXPECT_FALSE(exchange.approved()) << code;
    }
    exchange.response_code = "00";
    exchange.state = Exchange::State::reversed;
    EXPECT_FALSE(exchange.approved());
}

TEST(ErrorsOnTheWire, ComeBackAsTheyWereMade) {
    for (const auto fault :
         {CardFault::invalid_number, CardFault::incorrect_number, CardFault::invalid_expiry_month,
          CardFault::invalid_expiry_year, CardFault::invalid_cvc, CardFault::test_mode_live_card,
          CardFault::live_mode_test_card, CardFault::velocity_exceeded}) {
        const auto made = vault::card_error(fault);
        const auto read = wire::error_of(made.status(), json::serialize(made.to_json()));
        EXPECT_EQ(read.to_json(), made.to_json());
        EXPECT_EQ(read.status(), 402);
    }
}

TEST(ErrorsOnTheWire, SayWhetherAnythingMayHaveHappened) {
    using common::Cause;
    EXPECT_EQ(wire::error_of(503, "{}").cause(), Cause::unavailable);
    EXPECT_EQ(wire::error_of(503, "{}").should_retry(), true);
    EXPECT_EQ(wire::error_of(503, R"({"error": {"cause": "outcome_unknown"}})").cause(),
              Cause::outcome_unknown);
    EXPECT_EQ(wire::error_of(503, R"({"error": {"cause": "refund_open"}})").cause(), Cause::lock_timeout);
    EXPECT_EQ(wire::error_of(500, "{}").cause(), Cause::outcome_unknown);
    EXPECT_EQ(wire::error_of(404, "{}").cause(), Cause::not_found);
    EXPECT_EQ(wire::error_of(409, "{}").cause(), Cause::conflict);
    EXPECT_EQ(wire::error_of(429, "").cause(), Cause::overloaded);
    EXPECT_EQ(wire::error_of(400, R"({"error": {"code": "parameter_unknown", "param": "x"}})").status(), 500);
}

TEST(ErrorsOnTheWire, PassNoForeignTextOn) {
    const auto error =
        wire::error_of(402, R"({"error": {"code": "4242424242424242", "message": "4242424242424242"}})");
    EXPECT_EQ(error.status(), 500);
    EXPECT_EQ(error.describe().find("424242424242"), std::string::npos);
    for (const char* body : {"", "[]", "null", R"({"error": []})", R"({"error": {"code": 7}})", "{{{"})
        EXPECT_EQ(wire::error_of(402, body).status(), 500) << body;
}

}  // namespace
