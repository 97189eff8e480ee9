#include <gtest/gtest.h>

#include "gateway/payouts/machine.h"
#include "gateway/payouts/rules.h"

namespace gateway {
namespace {

constexpr std::array statuses{PayoutStatus::pending, PayoutStatus::in_transit, PayoutStatus::paid,
                              PayoutStatus::canceled, PayoutStatus::failed};
constexpr std::array events{PayoutEvent::sent, PayoutEvent::canceled, PayoutEvent::arrived,
                            PayoutEvent::returned};

common::Money money(std::int64_t amount, std::string_view currency = "eur") {
    return {amount, *common::Currency::find(currency)};
}

std::string fault(const common::Status& outcome) {
    if (outcome) return "fine";
    const auto& error = outcome.error();
    return std::to_string(error.status()) + " " + std::string{error.code()} + " " + error.param() + ": " +
           error.message();
}

// Rows as `statuses`, columns as `events`: T(ransit), X (canceled), P(aid), F(ailed); a dot is refused.
TEST(PayoutMachine, DecidesEveryPairOfStatusAndEvent) {
    constexpr std::array<std::string_view, 5> expected{"TX..", "..PF", "...F", "....", "...."};
    for (std::size_t s = 0; s < statuses.size(); ++s)
        for (std::size_t e = 0; e < events.size(); ++e) {
            const auto to = next(statuses[s], events[e]);
            const char letter = !to                               ? '.'
                                : *to == PayoutStatus::in_transit ? 'T'
                                : *to == PayoutStatus::canceled   ? 'X'
                                : *to == PayoutStatus::paid       ? 'P'
                                                                  : 'F';
            EXPECT_EQ(letter, expected[s][e]) << "status " << s << ", event " << e;
        }
}

TEST(PayoutMachineDeathTest, AMissingEdgeEndsTheProcess) {
    Payout payout;
    payout.status = PayoutStatus::canceled;
    EXPECT_DEATH(advance(payout, PayoutEvent::sent), "");
}

TEST(PayoutRules, AmountsArePositiveAndWholeUnitsWhereTheBankTakesNoOthers) {
    EXPECT_EQ(fault(rules::payout_amount(money(1))), "fine");
    for (const std::int64_t amount : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN})
        EXPECT_EQ(fault(rules::payout_amount(money(amount))),
                  "400 parameter_invalid_integer amount: This value must be greater than or equal to 1.");
    for (const auto* currency : {"huf", "twd", "isk", "ugx"}) {
        EXPECT_EQ(fault(rules::payout_amount(money(1200, currency))), "fine") << currency;
        EXPECT_EQ(fault(rules::payout_amount(money(1250, currency))),
                  std::string{"400  amount: Invalid amount: payouts in "} + currency +
                      " are multiples of 100 minor units.");
    }
    EXPECT_EQ(fault(rules::payout_amount(money(1205, "kwd"))),
              "400  amount: Invalid amount: payouts in kwd are multiples of 10 minor units.");
    EXPECT_EQ(fault(rules::payout_amount(money(1, "jpy"))), "fine");
}

TEST(PayoutRules, PayoutsNeedAnAccountThatMayAndABankInTheMode) {
    Account account;
    payouts::Terms terms;
    EXPECT_EQ(fault(rules::may_pay_out(account, terms, false)),
              "400 payouts_not_allowed : This gateway makes no payouts in this mode.");
    terms.test_mode = true;
    EXPECT_EQ(fault(rules::may_pay_out(account, terms, false)), "fine");
    EXPECT_EQ(fault(rules::may_pay_out(account, terms, true)),
              "400 payouts_not_allowed : This gateway makes no payouts in this mode.");
    account.payouts_enabled = false;
    EXPECT_EQ(fault(rules::may_pay_out(account, terms, false)),
              "400 payouts_not_allowed : Payouts are not enabled for this account.");
    account.payouts_enabled = true;
    account.charges_enabled = false;
    EXPECT_EQ(fault(rules::may_pay_out(account, terms, false)),
              "400 payouts_not_allowed : Payouts are not enabled for this account.");
}

TEST(PayoutRules, ABankAccountReceivesItsOwnCurrencyWhileItIsActive) {
    BankAccount account;
    account.id = "ba_1";
    EXPECT_EQ(fault(rules::may_receive(account, *common::Currency::find("eur"))), "fine");
    EXPECT_EQ(fault(rules::may_receive(account, *common::Currency::find("usd"))),
              "400  destination: The bank account ba_1 takes payouts in eur only.");
    account.active = false;
    EXPECT_EQ(fault(rules::may_receive(account, *common::Currency::find("eur"))),
              "400  destination: The bank account ba_1 has been replaced; payouts go to the present one.");
}

TEST(PayoutRules, NeverMoreIsPaidOutThanIsAvailable) {
    EXPECT_EQ(fault(rules::covers(1000, money(1000))), "fine");
    EXPECT_EQ(fault(rules::covers(999, money(1000))),
              "400 balance_insufficient amount: You have insufficient funds in your balance for this payout: "
              "9.99 EUR of 10.00 EUR are available.");
    EXPECT_NE(fault(rules::covers(0, money(1))), "fine");
    EXPECT_NE(fault(rules::covers(-500, money(1))), "fine");
    EXPECT_NE(fault(rules::covers(-1, money(INT64_MAX))), "fine");
}

TEST(PayoutRules, OnlyAPendingPayoutCanBeCanceled) {
    Payout payout;
    EXPECT_EQ(fault(rules::may_cancel(payout)), "fine");
    payout.status = PayoutStatus::in_transit;
    EXPECT_EQ(fault(rules::may_cancel(payout)),
              "400  : Only a payout with a status of pending can be canceled. This one has a status of "
              "in_transit.");
}

TEST(PayoutRules, EveryFailureHasItsWords) {
    EXPECT_EQ(rules::message_of("no_account"), "The bank account could not be found.");
    EXPECT_EQ(rules::message_of("something_new"), "The bank could not process this payout.");
}

TEST(PayoutTerms, AStandardPayoutWaitsAndAnInstantOneDoesNot) {
    payouts::Terms terms;
    EXPECT_EQ(terms.arrival(PayoutMethod::standard, 1000), 1000 + 2 * 86400);
    EXPECT_EQ(terms.arrival(PayoutMethod::instant, 1000), 1000 + 1800);
    EXPECT_EQ(terms.sending_ms(PayoutMethod::standard, 5), 5 + 3'600'000);
    EXPECT_EQ(terms.sending_ms(PayoutMethod::instant, 5), 5);
    terms.days = 0;
    EXPECT_EQ(terms.sending_ms(PayoutMethod::standard, 5), 5) << "not after it arrives";
}

}  // namespace
}  // namespace gateway
