// Captures and reversals: order, repeats, and what the queue keeps when a process dies.
#include "integration/relay/world.h"

namespace tests {
namespace {

using State = Exchange::State;

class Advices : public RelayTest {
  protected:
    std::vector<std::string> sent(std::string_view kind) {  // "022" or "042", first sendings and repeats
        return host.received(kind);
    }
    static bool same_but_for_the_type(const std::string& first, const std::string& repeat) {
        return first.substr(0, 3) == repeat.substr(0, 3) && first[3] == '0' && repeat[3] == '1' &&
               first.substr(4) == repeat.substr(4);
    }
};

TEST_F(Advices, CaptureAndVoidWithTheNumbersOfTheAuthorization) {
    const auto authorization = authorize("areq_1");
    const auto captured = capture("areq_2", "areq_1", 600);
    ASSERT_TRUE(captured) << captured.error().describe();
    EXPECT_TRUE(captured->approved());
    EXPECT_EQ(captured->kind, Exchange::Kind::capture);
    EXPECT_EQ(captured->rrn, authorization.rrn);
    EXPECT_NE(captured->stan, authorization.stan);
    EXPECT_TRUE(capture("areq_2", "areq_1", 600)->approved());
    EXPECT_EQ(capture("areq_2", "areq_1", 601).error().status(), 409);
    const auto voided = reverse("areq_3", "areq_1");
    ASSERT_TRUE(voided);
    EXPECT_EQ(voided->state, State::answered);
    EXPECT_EQ(host.received("0220").size(), 1U);
    EXPECT_TRUE(host.received("0420").at(0).contains("A1B2C317GW000001"));
    EXPECT_EQ(capture("areq_4", "areq_none").error().status(), 404);
}

TEST_F(Advices, AreRepeatedUnchangedUntilAnswered) {
    authorize("areq_1");
    auto options = patient();
    options.advice_max = brief;
    start(std::move(options));
    host.on_message([this](Line& line, const Message& m) {
        if (++seen >= 3) ScriptedHost::approve(line, m);
    });
    EXPECT_EQ(reverse("areq_2", "areq_1")->state, State::answered);
    const auto all = sent("042");
    ASSERT_GE(all.size(), 3U);
    for (std::size_t i = 1; i < all.size(); ++i)
        EXPECT_TRUE(same_but_for_the_type(all[0], all[i])) << i;
}

TEST_F(Advices, AreRepeatedByTheNextProcessWhenTheirsHasDied) {
    authorize("areq_1");
    host.on_message([](Line&, const Message&) {});
    auto options = patient();
    options.advice_max = brief;
    start(options);
    EXPECT_EQ(capture("areq_2", "areq_1", 1000, 50ms)->state, State::pending);
    ASSERT_TRUE(host.wait_for("0220", 1));
    relay.reset();
    // A killed process leaves its lease behind, and has counted the attempt.
    Postgres::instance().run("UPDATE exchange SET attempts = 1, next_at = 0, lease_owner = '" + own_name() +
                                 "', lease_until = 9e15 WHERE state = 'queued'",
                             "relay");
    const auto before = sent("022").size();
    host.on_message(ScriptedHost::approve);
    start();
    EXPECT_TRUE(host.wait_for([&] { return state_of("areq_2") == State::answered; }));
    const auto all = sent("022");
    ASSERT_GT(all.size(), before);
    EXPECT_TRUE(same_but_for_the_type(all[0], all.back()));
}

TEST_F(Advices, OfOnePaymentKeepTheirOrderWhileTheFirstIsRepeated) {
    authorize("areq_1");
    auto options = patient();
    options.advice_max = brief;
    start(std::move(options));
    host.on_message([this](Line& line, const Message& m) {
        if (m.get(4) == "000000000600" && ++seen < 3) return;
        ScriptedHost::approve(line, m);
    });
    auto first = std::async(std::launch::async, [&] { return capture("areq_2", "areq_1", 600); });
    ASSERT_TRUE(host.wait_for("0220", 1));
    EXPECT_TRUE(capture("areq_3", "areq_1", 400)->approved());
    EXPECT_TRUE(first.get()->approved());
    const auto all = sent("022");
    ASSERT_GE(all.size(), 4U);
    const auto second = [](const std::string& payload) {
        return ScriptedHost::read(payload).get(4) == "000000000400";
    };
    const auto where = std::ranges::find_if(all, second) - all.begin();
    EXPECT_GE(where, 3);
    EXPECT_TRUE(all[static_cast<std::size_t>(where)].starts_with("0220"));
    for (std::size_t i = static_cast<std::size_t>(where); i < all.size(); ++i)
        EXPECT_TRUE(second(all[i])) << i;
}

TEST_F(Advices, EndWhenRefused) {
    authorize("areq_1");
    host.on_message([](Line& line, const Message& m) {
        line.send(ScriptedHost::answer_to(m, m.mti() == "0220" ? "61" : "58"));
    });
    const auto captured = capture("areq_2", "areq_1");
    EXPECT_EQ(captured->state, State::answered);
    EXPECT_EQ(captured->response_code, "61");
    EXPECT_FALSE(captured->approved());
    EXPECT_EQ(reverse("areq_3", "areq_1")->state, State::parked);
}

TEST_F(Advices, AreRepeatedWhenTheHostCannotDecide) {
    authorize("areq_1");
    host.on_message([this](Line& line, const Message& m) {
        line.send(ScriptedHost::answer_to(m, ++seen < 3 ? "91" : "00"));
    });
    EXPECT_TRUE(capture("areq_2", "areq_1")->approved());
    EXPECT_EQ(seen, 3);
    EXPECT_EQ(host.received("0220").size(), 1U);
    EXPECT_EQ(host.received("0221").size(), 2U);
}

TEST_F(Advices, ThatWaitedForTheLinkAreNoRepeats) {
    authorize("areq_1");
    start(unlinked());
    EXPECT_EQ(capture("areq_2", "areq_1", 1000, 150ms)->state, State::pending);
    EXPECT_TRUE(host.received("0220").empty());
    start();
    EXPECT_TRUE(host.wait_for([&] { return state_of("areq_2") == State::answered; }));
    EXPECT_EQ(host.received("0220").size(), 1U);
    EXPECT_TRUE(host.received("0221").empty());
}

TEST_F(Advices, AreParkedWhenTheCardIsErasedOrTheirLifeIsOver) {
    authorize("areq_1");
    cards.erased = true;
    EXPECT_EQ(capture("areq_2", "areq_1")->state, State::parked);
    cards.erased = false;
    auto options = patient();
    options.capture_life = -1ms;
    start(std::move(options));
    EXPECT_EQ(capture("areq_3", "areq_1")->state, State::parked);
    EXPECT_TRUE(host.received("0220").empty());
}

TEST_F(Advices, OfTwoProcessesAreSentOnceEach) {
    auto options = patient();
    options.instance = "other";
    const auto other = make(std::move(options));
    std::vector<std::future<bool>> payments;
    for (int i = 0; i < 16; ++i)
        payments.push_back(std::async(std::launch::async, [&, i] {
            const auto id = "areq_" + std::to_string(i);
            if (!authorize(id).approved()) return false;
            vault::CaptureRequest message;
            message.request_id = id + "_c", message.authorization_id = id;
            message.account = AccountId{7}, message.amount = 1000;
            auto& asked = i % 2 == 0 ? *relay : *other;
            const auto captured = run(asked.capture(std::move(message), Deadline::in(60s)));
            return captured && captured->approved();
        }));
    for (auto& payment : payments)
        EXPECT_TRUE(payment.get());
    EXPECT_EQ(host.received("0220").size(), 16U);
    EXPECT_TRUE(host.received("0221").empty());
    EXPECT_EQ(value("SELECT count(DISTINCT stan) FROM exchange"), "32");
}

}  // namespace
}  // namespace tests
