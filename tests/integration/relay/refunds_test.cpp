// Refunds: sent once like authorizations, about a capture, and one of a payment at a time.
#include "integration/relay/world.h"

namespace tests {
namespace {

using State = Exchange::State;

class Refunds : public RelayTest {
  protected:
    void SetUp() override {
        RelayTest::SetUp();
        payment = authorize("areq_1");
        captured = capture("creq_1", "areq_1").value();
    }
    // The host takes refunds and says nothing, but answers all else.
    void hush() {
        host.on_message([](Line& line, const Message& m) {
            if (m.mti() != "0200") ScriptedHost::approve(line, m);
        });
    }
    void decline(const std::string& mti, const std::string& code) {
        host.on_message([mti, code](Line& line, const Message& m) {
            line.send(ScriptedHost::answer_to(m, m.mti() == mti ? code : "00"));
        });
    }
    std::future<common::Result<Exchange>> refund_aside(std::string id, std::string of = "creq_1") {
        return std::async(std::launch::async,
                          [this, id = std::move(id), of = std::move(of)] { return refund(id, of); });
    }
    static testing::AssertionResult is_open(const common::Result<Exchange>& refused) {
        if (!refused && refused.error().status() == 503 &&
            refused.error().cause() == common::Cause::unavailable &&
            refused.error().to_json().at("error").at("cause") == "refund_open")
            return testing::AssertionSuccess();
        return testing::AssertionFailure() << (refused ? "sent" : refused.error().describe());
    }
    std::string rows_of(const std::string& id) {
        return value("SELECT count(*) FROM exchange WHERE request_id = '" + id + "'");
    }

    Exchange payment, captured;
};

TEST_F(Refunds, NameTheCaptureAndThePaymentAndAreSentOnce) {
    const auto refunded = refund("freq_1", "creq_1");
    ASSERT_TRUE(refunded) << refunded.error().describe();
    EXPECT_TRUE(refunded->approved());
    EXPECT_EQ(refunded->kind, Exchange::Kind::refund);
    EXPECT_EQ(refunded->approved_amount, 600);
    EXPECT_EQ(refund("freq_1", "creq_1")->stan, refunded->stan);
    EXPECT_EQ(find("freq_1")->kind, Exchange::Kind::refund);
    const auto sent = host.received("0200");
    ASSERT_EQ(sent.size(), 1U);
    const auto message = ScriptedHost::read(sent[0]);
    const auto capture_message = ScriptedHost::read(host.received("0220").at(0));
    EXPECT_EQ(message.get(3), "200000");
    EXPECT_EQ(message.get(4), "000000000600");
    EXPECT_EQ(message.get(37), refunded->rrn);
    EXPECT_EQ(refunded->rrn.substr(6), refunded->stan);
    EXPECT_EQ(message.get(48), "NT015030607612153000RR012" + payment.rrn + "RS009duplicate");
    EXPECT_EQ(message.get(90),
              "0220" + captured.stan + std::string{capture_message.get(7)} + "0000040012300000900001");
    EXPECT_TRUE(refund("freq_2", "creq_1", 400)->approved());
}

TEST_F(Refunds, AreWrittenDownBeforeTheyAreSent) {
    host.on_message([this](Line& line, const Message& m) {
        const auto found = value(
            "SELECT count(*) FROM exchange WHERE kind = 'refund' AND state = 'intent' AND"
            " stan = '" +
            std::string{m.get(11)} + "' AND rrn = '" + std::string{m.get(37)} + "'");
        if (found == "1") ++seen;
        ScriptedHost::approve(line, m);
    });
    EXPECT_TRUE(refund("freq_1", "creq_1")->approved());
    EXPECT_EQ(seen, 1);
}

TEST_F(Refunds, PassADeclineOnAndAreFinal) {
    decline("0200", "61");
    const auto declined = refund("freq_1", "creq_1");
    EXPECT_EQ(declined->state, State::answered);
    EXPECT_EQ(declined->response_code, "61");
    EXPECT_FALSE(declined->approved());
    EXPECT_EQ(refund("freq_2", "creq_1")->response_code, "61") << "nothing is open";
    EXPECT_TRUE(host.received("0420").empty());
}

TEST_F(Refunds, AreReversedWhenAHostIsSilentUntilItAcknowledges) {
    auto options = impatient();
    options.advice_max = brief;
    start(std::move(options));
    host.on_message([this](Line& line, const Message& m) {
        if (m.mti().starts_with("042") && ++seen >= 3) ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    // Queued in the transaction that ended the wait.
    EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE request_id = 'freq_1~reversal' AND reason = '68'"),
              "1");
    EXPECT_TRUE(reversal_done("freq_1"));
    const auto first = host.received("0420"), repeats = host.received("0421");
    ASSERT_EQ(first.size(), 1U);
    ASSERT_GE(repeats.size(), 2U);
    EXPECT_EQ(first[0].substr(4), repeats[0].substr(4));
    const auto refunded = ScriptedHost::read(host.received("0200").at(0)),
               reversal = ScriptedHost::read(first[0]);
    EXPECT_EQ(reversal.get(3), "200000");
    EXPECT_EQ(reversal.get(4), "000000000600");
    EXPECT_EQ(reversal.get(37), refunded.get(37));
    EXPECT_EQ(reversal.get(39), "68");
    EXPECT_TRUE(
        reversal.get(90).starts_with("0200" + std::string{refunded.get(11)} + std::string{refunded.get(7)}));
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    EXPECT_EQ(host.received("0200").size(), 1U);
    // With a new number it is another one.
    host.on_message(ScriptedHost::approve);
    EXPECT_TRUE(refund("freq_2", "creq_1")->approved());
}

TEST_F(Refunds, AreReversedAtOnceWhenTheConnectionIsLost) {
    host.on_message([](Line& line, const Message& m) {
        m.mti() == "0200" ? line.hang_up() : ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    EXPECT_TRUE(reversal_done("freq_1"));
}

TEST_F(Refunds, AreReversedWhenTheirProcessHasDied) {
    EXPECT_TRUE(refund("freq_1", "creq_1")->approved());
    relay.reset();
    make_intents_of(own_name(), "refund");
    start();
    EXPECT_TRUE(reversal_done("freq_1"));
    EXPECT_EQ(state_of("freq_1"), State::reversed);
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    EXPECT_EQ(host.received("0200").size(), 1U);
}

TEST_F(Refunds, AreSentOnceForConcurrentCallsWithOneIdOfTwoProcesses) {
    auto options = patient();
    options.instance = "other";
    const auto other = make(std::move(options));
    host.on_message([this](Line& line, const Message& m) {
        gate.wait();
        ScriptedHost::approve(line, m);
    });
    std::vector<std::future<common::Result<Exchange>>> calls;
    for (int i = 0; i < 10; ++i) {
        calls.push_back(refund_aside("freq_1"));
        calls.push_back(std::async(std::launch::async, [&] {
            return run(other->refund(refund_order("freq_1", "creq_1"), gateway, Deadline::in(60s)));
        }));
    }
    EXPECT_TRUE(host.wait_for("0200", 1));
    gate.open();
    for (auto& call : calls) {
        const auto refunded = call.get();
        ASSERT_TRUE(refunded) << refunded.error().describe();
        EXPECT_TRUE(refunded->approved());
    }
    EXPECT_EQ(host.received("0200").size(), 1U);
}

TEST_F(Refunds, WaitForTheReversalOfTheOneBefore) {
    authorize("areq_2");
    capture("creq_2", "areq_2").value();
    auto options = impatient();
    options.advice_max = brief;
    start(std::move(options));
    host.on_message([](Line& line, const Message& m) {
        const bool of_first = m.get(4) == "000000000600";
        if (!of_first) ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    EXPECT_TRUE(is_open(refund("freq_2", "creq_1", 400)));
    EXPECT_EQ(rows_of("freq_2"), "0");
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed) << "its own id is no new refund";
    EXPECT_TRUE(refund("freq_3", "creq_2", 400)->approved()) << "another payment's";
    host.on_message(ScriptedHost::approve);
    EXPECT_TRUE(reversal_done("freq_1"));
    EXPECT_TRUE(refund("freq_2", "creq_1", 400)->approved());
}

TEST_F(Refunds, OfOnePaymentAreOnTheirWayOneAtATime) {
    host.on_message([this](Line& line, const Message& m) {
        gate.wait();
        ScriptedHost::approve(line, m);
    });
    std::vector<std::future<common::Result<Exchange>>> calls;
    for (int i = 0; i < 20; ++i)
        calls.push_back(refund_aside("freq_" + std::to_string(i)));
    const auto refused = [&] {
        return std::ranges::count_if(
            calls, [](auto& call) { return call.wait_for(0s) == std::future_status::ready; });
    };
    EXPECT_TRUE(host.wait_for([&] { return refused() == 19; }));
    gate.open();
    int sent = 0;
    for (auto& call : calls) {
        const auto outcome = call.get();
        if (outcome)
            ++sent;
        else
            EXPECT_TRUE(is_open(outcome));
    }
    EXPECT_EQ(sent, 1);
    EXPECT_EQ(host.received("0200").size(), 1U);
}

TEST_F(Refunds, WaitForOneThatADeadProcessLeft) {
    EXPECT_TRUE(refund("freq_1", "creq_1")->approved());
    make_intents_of("elsewhere/test", "refund");
    EXPECT_TRUE(is_open(refund("freq_2", "creq_1")));
    EXPECT_EQ(state_of("freq_1"), State::pending);
    Postgres::instance().run("UPDATE exchange SET lease_until = 1 WHERE kind = 'refund'", "relay");
    EXPECT_TRUE(reversal_done("freq_1"));
    EXPECT_TRUE(refund("freq_2", "creq_1")->approved());
}

TEST_F(Refunds, WaitForAReversalThatWasParked) {
    start(impatient());
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() != "0200") line.send(ScriptedHost::answer_to(m, "58"));
    });
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    EXPECT_TRUE(host.wait_for([&] {
        return value("SELECT state FROM exchange WHERE request_id = 'freq_1~reversal'") == "parked";
    }));
    EXPECT_TRUE(is_open(refund("freq_2", "creq_1")));
}

TEST_F(Refunds, HaveTheirReversalsInThePaymentsQueue) {
    auto options = impatient();
    options.advice_max = brief;
    start(std::move(options));
    host.on_message([](Line& line, const Message& m) {
        if (m.mti().starts_with("042")) ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(capture("creq_2", "areq_1", 100, 50ms)->state, State::pending);
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::reversed);
    ASSERT_TRUE(host.wait_for("0221", 3));
    EXPECT_TRUE(host.received("0420").empty());
    host.on_message(ScriptedHost::approve);
    EXPECT_TRUE(reversal_done("freq_1"));
    EXPECT_EQ(value("SELECT string_agg(position::text, ' ' ORDER BY request_id) FROM exchange"
                    " WHERE kind IN ('capture', 'reversal')"),
              "1 2 3");
}

TEST_F(Refunds, AreOfACaptureThatTheAcquirerTook) {
    EXPECT_EQ(refund("freq_1", "creq_none").error().status(), 404);
    EXPECT_EQ(refund("freq_1", "areq_1").error().status(), 404);
    authorize("areq_2");
    decline("0220", "61");
    capture("creq_2", "areq_2").value();
    const auto of_declined = refund("freq_1", "creq_2");
    EXPECT_EQ(of_declined.error().status(), 409);
    EXPECT_EQ(of_declined.error().cause(), common::Cause::conflict);
    decline("0220", "91");
    EXPECT_EQ(capture("creq_3", "areq_2", 1000, 50ms)->state, State::pending);
    EXPECT_EQ(refund("freq_1", "creq_3").error().status(), 409);
    EXPECT_EQ(rows_of("freq_1"), "0");
    EXPECT_TRUE(host.received("0200").empty());
    // The host had it already.
    decline("0221", "94");
    EXPECT_TRUE(host.wait_for([&] { return state_of("creq_3") == State::answered; }));
    EXPECT_TRUE(refund("freq_1", "creq_3")->approved());
}

TEST_F(Refunds, AreNeitherReversedNorCaptured) {
    EXPECT_TRUE(refund("freq_1", "creq_1")->approved());
    for (const auto& refused : {reverse("rreq_1", "freq_1"), capture("creq_2", "freq_1")}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().status(), 409);
    }
    EXPECT_TRUE(host.received("0420").empty());
    EXPECT_EQ(rows_of("rreq_1"), "0");
}

TEST_F(Refunds, RefuseAnIdThatWasUsedForAnotherOrder) {
    capture("creq_2", "areq_1").value();
    EXPECT_TRUE(refund("freq_1", "creq_1")->approved());
    auto other_reason = refund_order("freq_1", "creq_1");
    other_reason.reason = "fraudulent";
    for (const auto& refused : {refund("freq_1", "creq_1", 601), refund("freq_1", "creq_2"),
                                run(relay->refund(other_reason, gateway, Deadline::in(30s))),
                                refund("areq_1", "creq_1"), refund("creq_1", "creq_1")}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().status(), 409);
    }
    EXPECT_EQ(host.received("0200").size(), 1U);
}

TEST_F(Refunds, AreRefusedUnderAnIdThatWasAskedForBefore) {
    EXPECT_EQ(find("freq_1").error().cause(), common::Cause::not_found);
    EXPECT_EQ(refund("freq_1", "creq_1")->state, State::not_sent);
    EXPECT_TRUE(host.received("0200").empty());
}

TEST_F(Refunds, ArePendingAtTheDeadlineAndEndBehindIt) {
    host.on_message([this](Line& line, const Message& m) {
        gate.wait();
        ScriptedHost::approve(line, m);
    });
    const auto pending = refund("freq_1", "creq_1", 600, 50ms);
    EXPECT_EQ(pending->state, State::pending);
    EXPECT_EQ(pending->kind, Exchange::Kind::refund);
    EXPECT_EQ(find("freq_1")->kind, Exchange::Kind::refund);
    gate.open();
    EXPECT_TRUE(host.wait_for([&] { return state_of("freq_1") == State::answered; }));
}

TEST_F(Refunds, AreNeitherSentNorReversedWithoutALinkOrACard) {
    cards.erased = true;
    EXPECT_EQ(refund("freq_1", "creq_1").error().status(), 404);
    EXPECT_EQ(state_of("freq_1"), State::not_sent);
    cards.erased = false;
    start(unlinked());
    EXPECT_EQ(refund("freq_2", "creq_1")->state, State::not_sent);
    start();
    EXPECT_EQ(refund("freq_2", "creq_1")->state, State::not_sent);
    EXPECT_TRUE(refund("freq_3", "creq_1")->approved()) << "what was not sent is not open";
    EXPECT_EQ(host.received("0200").size(), 1U);
    EXPECT_TRUE(host.received("0420").empty());
}

TEST_F(Refunds, RefuseWhatNoMessageCarries) {
    EXPECT_EQ(refund("freq_1", "creq_1", 0).error().param(), "amount");
    auto order = refund_order("freq_1", "creq_1");
    order.reason = "because";
    EXPECT_EQ(run(relay->refund(order, gateway, Deadline::in(30s))).error().param(), "reason");
    EXPECT_EQ(rows_of("freq_1"), "0");
}

}  // namespace
}  // namespace tests
