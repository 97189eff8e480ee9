#include "gateway/idempotency/idempotency.h"

#include <gtest/gtest.h>

namespace gateway::idempotency {
namespace {

store::IdempotencyRow row_of(bool finished) {
    store::IdempotencyRow row;
    row.key = {"k", "POST", "/v1/payment_intents", "digest"};
    row.request_id = "req_first";
    row.created_ms = 1000;
    row.finished = finished;
    return row;
}

const IdempotencyKey same{"k", "POST", "/v1/payment_intents", "digest"};
constexpr std::int64_t day_ms = 24 * 3600 * 1000;

TEST(IdempotencyJudge, RepeatsWhatIsFinishedAndHoldsBackWhatRuns) {
    EXPECT_EQ(judge(row_of(true), same, "req_second", 2000), Verdict::finished);
    EXPECT_EQ(judge(row_of(false), same, "req_second", 2000), Verdict::running);
    EXPECT_EQ(judge(row_of(false), same, "req_first", 2000), Verdict::ours);
}

TEST(IdempotencyJudge, RefusesAnotherEndpointBeforeOtherParameters) {
    auto other = same;
    other.path = "/v1/payment_methods";
    other.parameters = "other";
    EXPECT_EQ(judge(row_of(true), other, "req_second", 2000), Verdict::other_endpoint);
    EXPECT_EQ(judge(row_of(false), other, "req_second", 2000), Verdict::other_endpoint);
    other.path = same.path;
    EXPECT_EQ(judge(row_of(true), other, "req_second", 2000), Verdict::other_parameters);
}

TEST(IdempotencyJudge, ForgetsAfterADayButNeverWhatStillRuns) {
    EXPECT_EQ(judge(row_of(true), same, "req_second", 1000 + day_ms - 1), Verdict::finished);
    EXPECT_EQ(judge(row_of(true), same, "req_second", 1000 + day_ms), Verdict::fresh);
    EXPECT_EQ(judge(row_of(false), same, "req_second", 1000 + 10 * day_ms), Verdict::running);
}

TEST(IdempotencyRefusal, UsesTheWordsThatMerchantsMatch) {
    const auto parameters = refusal(Verdict::other_parameters, same);
    EXPECT_EQ(parameters.status(), 400);
    EXPECT_EQ(parameters.type(), common::ErrorType::idempotency);
    EXPECT_NE(parameters.message().find(
                  "Keys for idempotent requests can only be used with the same parameters they "
                  "were first used with"),
              std::string::npos);
    EXPECT_NE(refusal(Verdict::other_endpoint, same)
                  .message()
                  .find("Keys for idempotent requests can only be used for the same endpoint they were first "
                        "used for"),
              std::string::npos);
    const auto running = refusal(Verdict::running, same);
    EXPECT_EQ(running.status(), 409);
    EXPECT_EQ(running.code(), "idempotency_key_in_use");
    EXPECT_EQ(running.should_retry(), true);
}

}  // namespace
}  // namespace gateway::idempotency
