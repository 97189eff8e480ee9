// The connection itself: signing on and off, echoes, frames, and what the host may ask.
#include "integration/relay/world.h"

namespace tests {
namespace {

using State = Exchange::State;

class AcquirerLink : public RelayTest {};

TEST_F(AcquirerLink, StaysAliveInSilenceAndSignsOff) {
    auto options = patient();
    options.link.echo_after = 50ms;
    start(std::move(options));
    EXPECT_TRUE(host.wait_for([&] { return host.network_messages("301") >= 2; }));
    EXPECT_TRUE(host.wait_for([&] { return relay->health().signed_on; }));
    const auto before = host.network_messages("002");
    relay->stop();
    EXPECT_EQ(host.network_messages("002"), before + 1);
    EXPECT_FALSE(relay->health().signed_on);
    EXPECT_FALSE(run(relay->authorize(order("areq_1"), gateway, Deadline::in(1s))));
}

TEST_F(AcquirerLink, IsMadeAgainWhenThreeEchoesAreNotAnswered) {
    host.on_network_message([](Line& line, const Message& m) {
        if (m.get(70) != "301") ScriptedHost::approve(line, m);
    });
    auto options = patient();
    options.link.echo_after = 20ms;
    options.link.echo_answer_max = 50ms;
    start(std::move(options));
    const auto before = host.connections();
    EXPECT_TRUE(host.wait_for([&] { return host.connections() >= before + 2; }));
    EXPECT_GE(host.network_messages("301"), 3);
}

TEST_F(AcquirerLink, SendsNothingUntilItIsSignedOn) {
    relay.reset();
    host.on_network_message([this](Line& line, const Message& m) {
        line.send(ScriptedHost::answer_to(m, m.get(70) == "001" && ++seen < 3 ? "05" : "00"));
    });
    const auto before = host.connections();
    start();
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_GE(host.connections(), before + 3);  // after a refusal it begins anew
    EXPECT_EQ(host.network_messages("001"), host.connections());
}

TEST_F(AcquirerLink, AnswersTheHostOnTheWay) {
    host.on_message([](Line& line, const Message& m) {
        for (const auto& [stan, code] : {std::pair{"900001", "301"}, {"900002", "101"}, {"900003", "201"}}) {
            Message ask{"0800"};
            ask.set(7, m.get(7)), ask.set(11, stan), ask.set(33, "900001"), ask.set(70, code);
            if (ask.get(70) == "201") ask.set(15, "1126");
            if (ask.get(70) == "101") ask.set(48, "KI00201");
            line.send(ask);
        }
        Message dispute{"0422"};
        for (const int field : {3, 4, 7, 12, 13, 32, 33, 37, 41, 42, 49})
            dispute.set(field, m.get(field));
        dispute.set(11, "900004"), dispute.set(48, "CTS");
        line.send(dispute);  // broken: a tag without a length
        dispute.set(48, "CT003CBK"),
            dispute.set(90, "0100000001" + std::string{m.get(7)} + std::string(22, '0'));
        line.send(dispute);
        ScriptedHost::approve(line, m);
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    ASSERT_TRUE(host.wait_for("0432", 2));
    std::vector<std::string> codes;
    for (const auto& payload : host.received()) {
        if (payload.starts_with("0100")) continue;
        const auto answer = ScriptedHost::read(payload);
        codes.push_back(std::string{answer.get(11)} + " " + std::string{answer.get(39)});
    }
    EXPECT_EQ(codes,
              (std::vector<std::string>{"900001 00", "900002 96", "900003 00", "900004 30", "900004 91"}));
}

TEST_F(AcquirerLink, PassesOverAnEmptyFrameAndFramesInPieces) {
    host.on_message([](Line& line, const Message& m) {
        const auto payload = vault::iso8583::encode(ScriptedHost::answer_to(m, "00"),
                                                    vault::iso8583::Profile::gw87a, {.layout_only = true});
        const auto frame = vault::iso8583::frame(payload->view());
        line.send_bytes(std::string_view{"\0\0", 2});
        for (const char c : frame.view())
            line.send_bytes({&c, 1});
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_TRUE(capture("areq_2", "areq_1")->approved());
}

TEST_F(AcquirerLink, EndsAtAFrameThatIsTooLongAndReversesWhatWasOpen) {
    host.on_message([this](Line& line, const Message& m) {
        if (m.mti() != "0100") return ScriptedHost::approve(line, m);
        line.send_bytes(std::string_view{"\x20\x01", 2});  // 8193, and not a byte of it
        gate.wait();
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    gate.open();
    EXPECT_TRUE(reversal_done("areq_1"));
}

TEST_F(AcquirerLink, CountsAFrameThatIsCutShort) {
    host.on_message([](Line& line, const Message& m) {
        if (m.mti() != "0100") return ScriptedHost::approve(line, m);
        line.send_bytes(
            std::string_view{"\x00\x40"
                             "0110",
                             6});
        line.hang_up();
    });
    EXPECT_EQ(authorize("areq_1").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_1"));
    EXPECT_EQ(metrics.counter_value("acquirer_broken_messages_total", {{"error", "FRAME_TRUNCATED"}}), 1);
}

TEST_F(AcquirerLink, EndsAfterThreeBrokenMessagesInARow) {
    host.on_message([this](Line& line, const Message& m) {
        if (m.mti() != "0100") return ScriptedHost::approve(line, m);
        line.send_raw("0110"), line.send_raw("0110");
        if (++seen == 1) return ScriptedHost::approve(line, m);  // a good one between: counted anew
        line.send_raw("0110");
    });
    EXPECT_TRUE(authorize("areq_1").approved());
    EXPECT_EQ(authorize("areq_2").state, State::reversed);
    EXPECT_TRUE(reversal_done("areq_2"));
}

TEST_F(AcquirerLink, RefusesPlainTcpBeyondTheLoopback) {
    auto options = patient();
    options.link.host = "192.0.2.1";
    vault::relay::Relay other{std::move(options), *pool, cards, nullptr, clock, metrics};
    EXPECT_FALSE(other.start());
}

TEST_F(AcquirerLink, KeepsApartManyPaymentsAtATime) {
    std::vector<std::future<bool>> payments;
    for (int i = 0; i < 24; ++i)
        payments.push_back(std::async(std::launch::async, [&, i] {
            const auto id = "areq_" + std::to_string(i);
            if (!authorize(id).approved()) return false;
            const auto captured = capture(id + "_c", id);
            return captured && captured->approved();
        }));
    for (auto& payment : payments)
        EXPECT_TRUE(payment.get());
    EXPECT_EQ(host.received("0100").size(), 24U);
    EXPECT_EQ(host.received("0220").size(), 24U);
    EXPECT_EQ(value("SELECT count(DISTINCT stan) FROM exchange"), "48");
}

}  // namespace
}  // namespace tests
