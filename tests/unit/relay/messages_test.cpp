// The worked messages of the interface description, built from orders and compared byte for byte.
#include "vault/relay/messages.h"

#include <gtest/gtest.h>

#include "vault/relay/numbers.h"

namespace {

using vault::AuthorizationRequest;
using vault::iso8583::Message;
using vault::relay::Record;
using namespace std::chrono;
using namespace vault::relay;

vault::cards::OpenCard open_card(std::string_view number, std::string_view code) {
    vault::cards::OpenCard card;
    card.pan = vault::cards::Pan::parse(number).value();
    card.expiry = vault::cards::Expiry{12, 2028};
    if (!code.empty()) card.cvc = vault::cards::Cvc::parse(code, card.pan.brand()).value();
    return card;
}

AuthorizationRequest order_of(std::int64_t amount, std::string currency) {
    AuthorizationRequest order;
    order.request_id = "areq_1";
    order.card_token = "vt_test_1";
    order.amount = amount;
    order.currency = std::move(currency);
    order.merchant = {"5942", "620", "GW000001", "MERCHANT0000001", "ACME BOOKS", "LISBOA", "PT"};
    return order;
}

Record numbered(const AuthorizationRequest& order, std::string stan, std::string sent_at) {
    auto record = record_of(order, "400123", "900001").value();
    record.stan = std::move(stan);
    record.rrn = "607612" + record.stan;
    record.sent_at = std::move(sent_at);
    return record;
}

std::string encoded(const Message& message) {
    const auto payload = vault::iso8583::encode(message, vault::iso8583::Profile::gw87a);
    if (!payload)
        return "error " + std::string{to_string(payload.error().name)} + " in " + payload.error().field;
    return std::string{payload->view()};
}

// The original of the advices below.
Record approved() {
    auto record = numbered(order_of(12599, "eur"), "000101", "0317121530");
    record.state = State::answered;
    record.answer.response_code = "00";
    record.answer.authorization_code = "A1B2C3";
    record.answer.network_transaction_id = "030607612153000";
    return record;
}

TEST(RelayMessages, BuildTheAmericanExpressAuthorization) {
    const auto record = numbered(order_of(12599, "eur"), "000107", "0317121606");
    EXPECT_EQ(
        encoded(request_message(record, open_card("378282246310005", "1234"), {})),
        "0100723C648188E1800015378282246310005000000000000012599031712160600010712160603172812594262081259"
        "0640012306900001607612000107GW000001MERCHANT0000001ACME BOOKS               LISBOA       PT"
        "015CI0011CV0041234978");
}

TEST(RelayMessages, BuildTheMerchantInitiatedAuthorizationWithoutCode) {
    auto order = order_of(12599, "eur");
    order.off_session = true;
    order.stored_credential = "MSR";
    order.network_transaction_id = "030607612153000";
    const auto record = numbered(order, "000110", "0317121609");
    const auto message = request_message(record, open_card("5555555555554444", ""), {});
    EXPECT_EQ(message.get(22), "102");
    EXPECT_EQ(message.get(25), "08");
    EXPECT_EQ(message.get(48), "CO003MSRNT015030607612153000SX001M");
}

TEST(RelayMessages, BuildTheCaptureOfAnApprovedAuthorization) {
    vault::CaptureRequest order;
    order.request_id = "areq_2";
    order.amount = 12599;
    auto record = capture_of(approved(), order);
    record.stan = "000201";
    record.sent_at = "0317143000";
    EXPECT_EQ(
        encoded(advice_message(record, open_card("4111111111111111", ""), false)),
        "0220F23CE4818CE18000000000400000000016411111111111111100000000000001259903171430000002011430000317"
        "2812031759426208125906400123069000016076120001"
        "01A1B2C3GW000001MERCHANT0000001ACME BOOKS               LISBOA       PT"
        "029CS0040101NT015030607612153000978010000010103171215300000040012300000900001");
}

TEST(RelayMessages, BuildTheReversalOfAnUnansweredAuthorization) {
    auto record = reversal_of(numbered(order_of(12599, "eur"), "000101", "0317121530"), "r", "68");
    record.stan = "000501";
    record.sent_at = "0317121550";
    EXPECT_EQ(encoded(advice_message(record, open_card("4111111111111111", ""), false)),
              "0420F23C64818AE0800000000040000000001641111111111111110000000000000125990317121550000501"
              "12155003172812594262081259064001230690000160761200010168GW000001MERCHANT0000001"
              "ACME BOOKS               LISBOA       PT978010000010103171215300000040012300000900001");
}

TEST(RelayMessages, VoidAnApprovedAuthorizationWithItsCode) {
    auto record = reversal_of(approved(), "r", "17");
    record.stan = "000502";
    record.sent_at = "0317130000";
    const auto message = advice_message(record, open_card("4111111111111111", ""), false);
    EXPECT_EQ(message.get(38), "A1B2C3");
    EXPECT_EQ(message.get(39), "17");
    EXPECT_EQ(message.get(37), "607612000101");
    EXPECT_FALSE(message.has(48));
}

TEST(RelayMessages, RepeatAnAdviceWithOnlyTheTypeChanged) {
    auto record = reversal_of(approved(), "r", "17");
    record.stan = "000502";
    record.sent_at = "0317130000";
    const auto card = open_card("4111111111111111", "123");
    const auto first = encoded(advice_message(record, card, false));
    const auto repeat = encoded(advice_message(record, card, true));
    EXPECT_EQ(first.substr(0, 4), "0420");
    EXPECT_EQ(repeat.substr(0, 4), "0421");
    EXPECT_EQ(first.substr(4), repeat.substr(4));
}

// The capture that the refunds below give back.
Record captured() {
    vault::CaptureRequest order;
    order.request_id = "areq_2";
    order.amount = 12599;
    auto record = capture_of(approved(), order);
    record.stan = "000201";
    record.sent_at = "0317143000";
    record.state = State::answered;
    record.answer.response_code = "00";
    return record;
}

Record refund_of_fifty() {
    auto record =
        refund_of(captured(), {"areq_3", "areq_2", common::AccountId{7}, 5000, "requested_by_customer"})
            .value();
    record.stan = "000401";
    record.rrn = "607612000401";
    record.sent_at = "0317160000";
    return record;
}

TEST(RelayMessages, BuildTheRefundOfACapture) {
    EXPECT_EQ(
        encoded(request_message(refund_of_fifty(), open_card("4111111111111111", "987"), {})),
        "0200F23C648188E18000000000400000000016411111111111111120000000000000500003171600000004011600000317"
        "281259426208125906400123069000016076120004"
        "01GW000001MERCHANT0000001ACME BOOKS               LISBOA       PT"
        "063NT015030607612153000RR012607612000101RS021requested_by_customer978"
        "022000020103171430000000040012300000900001");
}

TEST(RelayMessages, BuildTheReversalOfAnUnansweredRefund) {
    const auto refund = refund_of_fifty();
    EXPECT_EQ(refund.authorization_id, "areq_1");
    EXPECT_EQ(refund.state, State::intent);
    auto record = reversal_of(refund, "r", "68");
    record.stan = "000501";
    record.sent_at = "0317160020";
    EXPECT_EQ(record.authorization_id, "areq_1") << "in the queue of the payment";
    const auto message = advice_message(record, open_card("4111111111111111", ""), false);
    EXPECT_EQ(message.mti(), "0420");
    EXPECT_EQ(message.get(3), "200000");
    EXPECT_EQ(message.get(4), "000000005000");
    EXPECT_EQ(message.get(37), "607612000401");
    EXPECT_EQ(message.get(39), "68");
    EXPECT_EQ(message.get(90), "020000040103171600000000040012300000900001");
    EXPECT_FALSE(message.has(38));
    EXPECT_FALSE(message.has(48));
    EXPECT_FALSE(encoded(message).starts_with("error"));
}

TEST(RelayMessages, SendNoReasonOrNetworkIdThatThereIsNot) {
    auto record = refund_of_fifty();
    record.network_id.clear(), record.reason.clear();
    EXPECT_EQ(request_message(record, open_card("4111111111111111", ""), {}).get(48), "RR012607612000101");
}

TEST(RelayMessages, RefuseRefundsThatNoMessageCarries) {
    const auto param = [](const vault::RefundRequest& order, const std::string& currency = "eur") {
        auto capture = captured();
        capture.currency = currency;
        const auto made = refund_of(capture, order);
        return made ? std::string{} : std::string{made.error().param()};
    };
    const common::AccountId account{7};
    EXPECT_EQ(param({"areq_3", "areq_2", account, 1, "duplicate"}), "");
    EXPECT_EQ(param({"areq_3", "areq_2", account, 1, "fraudulent"}), "");
    EXPECT_EQ(param({"", "areq_2", account, 1, ""}), "request_id");
    EXPECT_EQ(param({std::string(201, 'a'), "areq_2", account, 1, ""}), "request_id");
    EXPECT_EQ(param({"areq_3", "areq_2", account, 0, ""}), "amount");
    EXPECT_EQ(param({"areq_3", "areq_2", account, -1, ""}), "amount");
    EXPECT_EQ(param({"areq_3", "areq_2", account, 50, ""}, "isk"), "amount");
    EXPECT_EQ(param({"areq_3", "areq_2", account, 1, "because"}), "reason");
}

TEST(RelayMessages, CarryTheSecurityCodeInNoAdvice) {
    auto capture = capture_of(approved(), {});
    capture.amount = 5, capture.stan = "000001", capture.sent_at = "0317130000";
    const auto card = open_card("4111111111111111", "987");
    EXPECT_FALSE(advice_message(capture, card, false).get(48).contains("CV"));
}

TEST(RelayMessages, CheckTheAddressWithinFortyCharacters) {
    const auto record = numbered(order_of(100, "eur"), "000107", "0317121606");
    const Transient transient{std::string(60, '9'), "Rua 12, 3.º " + std::string(60, '7')};
    const auto message = request_message(record, open_card("4111111111111111", ""), transient);
    const auto data = vault::iso8583::PrivateData::parse(message.get(48)).value();
    EXPECT_EQ(data.get("AV"), std::string(20, '9') + ";123" + std::string(16, '7'));
    EXPECT_EQ(data.get("CI"), "0");
    EXPECT_FALSE(encoded(message).starts_with("error"));
}

TEST(RelayMessages, GiveAmountsInTheUnitOfTheStandard) {
    EXPECT_EQ(amount_field(12599, "eur"), "000000012599");
    EXPECT_EQ(amount_field(500, "jpy"), "000000000500");
    EXPECT_EQ(amount_field(12340, "kwd"), "000000012340");
    EXPECT_EQ(amount_field(50000, "isk"), "000000000500");  // two decimals in the API, none in ISO 4217
    EXPECT_EQ(amount_field(50001, "isk"), std::nullopt);
    EXPECT_EQ(amount_of_field("000000000500", "isk"), 50000);
    EXPECT_EQ(amount_field(-1, "eur"), std::nullopt);
    EXPECT_EQ(amount_field(1'000'000'000'000, "eur"), std::nullopt);
    EXPECT_EQ(amount_field(1, "xxx"), std::nullopt);
}

TEST(RelayMessages, RefuseOrdersThatNoMessageCarries) {
    const auto refused = [](auto change) {
        auto order = order_of(100, "eur");
        change(order);
        const auto record = record_of(order, "400123", "900001");
        return record ? "" : record.error().param();
    };
    EXPECT_EQ(refused([](auto& o) { o.merchant.mcc = "59"; }), "merchant[mcc]");
    EXPECT_EQ(refused([](auto& o) { o.merchant.terminal_id = "GW0000012"; }), "merchant[terminal_id]");
    EXPECT_EQ(refused([](auto& o) { o.merchant.merchant_id = "caf\xC3\xA9"; }), "merchant[merchant_id]");
    EXPECT_EQ(refused([](auto& o) { o.currency = "zzz"; }), "currency");
    EXPECT_EQ(refused([](auto& o) { o.amount = -5; }), "amount");
    EXPECT_EQ(refused([](auto& o) { o.stored_credential = "XSU"; }), "stored_credential");
    EXPECT_EQ(refused([](auto& o) { o.network_transaction_id = std::string(21, '1'); }),
              "network_transaction_id");
    EXPECT_EQ(refused([](auto& o) { o.request_id.clear(); }), "request_id");
    EXPECT_EQ(refused([](auto&) {}), "");
}

TEST(RelayMessages, WriteNamesInAscii) {
    EXPECT_EQ(ascii_of("Café Zürich Łódź ß Ærø"), "Cafe Zurich Lodz ss AEro");
    EXPECT_EQ(ascii_of("O’Brien – 日"), "O'Brien - ?");
    EXPECT_EQ(ascii_of("cafe\xCC\x81"), "cafe");
    EXPECT_EQ(ascii_of("\xFF\xC3"), "??");
    EXPECT_EQ(name_location("ACME BOOKS", "LISBOA", "PT"), "ACME BOOKS               LISBOA       PT");
    EXPECT_EQ(name_location(std::string(99, 'x'), std::string(99, 'y'), "PT").size(), 40U);
}

TEST(RelayMessages, ReadTheAnswer) {
    Message message{"0110"};
    message.set(4, "000000012599");
    message.set(15, "0317");
    message.set(38, "A1B2  ");
    message.set(39, "00");
    message.set(44, "YM2I");
    message.set(48, "MA00203NT015030607612153000ZZ001x");
    const auto answer = answer_of(message, approved());
    EXPECT_EQ(answer.response_code, "00");
    EXPECT_EQ(answer.authorization_code, "A1B2");
    EXPECT_EQ(answer.avs_result, "Y");
    EXPECT_EQ(answer.cvc_result, "M");
    EXPECT_EQ(answer.merchant_advice, "03");
    EXPECT_EQ(answer.network_transaction_id, "030607612153000");
    EXPECT_EQ(answer.approved_amount, 12599);
    message.set(39, "51");
    message.set(44, " N");
    const auto declined = answer_of(message, approved());
    EXPECT_EQ(declined.approved_amount, 0);
    EXPECT_EQ(declined.avs_result, "");
    EXPECT_EQ(declined.cvc_result, "N");
}

TEST(RelayMessages, NameTheMomentInUtc) {
    const common::TimePoint at{sys_days{2026y / March / 17} + 12h + 15min + 30s + 999ms};
    EXPECT_EQ(transmission_time(at), "0317121530");
    EXPECT_EQ(retrieval_reference(at, "000101"), "607612000101");
    const common::TimePoint last{sys_days{2028y / December / 31} + 23h};
    EXPECT_EQ(retrieval_reference(last, "899999"), "836623899999");
}

Message request() {
    Message message{"0100"};
    message.set(4, "000000012599");
    message.set(7, "0317121530");
    message.set(11, "000101");
    message.set(37, "607612000101");
    message.set(41, "GW1");
    message.set(49, "978");
    return message;
}

Message echo() {
    Message message{"0110"};
    for (const int field : request().present())
        message.set(field, request().get(field));
    message.set(41, "GW1     ");
    message.set(39, "00");
    return message;
}

TEST(AnswerMatching, AcceptsAnEcho) {
    EXPECT_TRUE(Expected{request()}.matches(echo()));
}

TEST(AnswerMatching, AcceptsAnAnswerThatLeavesFieldsOut) {
    auto answer = echo();
    for (const int field : {4, 37, 41, 49})
        answer.erase(field);
    EXPECT_TRUE(Expected{request()}.matches(answer));
}

TEST(AnswerMatching, RefusesEachFieldThatDiffers) {
    for (const auto& [field, value] : std::vector<std::pair<int, std::string>>{{4, "000000012600"},
                                                                               {7, "0317121531"},
                                                                               {11, "000102"},
                                                                               {37, "607612000102"},
                                                                               {41, "GW2"},
                                                                               {49, "840"}}) {
        auto answer = echo();
        answer.set(field, value);
        EXPECT_FALSE(Expected{request()}.matches(answer)) << field;
    }
}

TEST(AnswerMatching, RefusesTheAnswerOfAnotherType) {
    Message other{"0430"};
    for (const int field : echo().present())
        other.set(field, echo().get(field));
    EXPECT_FALSE(Expected{request()}.matches(other));
}

TEST(AnswerMatching, AllowsAnotherAmountOnlyInAPartialApproval) {
    auto answer = echo();
    answer.set(4, "000000005000");
    answer.set(39, "10");
    EXPECT_TRUE(Expected{request()}.matches(answer));
    answer.set(39, "00");
    EXPECT_FALSE(Expected{request()}.matches(answer));
}

TEST(AdviceAnswers, FollowTheTable) {
    struct Case {
        const char* code;
        Disposition reversal, capture;
        bool alarm_reversal, alarm_capture;
    };
    using enum Disposition;
    for (const auto& c :
         {Case{"00", done, done, false, false}, Case{"25", done, done, false, true},
          Case{"94", done, done, false, false}, Case{"21", done, done, false, true},
          Case{"12", park, done, true, true}, Case{"13", park, done, true, true},
          Case{"14", park, done, true, true}, Case{"30", park, done, true, true},
          Case{"58", park, done, true, true}, Case{"61", park, done, true, true},
          Case{"91", repeat, repeat, false, false}, Case{"96", repeat, repeat, false, false},
          Case{"06", repeat, repeat, false, false}, Case{"19", repeat, repeat, false, false}}) {
        EXPECT_EQ(disposition(Kind::reversal, c.code), c.reversal) << c.code;
        EXPECT_EQ(disposition(Kind::capture, c.code), c.capture) << c.code;
        EXPECT_EQ(needs_alarm(Kind::reversal, c.code), c.alarm_reversal) << c.code;
        EXPECT_EQ(needs_alarm(Kind::capture, c.code), c.alarm_capture) << c.code;
    }
}

TEST(NumberRange, NeverLeavesTheGatewaysShare) {
    EXPECT_EQ(NumberRange::of_block(0).first, 1);
    EXPECT_EQ(NumberRange::of_block(0).past, 1000);
    EXPECT_EQ(NumberRange::of_block(1).first, 1000);
    EXPECT_EQ(NumberRange::of_block(899).past - 1, number_max);
    EXPECT_EQ(NumberRange::of_block(900).first, 1);
}

}  // namespace
