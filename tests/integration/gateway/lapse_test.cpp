// Authorizations that nobody captures in time.
#include "gateway/payments/lapse.h"

#include "world.h"

namespace tests {
namespace {

using gateway::IntentStatus;

class Lapse : public World {
  protected:
    // Of all accounts, those of other tests too.
    void lapse() {
        const auto now_ms = clock.now().time_since_epoch().count();
        ASSERT_TRUE(run(gateway::payments::lapse_due(*pool, renderer, now_ms, 1000)));
    }
};

TEST_F(Lapse, CancelsWhatIsTooOldAndGivesTheHoldBack) {
    const auto id = authorized_intent(900);
    clock.advance(std::chrono::hours{7 * 24 - 1});
    lapse();
    EXPECT_EQ(find(id).intent.status, IntentStatus::requires_capture) << "not yet";
    clock.advance(std::chrono::hours{1});
    EXPECT_EQ(run(service->capture_intent(call("", "/v1/capture"), id, {}))->status, 400) << "too late";
    lapse();
    const auto events = event_types().size();
    lapse();
    EXPECT_EQ(event_types().size(), events) << "once";
    const auto view = find(id);
    EXPECT_EQ(view.intent.status, IntentStatus::canceled);
    EXPECT_EQ(view.intent.cancellation_reason, "automatic");
    EXPECT_EQ(view.latest_charge->amount_refunded(), 900);
    EXPECT_TRUE(view.latest_charge->refunded);
    recover();
    EXPECT_EQ(vault.held_sum(), 0) << "the acquirer was told";
    const auto types = event_types();
    EXPECT_EQ((std::vector<std::string>{types.end() - 2, types.end()}),
              (std::vector<std::string>{"charge.expired", "payment_intent.canceled"}));
    expect_consistent();
}

TEST_F(Lapse, EndsAPaymentOfWhichAPartWasCaptured) {
    auto input = intent(1000, gateway::CaptureMethod::manual, true);
    input.intent.payment_method_options = {{"card", {{"request_multicapture", "if_available"}}}};
    const auto made = run(service->create_intent(call(), std::move(input)));
    const std::string id{json_of(made.value()).at("id").as_string()};
    gateway::CaptureIntent part;
    part.amount_to_capture = 300;
    part.final_capture = false;
    ASSERT_EQ(run(service->capture_intent(call("", "/v1/capture"), id, part))->status, 200);
    clock.advance(std::chrono::hours{8 * 24});
    lapse();
    const auto view = find(id);
    EXPECT_EQ(view.intent.status, IntentStatus::succeeded);
    EXPECT_EQ(view.intent.amount_received, 300);
    EXPECT_EQ(view.intent.amount_capturable, 0);
    EXPECT_EQ(view.latest_charge->released, 700);
    expect_balance();
}

TEST_F(Lapse, LeavesWhatIsCapturedOrCanceledAlone) {
    const auto captured = authorized_intent(900), canceled = authorized_intent(800);
    ASSERT_EQ(run(service->capture_intent(call("", "/v1/capture"), captured, {}))->status, 200);
    ASSERT_EQ(run(service->cancel_intent(call("", "/v1/cancel"), canceled, {}))->status, 200);
    clock.advance(std::chrono::hours{8 * 24});
    const auto events = event_types().size();
    lapse();
    EXPECT_EQ(event_types().size(), events);
    recover();
    expect_consistent();
}

}  // namespace
}  // namespace tests
