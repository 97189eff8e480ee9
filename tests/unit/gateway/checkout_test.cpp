// The rules, the totals and the life of a Checkout Session.
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "gateway/checkout/machine.h"
#include "gateway/checkout/rules.h"
#include "gateway/payments/rules.h"

namespace gateway::checkout {
namespace {

constexpr std::int64_t now = 1'790'000'000;

CheckoutSession session_of(const std::vector<std::pair<std::string, std::int64_t>>& lines) {
    CheckoutSession session;
    session.expires_at = now + 3600;
    for (const auto& [unit_amount, quantity] : lines) {
        LineItem item;
        item.unit_amount = unit_amount;
        item.quantity = quantity;
        session.line_items.push_back(item);
    }
    return session;
}

std::string fault(const common::Status& status) {
    if (status) return "fine";
    return std::to_string(status.error().status()) + " " + std::string{status.error().code()} + " " +
           status.error().param();
}

Shopper shopper() {
    Shopper one;
    one.email = "jenny@example.com";
    return one;
}

TEST(CheckoutTotals, OfWholeAmountsAreTheirSum) {
    auto session = session_of({{"1999", 2}, {"0", 5}, {"2", 1}});
    ASSERT_EQ(fault(put_totals(session)), "fine");
    EXPECT_EQ(session.amount_total, 4000);
    EXPECT_EQ(session.line_items[0].amount, 3998);
    EXPECT_EQ(session.line_items[1].amount, 0);
}

TEST(CheckoutTotals, OfNothingNeedNoPayment) {
    auto session = session_of({{"0", 1}});
    ASSERT_EQ(fault(put_totals(session)), "fine");
    EXPECT_EQ(session.amount_total, 0);
}

TEST(CheckoutTotals, MustBeChargeable) {
    auto little = session_of({{"10", 4}});
    EXPECT_EQ(fault(put_totals(little)), "400 amount_too_small line_items");
    auto much = session_of({{"99999999", 1}, {"1", 1}});
    EXPECT_EQ(fault(put_totals(much)), "400 amount_too_large line_items");
    auto dinars = session_of({{"1001", 1}});
    dinars.currency = *common::Currency::find("kwd");
    EXPECT_EQ(fault(put_totals(dinars)), "400 invalid_charge_amount line_items");
}

TEST(CheckoutTotals, AreNeverRounded) {
    auto whole = session_of({{"10.50", 2}, {"0.125", 8}, {"100", 1}});
    ASSERT_EQ(fault(put_totals(whole)), "fine");
    EXPECT_EQ(whole.amount_total, 122);
    EXPECT_EQ(whole.line_items[0].unit_amount, "10.5");
    auto broken = session_of({{"100", 1}, {"10.5", 3}});
    EXPECT_EQ(fault(put_totals(broken)), "400  line_items[1][price_data]");
}

TEST(CheckoutTotals, RefuseWhatIsNoDecimalNumber) {
    for (const auto* text : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0x1", " 1", "1 ", "1.2.3",
                             "0.1234567890123", "9223372036854775808", "99999999999999999999"}) {
        EXPECT_FALSE(canonical_decimal(text)) << text;
        auto session = session_of({{text, 1}});
        EXPECT_EQ(fault(put_totals(session)), "400  line_items[0][price_data][unit_amount_decimal]") << text;
    }
    EXPECT_EQ(canonical_decimal("007.500"), "7.5");
    EXPECT_EQ(canonical_decimal("0.0"), "0");
    EXPECT_EQ(canonical_decimal("000"), "0");
    EXPECT_EQ(canonical_decimal("0.000000000001"), "0.000000000001");
    EXPECT_EQ(canonical_decimal("9223372036854775807"), "9223372036854775807");
}

TEST(CheckoutTotals, RefuseQuantitiesBelowOneAndMoreThanAHundredLines) {
    auto none = session_of({{"100", 0}});
    EXPECT_EQ(fault(put_totals(none)), "400 parameter_invalid_integer line_items[0][quantity]");
    auto negative = session_of({{"100", 5}, {"100", -1}});
    EXPECT_EQ(fault(put_totals(negative)), "400 parameter_invalid_integer line_items[1][quantity]");
    auto hundred = session_of(std::vector<std::pair<std::string, std::int64_t>>(100, {"1", 1}));
    EXPECT_EQ(fault(put_totals(hundred)), "fine");
    hundred.line_items.push_back(hundred.line_items.front());
    EXPECT_EQ(fault(put_totals(hundred)), "400  line_items");
}

// Whatever the numbers: either the exact sum, or a refusal.
TEST(CheckoutTotals, NeverLeaveTheirSixtyFourBits) {
    std::mt19937_64 random{20261126};
    const auto wide = [&random] {
        const auto bits = random() % 63 + 1;
        return static_cast<std::int64_t>(random() >> (64 - bits));
    };
    int accepted = 0;
    for (int run = 0; run < 20'000; ++run) {
        std::vector<std::pair<std::string, std::int64_t>> lines;
        long double exact = 0;
        for (auto i = random() % 5 + 1; i > 0; --i) {
            const auto unit = wide(), quantity = wide() / 2 + 1;
            lines.emplace_back(std::to_string(unit), quantity);
            exact += static_cast<long double>(unit) * static_cast<long double>(quantity);
        }
        auto session = session_of(lines);
        if (!put_totals(session)) {
            EXPECT_TRUE(exact < 50 || exact > 99'999'999) << static_cast<double>(exact);
            continue;
        }
        ++accepted;
        EXPECT_EQ(static_cast<long double>(session.amount_total), exact);
        EXPECT_LE(session.amount_total, session.currency.amount_max());
    }
    EXPECT_GT(accepted, 100);
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(amount_of(std::to_string(most), 1), most);
    EXPECT_FALSE(amount_of(std::to_string(most), 2));
    EXPECT_FALSE(amount_of("2", most));
    auto sum = session_of({{std::to_string(most), 1}, {std::to_string(most), 1}, {"2", 1}});
    EXPECT_EQ(fault(put_totals(sum)), "400 amount_too_large line_items");
}

TEST(CheckoutExpiry, IsHalfAnHourToADayAway) {
    EXPECT_EQ(expiry({}, now).value(), now + 24 * 3600);
    EXPECT_EQ(expiry(now + 1800, now).value(), now + 1800);
    EXPECT_EQ(expiry(now + 24 * 3600, now).value(), now + 24 * 3600);
    for (const auto wanted :
         {now + 1799, now + 24 * 3600 + 1, now, std::int64_t{0}, std::int64_t{-1},
          std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()})
        EXPECT_EQ(expiry(wanted, now).error().param(), "expires_at") << wanted;
}

TEST(CheckoutMachine, LeavesOpenOnlyAndNeverComesBack) {
    using S = CheckoutStatus;
    using E = CheckoutEvent;
    EXPECT_EQ(next(S::open, E::completed), S::complete);
    EXPECT_EQ(next(S::open, E::expired), S::expired);
    for (const auto status : {S::complete, S::expired})
        for (const auto event : {E::completed, E::expired})
            EXPECT_FALSE(next(status, event));
    CheckoutSession session;
    session.due_at = now;
    advance(session, E::expired);
    EXPECT_EQ(session.status, S::expired);
    EXPECT_FALSE(session.due_at) << "nobody has to look at it any more";
}

TEST(CheckoutRules, ExpireOnlyWhatIsOpenInTheWordsThatMerchantsMatch) {
    CheckoutSession session;
    EXPECT_TRUE(may_expire(session));
    session.status = CheckoutStatus::complete;
    const auto refused = may_expire(session);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "");
    EXPECT_EQ(refused.error().status(), 400);
    EXPECT_EQ(
        refused.error().message(),
        "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a "
        "status of `complete`.");
    session.status = CheckoutStatus::expired;
    EXPECT_TRUE(may_expire(session).error().message().ends_with("has a status of `expired`."));
}

TEST(CheckoutRules, TakeAShopperWhoGaveWhatTheMerchantAsksFor) {
    auto session = session_of({{"100", 1}});
    EXPECT_EQ(fault(may_submit(session, Shopper{}, now)), "400 parameter_missing email");
    EXPECT_EQ(fault(may_submit(session, shopper(), now)), "fine");
    EXPECT_EQ(fault(may_submit(session, shopper(), session.expires_at - 1)), "fine");
    EXPECT_EQ(fault(may_submit(session, shopper(), session.expires_at)), "400  ");

    auto complete = session;
    complete.status = CheckoutStatus::complete;
    EXPECT_EQ(fault(may_submit(complete, shopper(), now)), "400  ");

    auto given = shopper();
    session.phone_number_collection = true;
    EXPECT_EQ(fault(may_submit(session, given, now)), "400 parameter_missing phone");
    given.phone = "+4930123456";
    session.billing_address_collection = "required";
    EXPECT_EQ(fault(may_submit(session, given, now)), "400 parameter_missing address");
    given.address = boost::json::object{{"country", "DE"}};
    session.consent_collection = {{"terms_of_service", "required"}};
    EXPECT_EQ(fault(may_submit(session, given, now)), "400 parameter_missing terms_of_service");
    given.accepted_terms = true;
    session.shipping_address_collection =
        boost::json::object{{"allowed_countries", boost::json::array{"DE", "FR"}}};
    EXPECT_EQ(fault(may_submit(session, given, now)), "400 parameter_missing shipping");
    given.shipping = boost::json::object{{"name", "Jenny"}, {"address", {{"country", "US"}}}};
    EXPECT_EQ(fault(may_submit(session, given, now)), "400  shipping[address][country]");
    given.shipping = boost::json::object{{"name", "Jenny"}, {"address", {{"country", "FR"}}}};
    EXPECT_EQ(fault(may_submit(session, given, now)), "fine");
}

TEST(CheckoutRules, TermsThatNeedNotBeAcceptedAreNotAskedFor) {
    auto session = session_of({{"100", 1}});
    session.consent_collection = {{"terms_of_service", "none"}};
    EXPECT_EQ(fault(may_submit(session, shopper(), now)), "fine");
}

TEST(CheckoutRules, APaymentOnThePageIsTheShoppersUntilItIsAuthorized) {
    PaymentIntent intent;
    for (const auto status : {IntentStatus::requires_payment_method, IntentStatus::requires_confirmation,
                              IntentStatus::requires_action, IntentStatus::processing}) {
        intent.status = status;
        intent.checkout_session.reset();
        EXPECT_TRUE(rules::merchant_may_move(intent));
        intent.checkout_session = "cs_test_1";
        EXPECT_EQ(fault(rules::merchant_may_move(intent)), "400 payment_intent_unexpected_state ");
        EXPECT_FALSE(rules::may_cancel(intent));
        EXPECT_FALSE(rules::may_update(intent, {}, false));
    }
    intent.status = IntentStatus::requires_capture;
    EXPECT_TRUE(rules::may_cancel(intent));
    EXPECT_TRUE(rules::may_update(intent, {}, false));
    intent.status = IntentStatus::succeeded;
    EXPECT_TRUE(rules::may_update(intent, {}, false)) << "its description and metadata";
    EXPECT_FALSE(rules::may_cancel(intent));
}

TEST(CheckoutRules, APaymentMovesWhileTheAcquirerMayBeAsked) {
    PaymentIntent intent;
    EXPECT_FALSE(is_moving(intent));
    intent.in_flight = "areq_1";
    EXPECT_TRUE(is_moving(intent));
    intent.in_flight.reset();
    intent.status = IntentStatus::processing;
    EXPECT_TRUE(is_moving(intent));
}

}  // namespace
}  // namespace gateway::checkout
