// Authorizations that nobody captures in time.
#include "gateway/payments/lapse.h"

#include "world.h"

namespace tests {
namespace {

using gateway::IntentStatus;

class Lapse : public World {
  protected:
    int lapse() {
        return run(gateway::payments::lapse_due(*pool, renderer, clock.now().time_since_epoch().count(), 100))
            .value();
    }
};

TEST_F(Lapse, CancelsWhatIsTooOldAndGivesTheHoldBack) {
    const auto id = authorized_intent(900);
    clock.advance(std::chrono::hours{7 * 24 - 1});
    EXPECT_EQ(lapse(), 0);
    clock.advance(std::chrono::hours{1});
    EXPECT_EQ(run(service->capture_intent(call("", "/v1/capture"), id, {}))->status, 400) << "too late";
    EXPECT_EQ(lapse(), 1);
    EXPECT_EQ(lapse(), 0);
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
    EXPECT_EQ(lapse(), 1);
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
    EXPECT_EQ(lapse(), 0);
    recover();
    expect_consistent();
}

}  // namespace
}  // namespace tests
