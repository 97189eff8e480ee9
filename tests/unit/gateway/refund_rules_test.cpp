#include <random>

#include <gtest/gtest.h>

#include "gateway/refunds/machine.h"
#include "gateway/refunds/rules.h"

namespace gateway {
namespace {

constexpr std::array statuses{RefundStatus::pending, RefundStatus::requires_action, RefundStatus::succeeded,
                              RefundStatus::failed, RefundStatus::canceled};
constexpr std::array events{RefundEvent::paid, RefundEvent::declined, RefundEvent::canceled};

Charge captured(std::int64_t amount) {
    Charge charge;
    charge.id = "ch_1";
    charge.status = ChargeStatus::succeeded;
    charge.captured = charge.paid = true;
    charge.amount = charge.amount_authorized = charge.amount_captured = amount;
    return charge;
}

std::string fault(const common::Error& error) {
    return std::to_string(error.status()) + " " + std::string{error.code()} + " " +
           std::string{error.param()} + ": " + error.message();
}

// Rows as `statuses`, columns as `events`: S(ucceeded), F(ailed), X (canceled); a dot is refused.
TEST(RefundMachine, DecidesEveryPairOfStatusAndEvent) {
    constexpr std::array<std::string_view, 5> expected{"SF.", "..X", "...", "...", "..."};
    for (std::size_t s = 0; s < statuses.size(); ++s)
        for (std::size_t e = 0; e < events.size(); ++e) {
            const auto to = next(statuses[s], events[e]);
            const char letter = !to                              ? '.'
                                : *to == RefundStatus::succeeded ? 'S'
                                : *to == RefundStatus::failed    ? 'F'
                                                                 : 'X';
            EXPECT_EQ(letter, expected[s][e]) << "status " << s << ", event " << e;
        }
}

TEST(RefundRules, RefundsWhatIsLeftWhenNoAmountIsGiven) {
    auto charge = captured(1000);
    EXPECT_EQ(rules::may_refund(charge, std::nullopt).value(), 1000);
    charge.refunds = 300;
    charge.refund_pending = 200;
    EXPECT_EQ(rules::may_refund(charge, std::nullopt).value(), 500);
    EXPECT_EQ(rules::may_refund(charge, 500).value(), 500);
    EXPECT_EQ(rules::may_refund(charge, 1).value(), 1);
}

TEST(RefundRules, RefusesMoreThanIsLeftInWordsThatMerchantsMatch) {
    auto charge = captured(2000);
    charge.refunds = 1000;
    EXPECT_EQ(
        fault(rules::may_refund(charge, 2000).error()),
        "400  amount: Refund amount (20.00 EUR) is greater than unrefunded amount on charge (10.00 EUR).");
    charge.refund_pending = 1000;
    EXPECT_EQ(fault(rules::may_refund(charge, 1).error()),
              "400 charge_already_refunded : Charge ch_1 has already been refunded.");
    EXPECT_EQ(rules::may_refund(charge, std::nullopt).error().code(), "charge_already_refunded");
}

TEST(RefundRules, RefuseAmountsOfNothingAndLess) {
    for (const auto amount : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()})
        EXPECT_EQ(rules::may_refund(captured(1000), amount).error().code(), "parameter_invalid_integer");
}

TEST(RefundRules, RefuseWhatWasNeverPaidOrIsChargedBack) {
    auto failed = captured(1000);
    failed.status = ChargeStatus::failed;
    EXPECT_EQ(rules::may_refund(failed, {}).error().code(), "charge_not_refundable");
    auto held = captured(1000);
    held.captured = false;
    held.amount_captured = 0;
    EXPECT_NE(
        rules::may_refund(held, {}).error().message().find("does not have a successful charge to refund"),
        std::string::npos);
    held.refunded = true;  // voided
    EXPECT_EQ(rules::may_refund(held, {}).error().code(), "charge_already_refunded");
    auto disputed = captured(1000);
    disputed.disputed = true;
    EXPECT_EQ(rules::may_refund(disputed, {}).error().code(), "charge_disputed");
}

TEST(RefundRules, LetOnlyRefundsThatWaitForSomebodyBeCanceled) {
    for (const auto status : statuses) {
        Refund refund;
        refund.status = status;
        EXPECT_EQ(rules::may_cancel(refund).has_value(), status == RefundStatus::requires_action);
    }
}

// However refunds of a charge follow one another, succeed and fail, they never exceed what was captured.
TEST(RefundRules, NeverGiveBackMoreThanWasCaptured) {
    std::mt19937 random{7};
    for (int run = 0; run < 200; ++run) {
        auto charge = captured(std::uniform_int_distribution<std::int64_t>{1, 1000}(random));
        std::vector<std::int64_t> under_way;
        for (int step = 0; step < 50; ++step) {
            const auto wanted = std::uniform_int_distribution<std::int64_t>{-10, 400}(random);
            if (const auto amount = rules::may_refund(charge, wanted)) {
                charge.refund_pending += *amount;
                under_way.push_back(*amount);
            }
            if (!under_way.empty() && random() % 2 == 0) {
                charge.refund_pending -= under_way.back();
                if (random() % 3 != 0) charge.refunds += under_way.back();
                under_way.pop_back();
            }
            ASSERT_GE(rules::refundable(charge), 0);
            ASSERT_LE(charge.amount_refunded(), charge.amount_captured);
        }
    }
}

}  // namespace
}  // namespace gateway
