#include "gateway/simulator/issuer.h"

#include <gtest/gtest.h>

#include "gateway/simulator/control.h"
#include "unit/simulator/messages.h"

namespace {

using namespace simulator;
using namespace sim_test;
using namespace std::chrono_literals;

class IssuerTest : public testing::Test {
  protected:
    common::ManualClock clock_{start_of_test()};
    Issuer issuer_ = make_issuer(clock_);
    std::vector<std::string> journal_;

    Message answer(const Message& request) {
        auto reply = issuer_.handle(request);
        if (!reply.journal.empty()) journal_.push_back(reply.journal);
        EXPECT_TRUE(vault::iso8583::encode(reply.answer, vault::iso8583::Profile::gw87a)) << request.mti();
        return std::move(reply.answer);
    }
    std::string response(const Message& request) { return std::string{answer(request).get(39)}; }
    Position total() const {
        Position sum;
        for (const auto& [key, position] : issuer_.ledger().positions())
            sum.held += position.held, sum.posted += position.posted;
        return sum;
    }
};

TEST_F(IssuerTest, ApprovesGoodCardsAndEchoesTheRequest) {
    const Message request = purchase(12599);
    const Message reply = answer(request);
    EXPECT_EQ(reply.mti(), "0110");
    EXPECT_EQ(reply.get(39), "00");
    for (const int field : {3, 4, 7, 11, 12, 13, 19, 32, 33, 37, 41, 42, 49})
        EXPECT_EQ(reply.get(field), request.get(field)) << field;
    EXPECT_FALSE(reply.has(2));
    EXPECT_EQ(reply.get(38).size(), 6U);
    EXPECT_EQ(reply.get(15), "0317");
    EXPECT_EQ(reply.get(44), " M I");
    EXPECT_EQ(vault::iso8583::PrivateData::parse(reply.get(48))->get("NT").size(), 15U);
    EXPECT_EQ(total().held, 12599);
}

TEST_F(IssuerTest, DecidesByTheCardsFile) {
    const std::vector<std::array<std::string, 3>> table{
        // number, purchase, verification
        {"4000000000000002", "99", "99"}, {"4000000000009995", "51", "51"}, {"4000000000009987", "41", "41"},
        {"4000000000009979", "43", "43"}, {"4000000000006975", "61", "61"}, {"4000000000000069", "54", "54"},
        {"4000000000000127", "N7", "N7"}, {"4000000000000119", "92", "92"}, {"4000000000000341", "99", "85"},
        {"4242424242424242", "00", "85"}, {"378282246310005", "00", "85"},  {"5555555555554444", "00", "85"},
    };
    for (const auto& [number, charged, verified] : table) {
        EXPECT_EQ(response(purchase(2000, number)), charged) << number;
        Message check = purchase(0, number);
        check.set(25, "51");
        EXPECT_EQ(response(check), verified) << number;
    }
}

TEST_F(IssuerTest, ReportsCheckResultsByCard) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"4242424242424242", "YM I"}, {"4000000000000101", "YN I"}, {"4000000000000010", "NM I"},
        {"4000000000000028", "ZM I"}, {"4000000000000036", "AM I"}, {"4000000000000044", "UM I"},
        {"4000000000000127", "YN I"},
    };
    for (const auto& [number, results] : table) {
        Message request = purchase(2000, number);
        request.set(48, "AV0111000-001;25CI0011CV003123");
        EXPECT_EQ(answer(request).get(44), results) << number;
    }
    Message bare = purchase(2000);
    bare.erase(48);
    EXPECT_EQ(answer(bare).get(44), "   I");
}

TEST_F(IssuerTest, FollowsTheAmount) {
    for (int code = 1; code <= 99; ++code) {
        const std::string text{static_cast<char>('0' + code / 10), static_cast<char>('0' + code % 10)};
        EXPECT_EQ(response(purchase(100000 + code)), text);
    }
    EXPECT_TRUE(issuer_.handle(purchase(200001)).delivery.silent);
    EXPECT_EQ(issuer_.handle(purchase(200002)).delivery.delay, 25s);
    EXPECT_TRUE(issuer_.handle(purchase(200003)).delivery.close);
    EXPECT_TRUE(issuer_.handle(purchase(200004)).delivery.broken_bitmap);
    EXPECT_TRUE(issuer_.handle(purchase(200005)).delivery.twice);
    const Message other = purchase(200006);
    EXPECT_NE(answer(other).get(11), other.get(11));
    EXPECT_EQ(answer(purchase(200007)).get(4), "000000200008");
    EXPECT_EQ(response(purchase(200008)), "00");
    EXPECT_EQ(response(purchase(200009)), "51");
    Message half = purchase(200009);
    half.set(48, "PR0011");
    const Message partial = answer(half);
    EXPECT_EQ(partial.get(39), "10");
    EXPECT_EQ(partial.get(4), "000000100004");
    EXPECT_EQ(partial.get(54), "0057978C000000200009");
    EXPECT_EQ(response(purchase(200010)), "65");
    Message authenticated = purchase(200010);
    authenticated.set(48, "CI0010EC00205");
    EXPECT_EQ(response(authenticated), "00");
    EXPECT_EQ(answer(purchase(200011)).get(44), " N I");
    Message address = purchase(200012);
    address.set(48, "AV0111000-001;25");
    EXPECT_EQ(answer(address).get(44), "N  I");
    EXPECT_TRUE(issuer_.handle(purchase(200014)).delivery.slow);
}

TEST_F(IssuerTest, TakesItsTimeForRefundsOfSomeCards) {
    const std::vector<std::tuple<std::string, std::string, std::chrono::milliseconds>> table{
        {"4242424242424242", "00", 0ms},
        {"4000000000007726", "00", 8000ms},
        {"4000000000005126", "46", 8000ms}};
    for (const auto& [number, code, delay] : table) {
        const Message payment = purchase(2000, number);
        auto bought = issuer_.handle(payment);
        EXPECT_EQ(bought.answer.get(39), "00") << number;
        EXPECT_EQ(bought.delivery.delay, 0ms) << number;
        EXPECT_EQ(response(capture(payment, 2000)), "00") << number;
        const auto given_back = issuer_.handle(refund(payment, 2000));
        EXPECT_EQ(given_back.answer.get(39), code) << number;
        EXPECT_EQ(given_back.delivery.delay, delay) << number;
    }
}

TEST_F(IssuerTest, CapturesRefundsAndVoids) {
    const Message payment = purchase(10000);
    ASSERT_EQ(response(payment), "00");
    EXPECT_EQ(response(capture(payment, 4000)), "00");
    EXPECT_EQ(total().held, 6000);
    EXPECT_EQ(total().posted, 4000);
    EXPECT_EQ(response(capture(payment, 6001)), "61");
    EXPECT_EQ(response(refund(payment, 4001)), "61");
    EXPECT_EQ(response(refund(payment, 1500)), "00");
    EXPECT_EQ(total().posted, 2500);
    const Message cancel = reversal(payment, "17");
    const Message done = answer(cancel);
    EXPECT_EQ(done.get(39), "00");
    EXPECT_EQ(done.get(90), cancel.get(90));
    EXPECT_EQ(total().held, 0);
    EXPECT_EQ(response(capture(payment, 1)), "12");
    EXPECT_EQ(response(capture(purchase(1), 1)), "25");
}

TEST_F(IssuerTest, LowersAHoldByPartialReversal) {
    const Message payment = purchase(10000);
    ASSERT_EQ(response(payment), "00");
    Message lower = reversal(payment, "32");
    lower.set(95, "000000002500000000000000C00000000C00000000");
    const Message done = answer(lower);
    EXPECT_EQ(done.get(39), "00");
    EXPECT_EQ(done.get(95), lower.get(95));
    EXPECT_EQ(total().held, 2500);
}

TEST_F(IssuerTest, ReplaysTheStoredAnswerOfADuplicate) {
    const Message payment = purchase(10000);
    const Message first = answer(payment);
    const Message again = answer(payment);
    EXPECT_EQ(again.get(38), first.get(38));
    EXPECT_EQ(again.get(48), first.get(48));
    EXPECT_EQ(total().held, 10000);
    Message other = payment.clone();
    other.set(4, "000000010001");
    EXPECT_EQ(response(other), "94");
    EXPECT_EQ(total().held, 10000);
    EXPECT_EQ(journal_.size(), 1U);
    clock_.advance(25h);
    EXPECT_EQ(response(purchase(1)), "00") << "old keys are forgotten";
}

TEST_F(IssuerTest, TakesRepeatsAsTheirOriginals) {
    const Message payment = purchase(10000);
    ASSERT_EQ(response(payment), "00");
    const Message first = capture(payment, 4000);
    EXPECT_EQ(response(as(first, "0221")), "00") << "never seen: processed as the original";
    EXPECT_EQ(response(first), "00");
    EXPECT_EQ(response(as(first, "0221")), "00");
    EXPECT_EQ(total().posted, 4000);
    EXPECT_EQ(response(reversal(payment, "68")), "00");
    EXPECT_EQ(response(reversal(payment, "68")), "00") << "another STAN, no second effect";
    EXPECT_EQ(total().held, 0);
    EXPECT_EQ(total().posted, 4000);
}

TEST_F(IssuerTest, DeclinesAnOriginalWhoseReversalCameFirst) {
    const Message payment = purchase(10000);
    EXPECT_EQ(response(reversal(payment, "68")), "25");
    EXPECT_EQ(response(payment), "21");
    EXPECT_EQ(total().held, 0);
}

TEST_F(IssuerTest, IsDeafToTheFirstTwoReversalsOfItsAmount) {
    const Message payment = purchase(200013);
    ASSERT_EQ(response(payment), "00");
    const Message cancel = reversal(payment, "17");
    EXPECT_TRUE(issuer_.handle(cancel).delivery.silent);
    EXPECT_TRUE(issuer_.handle(as(cancel, "0421")).delivery.silent);
    const auto third = issuer_.handle(as(cancel, "0421"));
    EXPECT_FALSE(third.delivery.silent);
    EXPECT_EQ(third.answer.get(39), "00");
    EXPECT_EQ(total().held, 0);
}

TEST_F(IssuerTest, RefusesCapturesOfItsAmount) {
    const Message payment = purchase(200015);
    ASSERT_EQ(response(payment), "00");
    EXPECT_EQ(response(capture(payment, 200015)), "61");
}

TEST_F(IssuerTest, DeclinesExpiredCardsAndBadRequests) {
    Message expired = purchase(1000);
    expired.set(14, "2602");
    EXPECT_EQ(response(expired), "54");
    Message current = purchase(1000);
    current.set(14, "2603");
    EXPECT_EQ(response(current), "00");
    EXPECT_EQ(response(purchase(0)), "13");
    Message odd = purchase(1000);
    odd.set(3, "200000");
    EXPECT_EQ(response(odd), "12");
}

TEST_F(IssuerTest, PostsSalesAndReversesThem) {
    const Message sale = as(purchase(7000), "0200");
    EXPECT_EQ(answer(sale).mti(), "0210");
    EXPECT_EQ(total().posted, 7000);
    EXPECT_EQ(response(reversal(sale, "68")), "00");
    EXPECT_EQ(total().posted, 0);
}

TEST_F(IssuerTest, ReconcilesByItsOwnBooks) {
    const Message payment = purchase(10000);
    (void)answer(payment);
    (void)answer(capture(payment, 10000));
    (void)answer(refund(payment, 2500));
    Message totals = vector_message("B01");
    for (const int field : {74, 76})
        totals.set(field, "0000000001");
    for (const int field : {75, 77})
        totals.set(field, "0000000000");
    totals.set(86, "0000000000002500");
    totals.set(87, "0000000000000000");
    totals.set(88, "0000000000010000");
    totals.set(89, "0000000000000000");
    totals.set(97, "C0000000000007500");
    EXPECT_EQ(answer(totals).get(66), "1");
    Message wrong = totals.clone();
    wrong.set(11, "000777");
    wrong.set(88, "0000000000010001");
    const Message host = answer(wrong);
    EXPECT_EQ(host.get(66), "2");
    EXPECT_EQ(host.get(88), "0000000000010000");
    EXPECT_EQ(host.get(97), "C0000000000007500");
}

TEST_F(IssuerTest, IsRebuiltFromItsJournalWithoutCardData) {
    const Message payment = purchase(10000), voided = purchase(500), unknown = purchase(600);
    const Message first = answer(payment);
    (void)answer(voided);
    (void)answer(capture(payment, 4000));
    (void)answer(refund(payment, 1000));
    (void)answer(reversal(voided, "17"));
    (void)answer(reversal(unknown, "68"));
    for (const auto& line : journal_) {
        EXPECT_EQ(line.find("4242424242424242"), std::string::npos);
        EXPECT_EQ(line.find("CV003"), std::string::npos);
    }
    Issuer restored = make_issuer(clock_);
    for (const auto& line : journal_)
        ASSERT_TRUE(restored.restore(line)) << line;
    EXPECT_EQ(control_answer(restored.ledger(), "GET", "/cards").body,
              control_answer(issuer_.ledger(), "GET", "/cards").body);
    EXPECT_EQ(control_answer(restored.ledger(), "GET", "/totals").body,
              control_answer(issuer_.ledger(), "GET", "/totals").body);
    EXPECT_EQ(restored.handle(payment).answer.get(38), first.get(38)) << "a duplicate across the restart";
    EXPECT_EQ(restored.handle(unknown).answer.get(39), "21") << "a tombstone across the restart";
    EXPECT_FALSE(restored.restore("{\"at\":1}"));
    EXPECT_FALSE(restored.restore("nonsense"));
}

TEST_F(IssuerTest, ShowsItsBooks) {
    const Message payment = purchase(10000);
    (void)answer(payment);
    const auto found =
        control_answer(issuer_.ledger(), "GET", "/authorizations/" + std::string{payment.get(37)});
    EXPECT_EQ(found.status, 200);
    const auto list = boost::json::parse(found.body).at("data").as_array();
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].at("held").as_int64(), 10000);
    EXPECT_EQ(list[0].at("last4").as_string(), "4242");
    EXPECT_EQ(control_answer(issuer_.ledger(), "GET", "/readyz").body, R"({"status":"ok"})");
    EXPECT_EQ(control_answer(issuer_.ledger(), "GET", "/authorizations/none").status, 404);
    EXPECT_EQ(control_answer(issuer_.ledger(), "POST", "/cards").status, 405);
    EXPECT_EQ(control_answer(issuer_.ledger(), "GET", "/else").status, 404);
}

}  // namespace
