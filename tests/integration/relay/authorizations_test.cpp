// Authorizations: what is sent, what an answer means, and what becomes of those that get none.
#include "integration/relay/world.h"

namespace tests {
namespace {

using State = Exchange::State;

class Authorizations : public RelayTest {};

TEST_F(Authorizations, AreApprovedAndAnsweredAgainWithoutSending) {
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
}

TEST_F(Authorizations, AreWrittenDownBeforeTheyAreSent) {
    host.on_message([this](Line& line, const Message& m) {
        const auto found = value("SELECT count(*) FROM exchange WHERE state = 'intent' AND stan = '" +
                                 std::string{m.get(11)} + "' AND rrn = '" + std::string{m.get(37)} +
                                 "' AND sent_at = '" + std::string{m.get(7)} + "' AND amount = 1000");
        if (found == "1") ++seen;
        ScriptedHost::approve(line, m);
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_EQ(seen, 1);
}

TEST_F(Authorizations, RefuseAnIdThatWasUsedForAnotherOrder) {
    authorize("areq_1");
    const auto other = run(relay->authorize(order("areq_1", 2000), gateway, Deadline::in(30s)));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().status(), 409);
    EXPECT_EQ(host.received("0100").size(), 1U);
}

TEST_F(Authorizations, PassADeclineOn) {
    host.on_message([](Line& line, const Message& m) { line.send(ScriptedHost::answer_to(m, "51")); });
    const auto exchange = authorize("areq_1");
    EXPECT_EQ(exchange.state, State::answered);
    EXPECT_EQ(exchange.response_code, "51");
    EXPECT_FALSE(exchange.approved());
    EXPECT_EQ(capture("areq_2", "areq_1").error().status(), 409);
}

TEST_F(Authorizations, AreReversedWhenAHostIsSilent) {
    start(impatient());
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() != "0100") ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    // Queued in the transaction that ended the wait.
    EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE request_id = 'areq_1~reversal' AND reason = '68'"),
              "1");
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(host.received("0100").size(), 1U);
    const auto reversals = host.received("0420");
    ASSERT_EQ(reversals.size(), 1U);
    EXPECT_TRUE(reversals[0].contains("0100" + find("areq_1").value().stan));
    EXPECT_FALSE(reversals[0].contains("987"));
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_EQ(host.received("0100").size(), 1U);
}

TEST_F(Authorizations, AreReversedAtOnceWhenTheConnectionIsLost) {
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

TEST_F(Authorizations, AreNeitherSentNorReversedWithoutALink) {
    start(unlinked());
    EXPECT_EQ(authorize("areq_1").state, State::not_sent);
    start();
    EXPECT_EQ(authorize("areq_1").state, State::not_sent);
    EXPECT_EQ(authorize("areq_2").state, State::answered);
    EXPECT_EQ(host.received().size(), 1U);
}

TEST_F(Authorizations, KeepTheFirstOfTwoAnswers) {
    host.on_message([](Line& line, const Message& m) {
        ScriptedHost::approve(line, m);
        line.send(ScriptedHost::answer_to(m, "05"));
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_TRUE(host.wait_for([&] { return metrics.counter_value("late_response_total") == 1; }));
    EXPECT_EQ(find("areq_1").value().response_code, "00");
}

TEST_F(Authorizations, TakeNoAnswerThatEchoesSomethingElse) {
    start(impatient());
    for (const auto& [field, changed] : std::vector<std::pair<int, std::string>>{{4, "000000000001"},
                                                                                 {7, "0101000000"},
                                                                                 {11, "899998"},
                                                                                 {37, "000000000000"},
                                                                                 {41, "GW999999"},
                                                                                 {49, "840"}}) {
        host.on_message([at = field, text = changed](Line& line, const Message& m) {
            auto answer = ScriptedHost::answer_to(m, "00");
            if (m.mti() == "0100") answer.set(at, text);
            line.send(answer);
        });
        const auto id = "areq_" + std::to_string(field);
        EXPECT_EQ(authorize(id).state, State::reversed) << field;
        EXPECT_TRUE(reversal_done(id)) << field;
    }
    EXPECT_EQ(metrics.counter_value("acquirer_answer_mismatch_total"), 5);  // nobody waits for 899998
}

TEST_F(Authorizations, TakeTheirOwnAnswersInAnyOrder) {
    host.on_message([this](Line& line, const Message& m) {
        if (!kept) {
            kept.emplace(m.clone());
            return;
        }
        line.send(ScriptedHost::answer_to(m, "51"));
        ScriptedHost::approve(line, *kept);
    });
    auto first = authorize_aside("areq_1");
    ASSERT_TRUE(host.wait_for("0100", 1));
    EXPECT_EQ(authorize("areq_2").response_code, "51");
    EXPECT_EQ(first.get().response_code, "00");
}

TEST_F(Authorizations, TakeABrokenAnswerForNone) {
    start(impatient());
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() == "0100")
            line.send_raw("0110XYZ3A20018AD18000");
        else
            ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(metrics.counter_value("acquirer_broken_messages_total", {{"error", "BITMAP_NOT_HEX"}}), 1);
}

TEST_F(Authorizations, AreNeverResurrectedByALateAnswer) {
    start(impatient());
    host.on_message([this](Line& line, const Message& m) {
        if (m.mti() == "0100") {
            kept.emplace(m.clone());
            return;
        }
        ScriptedHost::approve(line, *kept);
        ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(metrics.counter_value("late_response_total"), 1);
    EXPECT_EQ(state_of("areq_1"), State::reversed);
}

TEST_F(Authorizations, AreSentOnceForTwoConcurrentCallsWithOneId) {
    host.on_message([this](Line& line, const Message& m) {
        gate.wait();
        ScriptedHost::approve(line, m);
    });
    auto one = authorize_aside("areq_1");
    auto other = authorize_aside("areq_1");
    EXPECT_TRUE(host.wait_for("0100", 1));
    gate.open();
    EXPECT_TRUE(one.get().approved());
    EXPECT_TRUE(other.get().approved());
    EXPECT_EQ(host.received("0100").size(), 1U);
    EXPECT_EQ(cards.opened, 1);
}

TEST_F(Authorizations, ArePendingAtTheDeadlineAndEndBehindIt) {
    host.on_message([this](Line& line, const Message& m) {
        gate.wait();
        ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(authorize("areq_1", 50ms).state, State::pending);
    EXPECT_EQ(state_of("areq_1"), State::pending);
    gate.open();
    EXPECT_TRUE(host.wait_for([&] { return state_of("areq_1") == State::answered; }));
    EXPECT_EQ(host.received("0100").size(), 1U);
}

TEST_F(Authorizations, AreReversedWhenTheirProcessHasDied) {
    authorize("areq_1");
    relay.reset();
    make_intents_of(own_name());
    start();
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(state_of("areq_1"), State::reversed);
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_EQ(host.received("0100").size(), 1U);
}

TEST_F(Authorizations, OfAnotherProcessAreReversedWhenItsLeaseHasRunOut) {
    authorize("areq_1");
    make_intents_of("elsewhere/test");
    std::this_thread::sleep_for(200ms);  // recovery passes over it, several times
    EXPECT_EQ(state_of("areq_1"), State::pending);
    Postgres::instance().run("UPDATE exchange SET lease_until = 1", "relay");
    EXPECT_TRUE(reversal_done("areq_1"));
}

TEST_F(Authorizations, ThatEndInAnExceptionAreReversedWhenTheirLeaseHasRunOut) {
    cards.throws = true;
    EXPECT_EQ(authorize("areq_1", 100ms).state, State::pending);
    EXPECT_TRUE(host.wait_for([&] { return cards.opened == 1; }));
    cards.throws = false;
    Postgres::instance().run("UPDATE exchange SET lease_until = 1", "relay");
    EXPECT_TRUE(reversal_done("areq_1"));
}

TEST_F(Authorizations, AreRefusedUnderAnIdThatWasAskedForBefore) {
    const auto unknown = find("areq_1");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().cause(), common::Cause::not_found);
    EXPECT_EQ(authorize("areq_1").state, State::not_sent);
    EXPECT_EQ(find("areq_1").error().cause(), common::Cause::not_found);
    EXPECT_TRUE(host.received().empty());
}

TEST_F(Authorizations, OfAnUnknownCardAreNotSent) {
    auto bad = order("areq_1");
    bad.card_token = "vt_test_2";
    const auto refused = run(relay->authorize(std::move(bad), gateway, Deadline::in(30s)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 404);
    EXPECT_EQ(state_of("areq_1"), State::not_sent);
    EXPECT_TRUE(host.received().empty());
}

TEST_F(Authorizations, BeyondWhatTheLinkMayCarryAreNotSent) {
    auto options = patient();
    options.link.in_flight_max = 2;
    start(std::move(options));
    host.on_message([this](Line& line, const Message& m) {
        // Both are here before one is answered.
        if (++seen == 1) return kept.emplace(m.clone()), void();
        gate.wait();
        ScriptedHost::approve(line, *kept);
        ScriptedHost::approve(line, m);
    });
    auto one = authorize_aside("areq_1"), two = authorize_aside("areq_2");
    ASSERT_TRUE(host.wait_for("0100", 2));
    EXPECT_EQ(authorize("areq_3").state, State::not_sent);
    gate.open();
    EXPECT_TRUE(one.get().approved());
    EXPECT_TRUE(two.get().approved());
    EXPECT_EQ(host.received().size(), 2U);
}

TEST_F(Authorizations, AreWrittenDownWhenTheDatabaseWasAwayMeanwhile) {
    authorize("areq_0");
    host.on_message([this](Line& line, const Message& m) {
        gate.wait();
        ScriptedHost::approve(line, m);
    });
    auto call = authorize_aside("areq_1");
    ASSERT_TRUE(host.wait_for("0100", 2));
    Postgres::instance().stop();
    gate.open();
    std::this_thread::sleep_for(300ms);  // the answer is there, and cannot be written down
    Postgres::instance().start();
    EXPECT_TRUE(call.get().approved());
    EXPECT_EQ(find("areq_1").value().response_code, "00");
    EXPECT_EQ(host.received("0100").size(), 2U);
}

TEST_F(Authorizations, AreWrittenDownWhenTheirConnectionsAreCut) {
    host.on_message([](Line& line, const Message& m) {
        Postgres::instance().run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'vault'");
        ScriptedHost::approve(line, m);
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_EQ(state_of("areq_1"), State::answered);
}

// Column by column, so that no digits of a time look like an expiry date.
TEST_F(Authorizations, LeaveNoCardDataAndNoCodeInTheDatabase) {
    authorize("areq_1");
    capture("areq_2", "areq_1").value();
    const auto columns_with = [this](const std::string& pattern) {
        return value("SELECT count(*) FROM exchange e, jsonb_each_text(to_jsonb(e)) AS c WHERE c.value ~ '" +
                     pattern + "'");
    };
    EXPECT_EQ(columns_with("4111111111111111"), "0");
    EXPECT_EQ(columns_with("^(2812|1228|987)$"), "0");
    EXPECT_EQ(columns_with("CV003987"), "0");
    EXPECT_EQ(columns_with("^A1B2C3$"), "2");  // the pattern finds what is there
}

}  // namespace
}  // namespace tests
