#include "gateway/idempotency/idempotency.h"

#include "world.h"

namespace tests {
namespace {

using gateway::CaptureMethod;
using gateway::IntentStatus;

class Idempotency : public World {};

Task<StoredResponse> after(std::chrono::milliseconds delay, Task<StoredResponse> task) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    timer.expires_after(delay);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return co_await std::move(task);
}

TEST_F(Idempotency, RepeatsTheAnswerByteForByteEvenWhenThePaymentHasChanged) {
    const auto first = run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual, true)));
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->replayed);
    const std::string id{json_of(*first).at("id").as_string()};
    ASSERT_TRUE(run(service->capture_intent(call(), id, {})));
    const auto second = run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual, true)));
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->replayed);
    EXPECT_EQ(second->body, first->body);
    EXPECT_EQ(second->original_request, first->original_request);
    EXPECT_EQ(vault.authorizations, 1);
    EXPECT_EQ(vault.cards, 1) << "a repeated request must not tokenize again";
    EXPECT_EQ(count("SELECT count(*) FROM idempotency_keys WHERE replayed_at IS NOT NULL AND account_id = " +
                    std::to_string(account.value)),
              1);
}

TEST_F(Idempotency, RepeatsDeclinesAndRefusalsToo) {
    vault.authorize_code = "05";
    const auto id = new_intent();
    const auto declined = run(service->confirm_intent(call("d", "/v1/confirm"), id, with_card()));
    const auto repeated = run(service->confirm_intent(call("d", "/v1/confirm"), id, with_card()));
    EXPECT_EQ(repeated->status, 402);
    EXPECT_EQ(repeated->body, declined->body);
    const auto refused = run(service->capture_intent(call("c", "/v1/capture"), id, {}));
    EXPECT_EQ(refused->status, 400);
    EXPECT_TRUE(run(service->capture_intent(call("c", "/v1/capture"), id, {}))->replayed);
    gateway::NewPaymentMethod bad;
    bad.number = common::SecretText{"4242424242424241"};
    EXPECT_EQ(run(service->create_payment_method(call("b", "/v1/pm"), std::move(bad)))->status, 402);
    gateway::NewPaymentMethod same;
    same.number = common::SecretText{"4242424242424241"};
    EXPECT_TRUE(run(service->create_payment_method(call("b", "/v1/pm"), std::move(same)))->replayed);
    EXPECT_EQ(vault.authorizations, 1);
}

TEST_F(Idempotency, RefusesOtherParametersAndOtherEndpoints) {
    ASSERT_TRUE(run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual))));
    const auto other = run(
        service->create_intent(call("k", "/v1/payment_intents", "other"), intent(1, CaptureMethod::manual)));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().type(), common::ErrorType::idempotency);
    EXPECT_NE(other.error().message().find("same parameters"), std::string::npos);
    const auto endpoint =
        run(service->create_intent(call("k", "/v1/else"), intent(1000, CaptureMethod::manual)));
    ASSERT_FALSE(endpoint);
    EXPECT_NE(endpoint.error().message().find("same endpoint"), std::string::npos);
}

TEST_F(Idempotency, BelongsToOneAccountAndMode) {
    const auto first = run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual)));
    account = strict;
    const auto second = run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual)));
    EXPECT_FALSE(second->replayed);
    auto live = call("k");
    live.scope.livemode = true;
    const auto third = run(service->create_intent(live, intent(1000, CaptureMethod::manual)));
    EXPECT_FALSE(third->replayed);
    EXPECT_NE(json_of(*second).at("id"), json_of(*third).at("id"));
}

TEST_F(Idempotency, ForgetsAKeyAfterADay) {
    const auto first = run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual)));
    clock.advance(std::chrono::hours{23});
    EXPECT_TRUE(run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual)))->replayed);
    clock.advance(std::chrono::hours{2});
    const auto later = run(service->create_intent(call("k"), intent(1000, CaptureMethod::manual)));
    EXPECT_FALSE(later->replayed);
    EXPECT_NE(later->body, first->body);
    clock.advance(std::chrono::hours{25});
    const auto now_ms = clock.now().time_since_epoch().count();
    EXPECT_GE(run(gateway::idempotency::purge(*pool, now_ms, 1000)).value(), 1);
    EXPECT_EQ(
        count("SELECT count(*) FROM idempotency_keys WHERE account_id = " + std::to_string(account.value)),
        0);
}

TEST_F(Idempotency, LetsTwentyCallsWithOneKeyMakeOnePayment) {
    vault.delay = std::chrono::milliseconds{100};
    const auto id = new_intent();
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(service->confirm_intent(call("same", "/v1/confirm"), id, with_card()));
    int answered = 0;
    for (const auto& outcome : run_all(std::move(tasks))) {
        if (outcome) {
            EXPECT_EQ(outcome->status, 200);
            ++answered;
        } else {
            EXPECT_EQ(outcome.error().code(), "idempotency_key_in_use") << outcome.error().describe();
        }
    }
    EXPECT_GE(answered, 1);
    EXPECT_EQ(vault.authorizations, 1);
    expect_consistent();
}

TEST_F(Idempotency, LetsTwentyCallsWithOtherKeysMakeOnePayment) {
    vault.delay = std::chrono::milliseconds{100};
    const auto id = new_intent();
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(
            service->confirm_intent(call("key" + std::to_string(i), "/v1/confirm"), id, with_card()));
    int paid = 0;
    for (const auto& outcome : run_all(std::move(tasks))) {
        if (outcome && outcome->status == 200) ++paid;
        if (outcome && outcome->status != 200)
            EXPECT_NE(outcome->body.find("payment_intent_unexpected_state"), std::string::npos)
                << outcome->body;
        if (!outcome) EXPECT_EQ(outcome.error().code(), "lock_timeout") << outcome.error().describe();
    }
    EXPECT_EQ(paid, 1);
    EXPECT_EQ(vault.authorizations, 1);
    EXPECT_EQ(vault.captured_sum(), 1000);
    expect_consistent();
}

TEST_F(Idempotency, AnswersLockTimeoutWhenThePaymentIsHeldForLong) {
    vault.delay = std::chrono::milliseconds{3500};
    const auto id = new_intent();
    std::vector<Task<StoredResponse>> tasks;
    tasks.push_back(service->confirm_intent(call("a", "/v1/confirm"), id, with_card()));
    auto cancel = service->cancel_intent(call("b", "/v1/cancel"), id, {});
    tasks.push_back(after(std::chrono::milliseconds{300}, std::move(cancel)));
    const auto outcomes = run_all(std::move(tasks));
    ASSERT_TRUE(outcomes[0]) << outcomes[0].error().describe();
    EXPECT_EQ(outcomes[0]->status, 200);
    ASSERT_FALSE(outcomes[1]);
    const auto& refused = outcomes[1].error();
    EXPECT_EQ(refused.status(), 429);
    EXPECT_EQ(refused.code(), "lock_timeout");
    EXPECT_EQ(refused.should_retry(), true);
    EXPECT_NE(refused.message().find("object cannot be accessed right now"), std::string::npos);
    vault.delay = {};
    // It was not stored: the same key acts now.
    EXPECT_EQ(run(service->cancel_intent(call("b", "/v1/cancel"), id, {}))->status, 400);
}

}  // namespace
}  // namespace tests
