#include "gateway/payments/rules.h"

#include <gtest/gtest.h>

#include "gateway/no_such.h"

namespace gateway {
namespace {

using common::Currency;

PaymentIntent intent_in(IntentStatus status) {
    PaymentIntent intent;
    intent.id = "pi_00000abcXYZ";
    intent.status = status;
    intent.amount = 1000;
    intent.amount_capturable = status == IntentStatus::requires_capture ? 1000 : 0;
    intent.client_secret = intent.id + "_secret_abcdefghijklmnopqrstuvwxyz";
    return intent;
}

testing::AssertionResult refuses(const common::Error& error, int status, std::string_view code,
                                 std::string_view words) {
    if (error.status() == status && error.code() == code && error.message().find(words) != std::string::npos)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << error.describe();
}

TEST(ConfirmRules, LetConfirmOnlyWhatWaitsForIt) {
    for (const auto status : {IntentStatus::requires_payment_method, IntentStatus::requires_confirmation,
                              IntentStatus::requires_action})
        EXPECT_TRUE(rules::may_confirm(intent_in(status), {}, true)) << to_string(status);
    EXPECT_TRUE(refuses(rules::may_confirm(intent_in(IntentStatus::succeeded), {}, true).error(), 400,
                        "payment_intent_unexpected_state",
                        "already succeeded after being previously confirmed"));
    for (const auto status :
         {IntentStatus::processing, IntentStatus::requires_capture, IntentStatus::canceled})
        EXPECT_TRUE(refuses(rules::may_confirm(intent_in(status), {}, true).error(), 400,
                            "payment_intent_unexpected_state",
                            "has a status of " + std::string{to_string(status)}));
}

TEST(ConfirmRules, AskForAMethodAndTheSameAmount) {
    const auto intent = intent_in(IntentStatus::requires_payment_method);
    EXPECT_TRUE(refuses(rules::may_confirm(intent, {}, false).error(), 400, "payment_intent_unexpected_state",
                        "You cannot confirm this PaymentIntent because it's missing a payment method"));
    ConfirmIntent input;
    input.amount_to_confirm = 999;
    EXPECT_EQ(rules::may_confirm(intent, input, true).error().param(), "amount_to_confirm");
    input.amount_to_confirm = 1000;
    EXPECT_TRUE(rules::may_confirm(intent, input, true));
}

TEST(ConfirmRules, LeaveToTheMerchantWhatHeWantsToConfirm) {
    auto intent = intent_in(IntentStatus::requires_confirmation);
    EXPECT_TRUE(rules::may_confirm_with(true, intent));
    intent.confirmation_method = "manual";
    EXPECT_TRUE(rules::may_confirm_with(false, intent));
    EXPECT_TRUE(refuses(rules::may_confirm_with(true, intent).error(), 400, "payment_intent_unexpected_state",
                        "must be confirmed with your secret key"));
}

TEST(CaptureRules, CaptureNoMoreThanIsHeldAndOnlyInTime) {
    auto intent = intent_in(IntentStatus::requires_capture);
    Charge charge;
    charge.capture_before = 500;
    CaptureIntent input;
    EXPECT_EQ(rules::may_capture(intent, &charge, input, 499).value(), 1000);
    EXPECT_TRUE(refuses(rules::may_capture(intent, &charge, input, 500).error(), 400,
                        "capture_charge_authorization_expired", "expired"));
    input.amount_to_capture = 1001;
    EXPECT_TRUE(
        refuses(rules::may_capture(intent, &charge, input, 0).error(), 400, "amount_too_large",
                "requested capture amount is greater than the amount you can capture for this charge"));
    input.amount_to_capture = 400;
    EXPECT_EQ(rules::may_capture(intent, &charge, input, 0).value(), 400);
    input.final_capture = false;
    EXPECT_EQ(rules::may_capture(intent, &charge, input, 0).error().param(), "final_capture");
    input.final_capture = true;
    for (const std::int64_t none : {0, -1}) {
        input.amount_to_capture = none;
        EXPECT_EQ(rules::may_capture(intent, &charge, input, 0).error().code(), "parameter_invalid_integer");
    }
}

TEST(CaptureRules, SayWhyAnotherStatusCannotBeCaptured) {
    Charge charge;
    EXPECT_TRUE(refuses(rules::may_capture(intent_in(IntentStatus::succeeded), &charge, {}, 0).error(), 400,
                        "payment_intent_unexpected_state", "has already been captured"));
    EXPECT_TRUE(refuses(rules::may_capture(intent_in(IntentStatus::canceled), &charge, {}, 0).error(), 400,
                        "payment_intent_unexpected_state",
                        "could not be captured because it has a status of canceled"));
}

TEST(CancelRules, LeaveWhatIsFinishedAlone) {
    for (const auto status : {IntentStatus::requires_payment_method, IntentStatus::requires_confirmation,
                              IntentStatus::requires_action, IntentStatus::requires_capture})
        EXPECT_TRUE(rules::may_cancel(intent_in(status)));
    for (const auto status : {IntentStatus::processing, IntentStatus::succeeded, IntentStatus::canceled})
        EXPECT_TRUE(refuses(rules::may_cancel(intent_in(status)).error(), 400,
                            "payment_intent_unexpected_state",
                            "You cannot cancel this PaymentIntent because it has a status of "));
}

TEST(AmountRules, KnowTheLimitsAndTheStepOfACurrency) {
    const auto eur = *Currency::find("eur");
    EXPECT_TRUE(rules::amount(50, eur));
    EXPECT_EQ(rules::amount(49, eur).error().code(), "amount_too_small");
    EXPECT_EQ(rules::amount(0, eur).error().code(), "parameter_invalid_integer");
    EXPECT_EQ(rules::amount(-5, eur).error().code(), "parameter_invalid_integer");
    EXPECT_TRUE(rules::amount(eur.amount_max(), eur));
    EXPECT_EQ(rules::amount(eur.amount_max() + 1, eur).error().code(), "amount_too_large");
    const auto kwd = *Currency::find("kwd");
    EXPECT_TRUE(rules::amount(10000, kwd));
    EXPECT_FALSE(rules::amount(10001, kwd));
}

TEST(MethodRules, RefuseAUsedMethodAndOneOfAnotherCustomer) {
    auto intent = intent_in(IntentStatus::requires_payment_method);
    PaymentMethod method;
    EXPECT_TRUE(rules::method_usable(method, intent));
    method.consumed = true;
    EXPECT_TRUE(refuses(rules::method_usable(method, intent).error(), 400, "", "was previously used"));
    method.consumed = false;
    method.customer = "cus_a";
    EXPECT_FALSE(rules::method_usable(method, intent));
    intent.customer = "cus_b";
    EXPECT_TRUE(
        refuses(rules::method_usable(method, intent).error(), 400, "", "belongs to another customer"));
    intent.customer = "cus_a";
    EXPECT_TRUE(rules::method_usable(method, intent));
}

TEST(ClientSecretRule, AnswersAWrongSecretAsAnUnknownIntent) {
    const auto intent = intent_in(IntentStatus::requires_payment_method);
    EXPECT_TRUE(rules::client_secret(intent, std::nullopt, false));
    EXPECT_FALSE(rules::client_secret(intent, std::nullopt, true)) << "a browser must send it";
    EXPECT_TRUE(rules::client_secret(intent, intent.client_secret, true));
    EXPECT_TRUE(refuses(rules::client_secret(intent, intent.client_secret + "x", false).error(), 404,
                        "resource_missing", "No such payment_intent: 'pi_00000abcXYZ'"));
}

TEST(MissingObjects, HintAtTheOtherMode) {
    EXPECT_TRUE(
        refuses(no_such("payment_intent", "pi_1", {{}, false}, true), 404, "resource_missing",
                "No such payment_intent: 'pi_1'; a similar object exists in live mode, but a test mode key "
                "was used to make this request."));
    EXPECT_TRUE(refuses(no_such("PaymentMethod", "pm_1", {{}, true}, true, "payment_method"), 400,
                        "resource_missing", "a similar object exists in test mode"));
}

TEST(Screening, SendsNothingThatIsTooRiskyOrMustAuthenticate) {
    using rules::Screening;
    PaymentMethod method;
    auto& card = method.card;
    card.authentication = "optional";
    card.risk = "normal";
    EXPECT_EQ(rules::screen("always", method, false), Screening::authenticate);
    EXPECT_EQ(rules::screen("risk_based", method, false), Screening::authenticate);
    EXPECT_EQ(rules::screen("delegated", method, false), Screening::pass);
    card.risk = "elevated";
    EXPECT_EQ(rules::screen("delegated", method, false), Screening::pass);
    for (const auto* trait : {"required", "required_unless_set_up", "required_on_session"}) {
        card.authentication = trait;
        EXPECT_EQ(rules::screen("delegated", method, false), Screening::authenticate) << trait;
    }
    card.authentication = "required_on_session";
    EXPECT_EQ(rules::screen("delegated", method, true), Screening::pass)
        << "the merchant asks, nobody is there";
    card.authentication = "required_unless_set_up";
    EXPECT_EQ(rules::screen("delegated", method, true), Screening::authenticate);
    method.customer = "cus_1";
    method.network_transaction_id = "123";
    EXPECT_EQ(rules::screen("delegated", method, false), Screening::pass);
    for (const auto* risk : {"highest", "blocked"}) {
        card.risk = risk;
        EXPECT_EQ(rules::screen("delegated", method, false), Screening::block) << risk;
        EXPECT_EQ(rules::screen("always", method, false), Screening::block) << risk;
    }
}

TEST(UpdateRule, KeepsAmountAndMethodOfWhatIsPaidForAndLetsItBeDescribed) {
    UpdateIntent amount, description, method;
    amount.amount = 500;
    description.description.emplace("x");
    method.payment_method.emplace("pm_1");
    for (const auto status : {IntentStatus::requires_payment_method, IntentStatus::requires_confirmation,
                              IntentStatus::requires_action})
        for (const auto* input : {&amount, &description, &method})
            EXPECT_TRUE(rules::may_update(intent_in(status), *input, false)) << to_string(status);
    for (const auto status : {IntentStatus::requires_capture, IntentStatus::processing,
                              IntentStatus::succeeded, IntentStatus::canceled}) {
        EXPECT_TRUE(rules::may_update(intent_in(status), description, false));
        EXPECT_EQ(rules::may_update(intent_in(status), amount, false).error().param(), "amount");
        EXPECT_EQ(rules::may_update(intent_in(status), method, true).error().code(),
                  "payment_intent_unexpected_state");
    }
}

}  // namespace
}  // namespace gateway
