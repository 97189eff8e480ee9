// A connection to the database that is lost in the middle of a COMMIT leaves it open whether the transaction
// was kept. Whichever it was, and whichever of a use case's transactions it was, the merchant's request is
// carried out once.
#include "support/postgres_proxy.h"
#include "world.h"

namespace {

using namespace tests;
using gateway::CaptureMethod;
using Loss = PostgresProxy::Loss;
using Types = std::vector<std::string>;

class LostCommits : public World, public testing::WithParamInterface<std::tuple<Loss, bool>> {
  protected:
    LostCommits() {
        common::db::Pool::Options options;
        options.url = proxy.url("gateway_test", "gateway");
        options.connections = 2;
        proxied = std::make_unique<common::db::Pool>(options, metrics);
        service = std::make_unique<gateway::PaymentService>(*proxied, vault, renderer, clock);
    }
    ~LostCommits() override { service.reset(); }

    Call next_call() { return call(std::get<bool>(GetParam()) ? "key-" + std::to_string(++keys) : ""); }

    // Runs `act` again and again, each time with the next COMMIT lost, until it has no further one. `check`
    // looks at what one run has done.
    template <class Act, class Check>
    void lose_each_commit_of(Act act, Check check) {
        for (int nth = 1;; ++nth) {
            SCOPED_TRACE("the COMMIT lost is number " + std::to_string(nth));
            ASSERT_LT(nth, 20);
            const auto told = event_types().size();
            const auto id = act.prepare();
            proxy.lose(std::get<Loss>(GetParam()), nth);
            auto answer = run(act.send(id));
            const bool lost = proxy.has_lost();
            proxy.lose(Loss::commit, 0);
            ASSERT_TRUE(answer) << answer.error().describe();
            EXPECT_EQ(answer->status, 200) << answer->body;
            if (lost) recover();  // a void that was to follow is left to it
            auto types = event_types();
            types.erase(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(told));
            check(json_of(*answer), types);
            expect_consistent();
            if (lost) continue;
            EXPECT_GT(nth, 1);
            return;
        }
    }

    PostgresProxy proxy;
    std::unique_ptr<common::db::Pool> proxied;
    int keys = 0;
};

std::string text(const boost::json::object& object, std::string_view key) {
    return std::string{object.at(key).as_string()};
}

template <class Prepare, class Send>
struct Act {
    Prepare prepare;
    Send send;
};

TEST_P(LostCommits, LetAPaymentBeTakenOnce) {
    const auto none = [] { return std::string{}; };
    const auto send = [this](const std::string&) {
        return service->create_intent(next_call(), intent(500, CaptureMethod::automatic_async, true));
    };
    std::int64_t paid = 0;
    lose_each_commit_of(Act{none, send}, [&](const boost::json::object& payment, const Types& told) {
        paid += 500;
        EXPECT_EQ(text(payment, "status"), "succeeded");
        EXPECT_EQ(told, (Types{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}));
        EXPECT_EQ(vault.captured_sum(), paid);
        EXPECT_EQ(vault.held_sum(), 0);
    });
}

TEST_P(LostCommits, LetAnIntentBeMadeAndConfirmedOnce) {
    const auto prepare = [this] { return new_intent(500, CaptureMethod::manual); };
    const auto send = [this](const std::string& id) {
        return service->confirm_intent(next_call(), id, with_card());
    };
    std::int64_t held = 0;
    lose_each_commit_of(Act{prepare, send}, [&](const boost::json::object& payment, const Types& told) {
        held += 500;
        EXPECT_EQ(text(payment, "status"), "requires_capture");
        EXPECT_EQ(told, (Types{"payment_intent.created", "charge.succeeded",
                               "payment_intent.amount_capturable_updated"}));
        EXPECT_EQ(vault.held_sum(), held);
    });
}

TEST_P(LostCommits, LetACaptureBeSentOnce) {
    const auto prepare = [this] { return authorized_intent(700); };
    const auto send = [this](const std::string& id) { return service->capture_intent(next_call(), id, {}); };
    std::int64_t captured = 0;
    lose_each_commit_of(Act{prepare, send}, [&](const boost::json::object& payment, const Types& told) {
        captured += 700;
        EXPECT_EQ(text(payment, "status"), "succeeded");
        EXPECT_EQ(told.back(), "payment_intent.succeeded");
        EXPECT_EQ(std::ranges::count(told, "charge.captured"), 1);
        EXPECT_EQ(vault.captured_sum(), captured);
    });
}

TEST_P(LostCommits, LetACancellationBeMadeOnce) {
    const auto prepare = [this] { return authorized_intent(700); };
    const auto send = [this](const std::string& id) { return service->cancel_intent(next_call(), id, {}); };
    lose_each_commit_of(Act{prepare, send}, [&](const boost::json::object& payment, const Types& told) {
        EXPECT_EQ(text(payment, "status"), "canceled");
        EXPECT_EQ(std::ranges::count(told, "payment_intent.canceled"), 1);
        EXPECT_EQ(vault.held_sum(), 0);
    });
}

INSTANTIATE_TEST_SUITE_P(Always, LostCommits,
                         testing::Combine(testing::Values(Loss::commit, Loss::answer), testing::Bool()),
                         [](const auto& info) {
                             return std::string{std::get<0>(info.param) == Loss::commit ? "OnTheirWay"
                                                                                        : "WithTheirAnswer"} +
                                    (std::get<1>(info.param) ? "UnderAKey" : "WithoutAKey");
                         });

}  // namespace
