#include "gateway/acquirer/responses.h"

#include <gtest/gtest.h>

namespace gateway::acquirer {
namespace {

struct Case {
    const char* response_code;
    const char* code;
    const char* decline_code;
    const char* message;
};

// Field 39 of ISO 8583 against the words that merchants match.
constexpr Case cases[] = {
    {"05", "card_declined", "do_not_honor", "Your card was declined."},
    {"51", "card_declined", "insufficient_funds", "Your card has insufficient funds."},
    {"54", "expired_card", "expired_card", "Your card has expired."},
    {"14", "incorrect_number", "incorrect_number", "Your card number is incorrect."},
    {"15", "incorrect_number", "invalid_number", "Your card number is incorrect."},
    {"N7", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."},
    {"82", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."},
    {"41", "card_declined", "lost_card", "Your card was declined."},
    {"43", "card_declined", "stolen_card", "Your card was declined."},
    {"59", "card_declined", "fraudulent", "Your card was declined."},
    {"61", "card_declined", "card_velocity_exceeded",
     "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."},
    {"91", "processing_error", "issuer_not_available",
     "An error occurred while processing your card. Try again in a little bit."},
    {"96", "processing_error", "try_again_later",
     "An error occurred while processing your card. Try again in a little bit."},
    {"06", "processing_error", "processing_error",
     "An error occurred while processing your card. Try again in a little bit."},
    {"1A", "authentication_required", "authentication_required",
     "Your card was declined. This transaction requires authentication."},
    {"R1", "card_declined", "revocation_of_all_authorizations", "Your card was declined."},
    {"ZZ", "card_declined", "generic_decline", "Your card was declined."},
    {"", "card_declined", "generic_decline", "Your card was declined."},
};

TEST(AcquirerResponses, TurnsEachCodeIntoTheMerchantsWords) {
    for (const auto& c : cases) {
        const auto decline = decline_of(c.response_code, {"US", "", ""});
        EXPECT_EQ(decline.code.view(), c.code) << c.response_code;
        EXPECT_EQ(decline.decline_code.view(), c.decline_code) << c.response_code;
        EXPECT_EQ(decline.message.view(), c.message) << c.response_code;
        EXPECT_EQ(decline.network_decline_code, c.response_code);
    }
}

TEST(AcquirerResponses, TellsThePayerNothingAboutLostStolenOrFraud) {
    const auto plain = decline_of("57", {"US", "", ""}).message.view();
    for (const auto* code : {"04", "07", "34", "41", "43", "59", "62", "83"})
        EXPECT_EQ(decline_of(code, {"US", "", ""}).message.view(), plain) << code;
}

TEST(AcquirerResponses, ApprovesOnlyTheFiveApprovalsAndOneOfThemNoAmount) {
    for (int i = 0; i < 100; ++i) {
        const std::string code = (i < 10 ? "0" : "") + std::to_string(i);
        const bool approval = i == 0 || i == 8 || i == 10 || i == 11;
        EXPECT_EQ(is_approval(code, 100), approval) << code;
        EXPECT_EQ(is_approval(code, 0), approval || i == 85) << code;
        EXPECT_EQ(is_captured(code), i == 0 || i == 94) << code;
    }
    EXPECT_FALSE(is_approval("", 100));
    EXPECT_FALSE(is_approval("0", 100));
}

TEST(AcquirerResponses, ReadsFrequencyExceededAsAuthenticateInEuropeOnly) {
    EXPECT_EQ(decline_of("65", {"DE", "", ""}).code.view(), "authentication_required");
    EXPECT_EQ(decline_of("65", {"US", "", ""}).decline_code.view(), "withdrawal_count_limit_exceeded");
    EXPECT_EQ(decline_of("65", {"", "", ""}).decline_code.view(), "withdrawal_count_limit_exceeded");
}

TEST(AcquirerResponses, BlamesTheSecurityCodeWhenItDidNotMatch) {
    EXPECT_EQ(decline_of("63", {"US", "N", ""}).code.view(), "incorrect_cvc");
    EXPECT_EQ(decline_of("05", {"US", "N", ""}).param.view(), "cvc");
    EXPECT_EQ(decline_of("63", {"US", "M", ""}).decline_code.view(), "security_violation");
    EXPECT_EQ(decline_of("51", {"US", "N", ""}).decline_code.view(), "insufficient_funds");
}

TEST(AcquirerResponses, AdvisesByTheNetworksWordFirst) {
    EXPECT_EQ(decline_of("51", {"US", "", "03"}).advice_code, "do_not_try_again");
    EXPECT_EQ(decline_of("51", {"US", "", "25"}).advice_code, "try_again_later");
    EXPECT_EQ(decline_of("51", {"US", "", "01"}).advice_code, "confirm_card_data");
    EXPECT_EQ(decline_of("41", {"US", "", ""}).advice_code, "do_not_try_again");
    EXPECT_EQ(decline_of("54", {"US", "", ""}).advice_code, "confirm_card_data");
}

TEST(AcquirerResponses, MakesACardErrorWithItsFields) {
    const auto error = error_of(decline_of("N7", {"US", "", ""}));
    const auto json = error.to_json().at("error").as_object();
    EXPECT_EQ(error.status(), 402);
    EXPECT_EQ(json.at("type").as_string(), "card_error");
    EXPECT_EQ(json.at("code").as_string(), "incorrect_cvc");
    EXPECT_EQ(json.at("decline_code").as_string(), "incorrect_cvc");
    EXPECT_EQ(json.at("param").as_string(), "cvc");
    EXPECT_EQ(json.at("network_decline_code").as_string(), "N7");
    EXPECT_FALSE(error_of(blocked_as_too_risky()).to_json().at("error").as_object().contains("param"));
}

TEST(CardChecks, FollowField44) {
    EXPECT_EQ(cvc_check("M", true), "pass");
    EXPECT_EQ(cvc_check("N", true), "fail");
    EXPECT_EQ(cvc_check("U", true), "unavailable");
    EXPECT_EQ(cvc_check("", true), "unchecked");
    EXPECT_EQ(cvc_check("M", false), std::nullopt);
    struct Avs {
        const char* result;
        const char* line1;
        const char* postal_code;
    };
    for (const auto& avs :
         {Avs{"Y", "pass", "pass"}, Avs{"A", "pass", "fail"}, Avs{"B", "pass", "unavailable"},
          Avs{"Z", "fail", "pass"}, Avs{"P", "unavailable", "pass"}, Avs{"N", "fail", "fail"},
          Avs{"U", "unavailable", "unavailable"}, Avs{"", "unchecked", "unchecked"}}) {
        const auto checks = address_checks(avs.result, true, true);
        EXPECT_EQ(checks.line1, avs.line1) << avs.result;
        EXPECT_EQ(checks.postal_code, avs.postal_code) << avs.result;
    }
    EXPECT_EQ(address_checks("Y", false, true).line1, std::nullopt);
}

}  // namespace
}  // namespace gateway::acquirer
