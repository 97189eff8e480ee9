// Refunds against a real database and a played acquirer.
#include "gateway/store/refunds.h"

#include "world.h"

namespace tests {
namespace {

using gateway::CaptureMethod;
using gateway::NewRefund;
using gateway::Refund;
using gateway::RefundStatus;
using Mode = FakeVault::Mode;

class Refunds : public World {
  protected:
    // A payment of this amount; its intent's id.
    std::string paid(std::int64_t amount = 1000) {
        const auto made = run(service->create_intent(call(), intent(amount, CaptureMethod::automatic, true)));
        return std::string{json_of(made.value()).at("id").as_string()};
    }
    static NewRefund of(const std::string& intent, std::optional<std::int64_t> amount = {}) {
        NewRefund input;
        input.payment_intent = intent;
        input.amount = amount;
        return input;
    }
    Result<StoredResponse> refund(const NewRefund& input, const std::string& key = "") {
        return run(service->create_refund(call(key, "/v1/refunds"), input));
    }
    static std::string status_of(const Result<StoredResponse>& made) {
        return std::string{json_of(made.value()).at("status").as_string()};
    }
    Refund stored(const std::string& id) {
        return as(account,
                  [&](gateway::store::Transaction& tx) {
                      return gateway::store::require<Refund>(tx, scope_of(account), id);
                  })
            .value();
    }
    static std::string id_of(const Result<StoredResponse>& made) {
        return std::string{json_of(made.value()).at("id").as_string()};
    }
    gateway::Charge charge_of(const std::string& intent) { return *find(intent).latest_charge; }
    // Until the acquirer requests that are open now have ended.
    void settle() {
        for (int i = 0; i < 5; ++i)
            recover();
    }
};

TEST_F(Refunds, GiveBackWhatWasPaidAndTellIt) {
    const auto intent = paid(1000);
    const auto made = refund(of(intent));
    EXPECT_EQ(status_of(made), "succeeded");
    EXPECT_EQ(vault.refunded_sum(), 1000);
    const auto charge = charge_of(intent);
    EXPECT_EQ(charge.refunds, 1000);
    EXPECT_EQ(charge.refund_pending, 0);
    EXPECT_TRUE(charge.refunded);
    EXPECT_TRUE(stored(id_of(made)).balance_transaction);
    EXPECT_EQ(event_types(),
              (std::vector<std::string>{"payment_intent.created", "charge.succeeded",
                                        "payment_intent.succeeded", "refund.created", "charge.refunded"}));
    expect_consistent();
}

TEST_F(Refunds, AddUpToNoMoreThanWasCaptured) {
    const auto intent = paid(1000);
    EXPECT_EQ(status_of(refund(of(intent, 400))), "succeeded");
    EXPECT_FALSE(charge_of(intent).refunded);
    EXPECT_EQ(refund(of(intent, 601))->status, 400);
    EXPECT_EQ(status_of(refund(of(intent, 600))), "succeeded");
    EXPECT_TRUE(charge_of(intent).refunded);
    const auto again = refund(of(intent));
    EXPECT_EQ(json_of(*again).at("error").at("code"), "charge_already_refunded");
    EXPECT_EQ(vault.refunded_sum(), 1000);
    expect_consistent();
}

TEST_F(Refunds, OfAThousandAtOnceTakeExactlyWhatWasCaptured) {
    const auto intent = paid(1000);
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 1000; ++i)
        tasks.push_back(service->create_refund(call("", "/v1/refunds"), of(intent, 7)));
    int accepted = 0;
    for (const auto& outcome : run_all<StoredResponse>(std::move(tasks))) {
        if (!outcome) {
            EXPECT_EQ(outcome.error().status(), 429) << outcome.error().describe();
        } else if (outcome->status == 200) {
            ++accepted;
        } else {
            EXPECT_EQ(outcome->status, 400) << outcome->body;
        }
    }
    settle();
    EXPECT_GT(accepted, 0);
    EXPECT_LE(accepted, 142);
    EXPECT_EQ(vault.refunded_sum(), 7 * accepted);
    EXPECT_EQ(charge_of(intent).refunds, 7 * accepted);
    expect_consistent();
}

TEST_F(Refunds, OfTheWholeAtOnceSucceedOnce) {
    const auto intent = paid(1000);
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(service->create_refund(call("", "/v1/refunds"), of(intent)));
    int accepted = 0;
    for (const auto& outcome : run_all<StoredResponse>(std::move(tasks)))
        if (outcome && outcome->status == 200) ++accepted;
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(vault.refunded_sum(), 1000);
    expect_consistent();
}

TEST_F(Refunds, WithOneKeyAreOneRefund) {
    const auto intent = paid(1000);
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(service->create_refund(call("k", "/v1/refunds"), of(intent, 100)));
    std::set<std::string> bodies;
    for (const auto& outcome : run_all<StoredResponse>(std::move(tasks)))
        if (outcome) bodies.insert(outcome->body);
    EXPECT_EQ(bodies.size(), 1U);
    EXPECT_EQ(vault.refunded_sum(), 100);
    EXPECT_TRUE(refund(of(intent, 100), "k")->replayed);
    expect_consistent();
}

TEST_F(Refunds, ThatTheIssuerDeclinesFailAndGiveTheAmountFree) {
    const auto intent = paid(1000);
    vault.refund_code = "54";
    const auto made = refund(of(intent, 1000));
    EXPECT_EQ(status_of(made), "failed");
    EXPECT_EQ(json_of(*made).at("failure_reason"), "expired_or_canceled_card");
    EXPECT_EQ(charge_of(intent).amount_refunded(), 0);
    EXPECT_FALSE(charge_of(intent).refunded);
    vault.refund_code = "00";
    EXPECT_EQ(status_of(refund(of(intent, 1000))), "succeeded");
    const auto types = event_types();
    EXPECT_EQ((std::vector<std::string>{types.begin() + 3, types.end()}),
              (std::vector<std::string>{"refund.created", "refund.failed", "charge.refund.updated",
                                        "refund.created", "charge.refunded"}));
    expect_consistent();
}

TEST_F(Refunds, WithoutAnAnswerArePendingAndCountAsRefundedAtOnce) {
    const auto intent = paid(1000);
    vault.refund_mode = Mode::silent;
    const auto made = refund(of(intent, 800));
    EXPECT_EQ(status_of(made), "pending");
    EXPECT_EQ(charge_of(intent).amount_refunded(), 800);
    EXPECT_EQ(refund(of(intent, 300))->status, 400) << "800 are promised already";
    vault.refund_mode = Mode::normal;
    settle();
    EXPECT_EQ(stored(id_of(made)).status, RefundStatus::succeeded);
    EXPECT_EQ(vault.refunded_sum(), 800);
    const auto types = event_types();
    EXPECT_EQ((std::vector<std::string>{types.begin() + 3, types.end()}),
              (std::vector<std::string>{"refund.created", "charge.refunded", "refund.updated",
                                        "charge.refund.updated"}));
    expect_consistent();
}

TEST_F(Refunds, ThatTheVaultReversedAreTriedAnewAndPaidOnce) {
    const auto intent = paid(1000);
    vault.refund_state = vault::Exchange::State::reversed;
    const auto made = refund(of(intent));
    EXPECT_EQ(status_of(made), "pending");
    EXPECT_EQ(vault.refunded_sum(), 0);
    vault.refund_state = vault::Exchange::State::answered;
    settle();
    EXPECT_EQ(stored(id_of(made)).status, RefundStatus::succeeded);
    EXPECT_EQ(vault.refunded_sum(), 1000);
    expect_consistent();
}

TEST_F(Refunds, AreKeptWhileTheVaultIsAwayAndSentWhenItIsBack) {
    const auto intent = paid(1000);
    vault.refund_mode = Mode::unavailable;
    const auto made = refund(of(intent));
    EXPECT_EQ(status_of(made), "pending");
    vault.refund_mode = Mode::normal;
    settle();
    EXPECT_EQ(stored(id_of(made)).status, RefundStatus::succeeded);
    EXPECT_EQ(vault.refunded_sum(), 1000);
    expect_consistent();
}

TEST_F(Refunds, AreGivenUpAfterADayOfTrying) {
    const auto intent = paid(1000);
    vault.refund_state = vault::Exchange::State::not_sent;
    const auto made = refund(of(intent));
    clock.advance(std::chrono::hours{25});
    settle();
    EXPECT_EQ(stored(id_of(made)).status, RefundStatus::failed);
    EXPECT_EQ(stored(id_of(made)).failure_reason, "unknown");
    EXPECT_EQ(charge_of(intent).amount_refunded(), 0);
    EXPECT_EQ(vault.refunded_sum(), 0);
    expect_consistent();
}

TEST_F(Refunds, AreFinishedByTheNextProcessAfterACrash) {
    for (const auto mode : {Mode::hang_before, Mode::hang_after}) {
        const auto intent = paid(1000);
        const auto before = vault.refunded_sum();
        const auto key = "k" + intent;
        vault.refund_mode = mode;
        run_until_hanging_and_crash(service->create_refund(call(key, "/v1/refunds"), of(intent)));
        EXPECT_EQ(refund(of(intent), key).error().status(), 409);
        settle();
        const auto repeated = refund(of(intent), key);
        EXPECT_EQ(status_of(repeated), "succeeded");
        EXPECT_EQ(vault.refunded_sum() - before, 1000);
    }
    expect_consistent();
}

TEST_F(Refunds, TakeFromWhatThePaymentBroughtUntilThatIsAvailable) {
    const auto young = paid(1000);
    ASSERT_EQ(status_of(refund(of(young, 300))), "succeeded");
    EXPECT_EQ(count("SELECT count(*) FROM balance_transactions WHERE type = 'refund' AND status = 'pending'"
                    " AND net = -300 AND account_id = " +
                    std::to_string(account.value)),
              1);
    expect_balance();
}

TEST_F(Refunds, OfWhatWasNeverCapturedStandWithTheCharge) {
    const auto id = authorized_intent(900);
    gateway::CaptureIntent input;
    input.amount_to_capture = 500;
    ASSERT_EQ(run(service->capture_intent(call("", "/v1/capture"), id, input))->status, 200);
    const auto charge = charge_of(id);
    EXPECT_EQ(charge.amount_refunded(), 400);
    EXPECT_FALSE(charge.refunded);
    EXPECT_EQ(count("SELECT sum(amount)::bigint FROM refunds WHERE status = 'succeeded' AND charge = '" +
                    charge.id + "'"),
              400);
    EXPECT_EQ(refund(of(id, 501))->status, 400);
    EXPECT_EQ(status_of(refund(of(id))), "succeeded");
    EXPECT_TRUE(charge_of(id).refunded);
    EXPECT_EQ(vault.refunded_sum(), 500);
    expect_consistent();
}

TEST_F(Refunds, NameTheChargeOrThePaymentOfTheSameMerchant) {
    const auto intent = paid(1000), other = paid(1000);
    EXPECT_EQ(json_of(*refund(NewRefund{})).at("error").at("code"), "parameter_missing");
    EXPECT_EQ(json_of(*refund(of("pi_unknown"))).at("error").at("param"), "payment_intent");
    auto mixed = of(intent);
    mixed.charge = charge_of(other).id;
    EXPECT_EQ(json_of(*refund(mixed)).at("error").at("param"), "charge");
    auto foreign_call = call("", "/v1/refunds");
    foreign_call.scope = scope_of(strict);
    const auto foreign = run(service->create_refund(foreign_call, of(intent)));
    EXPECT_EQ(json_of(*foreign).at("error").at("code"), "resource_missing");
    EXPECT_EQ(vault.refunded_sum(), 0);
}

}  // namespace
}  // namespace tests
