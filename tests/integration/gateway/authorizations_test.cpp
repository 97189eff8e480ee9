// Authorizations that are captured in several parts, or raised before they are captured.
#include "world.h"

namespace tests {
namespace {

using gateway::CaptureIntent;
using gateway::IncreaseIntent;
using gateway::IntentStatus;
using Mode = FakeVault::Mode;

class Authorizations : public World {
  protected:
    // What was authorized with both offered by the issuer; its id.
    std::string flexible(std::int64_t amount = 1000) {
        auto input = intent(amount, gateway::CaptureMethod::manual, true);
        input.intent.payment_method_options = {{"card",
                                                {{"request_multicapture", "if_available"},
                                                 {"request_incremental_authorization", "if_available"}}}};
        const auto made = run(service->create_intent(call(), std::move(input)));
        return std::string{json_of(made.value()).at("id").as_string()};
    }
    Result<StoredResponse> capture(const std::string& id, std::int64_t amount, bool final,
                                   const std::string& key = "") {
        CaptureIntent input;
        input.amount_to_capture = amount;
        input.final_capture = final;
        return run(service->capture_intent(call(key, "/v1/capture"), id, input));
    }
    Result<StoredResponse> increase(const std::string& id, std::int64_t amount, const std::string& key = "") {
        IncreaseIntent input;
        input.amount = amount;
        return run(service->increase_intent(call(key, "/v1/increment"), id, input));
    }
    static std::string fault(const Result<StoredResponse>& answer) {
        const auto error = json_of(answer.value()).at("error").as_object();
        return std::to_string(answer->status) + " " +
               std::string{error.contains("code") ? error.at("code").as_string() : "-"};
    }
};

TEST_F(Authorizations, AreCapturedInPartsUntilTheLast) {
    const auto id = flexible(1000);
    ASSERT_EQ(capture(id, 300, false)->status, 200);
    auto view = find(id);
    EXPECT_EQ(view.intent.status, IntentStatus::requires_capture);
    EXPECT_EQ(view.intent.amount_received, 300);
    EXPECT_EQ(view.intent.amount_capturable, 700);
    EXPECT_EQ(vault.held_sum(), 700);
    ASSERT_EQ(capture(id, 200, false)->status, 200);
    EXPECT_EQ(fault(run(service->cancel_intent(call("", "/v1/cancel"), id, {}))),
              "400 payment_intent_unexpected_state");
    ASSERT_EQ(capture(id, 400, true)->status, 200);
    view = find(id);
    EXPECT_EQ(view.intent.status, IntentStatus::succeeded);
    EXPECT_EQ(view.intent.amount_received, 900);
    EXPECT_EQ(view.latest_charge->released, 100);
    EXPECT_EQ(count("SELECT count(*) FROM balance_transactions WHERE type = 'charge' AND source = '" +
                    view.latest_charge->id + "'"),
              3);
    EXPECT_EQ(vault.captured_sum(), 900);
    EXPECT_EQ(
        event_types(),
        (std::vector<std::string>{
            "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
            "charge.captured", "payment_intent.amount_capturable_updated", "charge.captured",
            "payment_intent.amount_capturable_updated", "charge.captured", "payment_intent.succeeded"}));
    expect_consistent();
}

TEST_F(Authorizations, AreWholeWhenThePartsAddUp) {
    const auto id = flexible(1000);
    ASSERT_EQ(capture(id, 400, false)->status, 200);
    EXPECT_EQ(fault(capture(id, 601, false)), "400 amount_too_large");
    ASSERT_EQ(capture(id, 600, false)->status, 200);
    EXPECT_EQ(find(id).intent.status, IntentStatus::succeeded);
    expect_consistent();
}

TEST_F(Authorizations, AreCapturedInPartsOnlyWhereThatWasAskedFor) {
    const auto id = authorized_intent(1000);
    EXPECT_EQ(capture(id, 300, false)->status, 400);
    EXPECT_EQ(increase(id, 2000)->status, 400);
    EXPECT_EQ(capture(id, 300, true)->status, 200);
    expect_consistent();
}

TEST_F(Authorizations, CapturedInPartsAreRefundedUpToTheirSum) {
    const auto id = flexible(1000);
    ASSERT_EQ(capture(id, 300, false)->status, 200);
    gateway::NewRefund input;
    input.payment_intent = id;
    input.amount = 250;
    ASSERT_EQ(run(service->create_refund(call("", "/v1/refunds"), input))->status, 200);
    ASSERT_EQ(capture(id, 700, true)->status, 200);
    input.amount = 751;
    EXPECT_EQ(run(service->create_refund(call("", "/v1/refunds"), input))->status, 400);
    input.amount = 750;
    EXPECT_EQ(run(service->create_refund(call("", "/v1/refunds"), input))->status, 200);
    expect_consistent();
}

TEST_F(Authorizations, FinishAPartAfterACrash) {
    for (const auto mode : {Mode::hang_before, Mode::hang_after}) {
        const auto id = flexible(1000);
        vault.capture_mode = mode;
        CaptureIntent input;
        input.amount_to_capture = 300;
        input.final_capture = false;
        run_until_hanging_and_crash(service->capture_intent(call("k" + id, "/v1/capture"), id, input));
        EXPECT_GE(recover(), 1);
        EXPECT_EQ(find(id).intent.status, IntentStatus::requires_capture);
        EXPECT_EQ(find(id).intent.amount_received, 300);
        EXPECT_TRUE(run(service->capture_intent(call("k" + id, "/v1/capture"), id, input))->replayed);
    }
    expect_consistent();
}

TEST_F(Authorizations, AreRaisedAndTheFormerOneIsVoided) {
    const auto id = flexible(1000);
    const auto raised = increase(id, 1500);
    ASSERT_EQ(raised->status, 200) << raised->body;
    const auto view = find(id);
    EXPECT_EQ(view.intent.amount, 1500);
    EXPECT_EQ(view.intent.amount_capturable, 1500);
    EXPECT_EQ(view.latest_charge->amount, 1500);
    EXPECT_EQ(vault.held_sum(), 1500) << "the former one was voided";
    EXPECT_EQ(fault(increase(id, 1500)), "400 -") << "only upwards";
    ASSERT_EQ(capture(id, 1500, true)->status, 200);
    EXPECT_EQ(vault.captured_sum(), 1500);
    expect_consistent();
}

TEST_F(Authorizations, StandWhenMoreIsDeclined) {
    const auto id = flexible(1000);
    vault.authorize_code = "51";
    const auto declined = increase(id, 1500);
    EXPECT_EQ(declined->status, 402);
    EXPECT_EQ(json_of(*declined).at("error").at("decline_code"), "insufficient_funds");
    EXPECT_EQ(find(id).intent.status, IntentStatus::requires_capture);
    EXPECT_EQ(find(id).intent.amount, 1000);
    EXPECT_EQ(vault.held_sum(), 1000);
    vault.authorize_code = "00";
    ASSERT_EQ(capture(id, 1000, true)->status, 200);
    expect_consistent();
}

// Neither is held twice, nor is the first lost.
TEST_F(Authorizations, StandWhenNobodyKnowsWhetherMoreWasApproved) {
    for (const auto mode : {Mode::unavailable, Mode::misreported, Mode::silent}) {
        const auto id = flexible(1000);
        vault.authorize_mode = mode;
        EXPECT_EQ(increase(id, 1500).error().status(), 503);
        vault.authorize_mode = Mode::normal;
        recover();
        recover();
        EXPECT_EQ(find(id).intent.amount_capturable, 1000);
        ASSERT_EQ(capture(id, 1000, true)->status, 200);
        EXPECT_EQ(vault.held_sum(), 0);
    }
    expect_consistent();
}

TEST_F(Authorizations, RaisedAtOnceAreRaisedOnce) {
    const auto id = flexible(1000);
    std::vector<Task<StoredResponse>> tasks;
    IncreaseIntent input;
    input.amount = 1500;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(service->increase_intent(call("", "/v1/increment"), id, input));
    int raised = 0;
    for (const auto& outcome : run_all<StoredResponse>(std::move(tasks)))
        if (outcome && outcome->status == 200) ++raised;
    EXPECT_EQ(raised, 1);
    EXPECT_EQ(vault.authorizations, 2);
    EXPECT_EQ(vault.held_sum(), 1500);
    ASSERT_EQ(capture(id, 1500, true)->status, 200);
    expect_consistent();
}

}  // namespace
}  // namespace tests
