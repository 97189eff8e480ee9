// Whole answers against golden files. PORTCULLIS_UPDATE_GOLDEN=1 writes them anew; read the difference before
// keeping it.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <boost/json/serialize.hpp>

#include "fixture.h"

namespace gateway::api {
namespace {

void pretty(std::string& out, const boost::json::value& value, std::size_t depth) {
    const std::string indent(depth * 2, ' ');
    if (value.is_object() && !value.get_object().empty()) {
        out += "{\n";
        bool first = true;
        for (const auto& member : value.get_object()) {
            out += first ? "" : ",\n";
            out += indent + "  " + boost::json::serialize(boost::json::string(member.key())) + ": ";
            pretty(out, member.value(), depth + 1);
            first = false;
        }
        out += "\n" + indent + "}";
    } else {
        out += boost::json::serialize(value);
    }
}

void expect_golden(const std::string& name, const std::string& body) {
    const auto path = std::string{GOLDEN_FOLDER} + "/" + name + ".json";
    const auto value = boost::json::parse(body);
    std::string text;
    pretty(text, value, 0);
    if (std::getenv("PORTCULLIS_UPDATE_GOLDEN")) std::ofstream{path} << text << '\n';
    std::stringstream wanted;
    wanted << std::ifstream{path}.rdbuf();
    EXPECT_EQ(wanted.str(), text + "\n") << path;
}

class Rendering : public ApiTest {
  protected:
    Call call() const {
        Call result;
        result.request_id = "req_0123456789abcdefgh";
        result.api_version = "2026-10-28.endive";
        return result;
    }
    std::string body_of(const ObjectRef& object) const {
        return boost::json::serialize(renderer_.object(object, call()));
    }
    PaymentView view_{sample_intent(), sample_method(), sample_charge()}, declined_ = declined_view();
};

TEST_F(Rendering, PaymentMethod) {
    expect_golden("payment_method", body_of(&*view_.method));
}

TEST_F(Rendering, PaymentIntent) {
    expect_golden("payment_intent", body_of(&view_));
}

TEST_F(Rendering, PaymentIntentForABrowser) {
    auto browser = call();
    browser.publishable = true;
    expect_golden("payment_intent_reduced", boost::json::serialize(renderer_.object(&view_, browser)));
}

TEST_F(Rendering, DeclinedPaymentIntent) {
    expect_golden("payment_intent_declined", body_of(&declined_));
}

TEST_F(Rendering, Decline) {
    const auto view = declined_view();
    const auto error =
        common::Error{402, common::ErrorType::card, "card_declined", "Your card has insufficient funds."}
            .with_field("decline_code", "insufficient_funds")
            .with_field("charge", boost::json::string(sample_charge().id));
    const auto response = renderer_.failure(error, &view, call());
    EXPECT_EQ(response.status, 402);
    EXPECT_EQ(response.should_retry, false);
    expect_golden("decline", response.body);
}

TEST_F(Rendering, Charge) {
    expect_golden("charge", body_of(&*view_.latest_charge));
}

TEST_F(Rendering, FailedCharge) {
    expect_golden("charge_failed", body_of(&*declined_.latest_charge));
}

TEST_F(Rendering, Refund) {
    const auto refund = sample_refund();
    expect_golden("refund", body_of(&refund));
}

TEST_F(Rendering, BalanceTransaction) {
    const auto transaction = sample_balance_transaction();
    expect_golden("balance_transaction", body_of(&transaction));
}

TEST_F(Rendering, SetupIntent) {
    const auto intent = sample_setup();
    expect_golden("setup_intent", body_of(&intent));
}

TEST_F(Rendering, SetupIntentForABrowser) {
    auto browser = call();
    browser.publishable = true;
    const auto view = declined_setup();
    expect_golden("setup_intent_reduced", boost::json::serialize(renderer_.object(&view, browser)));
}

TEST_F(Rendering, DeclinedSetupIntent) {
    const auto view = declined_setup();
    expect_golden("setup_intent_declined", body_of(&view));
}

TEST_F(Rendering, SetupAttempt) {
    const auto attempt = sample_attempt();
    expect_golden("setup_attempt", body_of(&attempt));
}

TEST_F(Rendering, FailedSetupAttempt) {
    auto attempt = sample_attempt();
    attempt.status = AttemptStatus::failed;
    attempt.setup_error = declined_setup().intent.last_setup_error;
    expect_golden("setup_attempt_failed", body_of(&attempt));
}

TEST_F(Rendering, DeclineOfASetupCarriesItWhole) {
    const auto view = declined_setup();
    const auto error =
        common::Error{402, common::ErrorType::card, "card_declined", "Your card has insufficient funds."};
    const auto body = boost::json::parse(renderer_.failure(error, &view, call()).body).at("error");
    EXPECT_EQ(body.at("setup_intent"), boost::json::value(renderer_.object(&view, call())));
    EXPECT_EQ(body.at("payment_method").at("id"), boost::json::string(sample_method().id));
    EXPECT_EQ(body.at("payment_method_type"), "card");
    EXPECT_FALSE(body.as_object().contains("payment_intent"));
}

TEST_F(Rendering, SetupsShowAllowedTypesFromTheVersionThatHasThem) {
    auto intent = sample_setup();
    intent.allowed_payment_method_types = boost::json::array{"card"};
    EXPECT_FALSE(
        renderer_.event_object(&intent, "2026-06-24.dahlia").contains("allowed_payment_method_types"));
    EXPECT_EQ(renderer_.event_object(&intent, "2026-10-28.endive").at("allowed_payment_method_types"),
              (boost::json::array{"card"}));
}

TEST_F(Rendering, TokenOfACard) {
    const auto token = sample_token();
    expect_golden("token", body_of(&token));
}

TEST_F(Rendering, TokenOfABankAccount) {
    const auto token = sample_bank_account_token();
    expect_golden("token_bank_account", body_of(&token));
}

TEST_F(Rendering, ConfirmationToken) {
    const auto token = sample_confirmation_token();
    expect_golden("confirmation_token", body_of(&token));
}

TEST_F(Rendering, TokensForABrowserHaveNoFingerprint) {
    auto browser = call();
    browser.publishable = true;
    const auto card = sample_token(), bank = sample_bank_account_token();
    const auto confirmation = sample_confirmation_token();
    EXPECT_FALSE(renderer_.object(&card, browser).at("card").as_object().contains("fingerprint"));
    EXPECT_TRUE(renderer_.object(&bank, browser).at("bank_account").at("fingerprint").is_null());
    const auto preview = renderer_.object(&confirmation, browser).at("payment_method_preview");
    EXPECT_FALSE(preview.at("card").as_object().contains("fingerprint"));
}

TEST_F(Rendering, EphemeralKeyNamesItsCustomer) {
    EphemeralKey key;
    key.id = "ephkey_00000001abcdefghijkl";
    key.customer = "cus_1";
    key.created = 1790000000;
    key.expires_at = 1790003600;
    const auto shown = renderer_.object(&key, call());
    EXPECT_EQ(shown.at("expires"), 1790003600);
    EXPECT_EQ(shown.at("associated_objects").at(0).at("id"), "cus_1");
    EXPECT_FALSE(shown.contains("secret"));
}

TEST_F(Rendering, OpenCheckoutSession) {
    const auto session = sample_session();
    expect_golden("checkout_session", body_of(&session));
}

TEST_F(Rendering, CompletedCheckoutSession) {
    const auto session = completed_session();
    expect_golden("checkout_session_complete", body_of(&session));
}

TEST_F(Rendering, LineItems) {
    const auto session = sample_session();
    expect_golden("line_item",
                  boost::json::serialize(render_line_item(session, session.line_items[0], true)));
    expect_golden("line_item_in_parts_of_a_cent",
                  boost::json::serialize(render_line_item(session, session.line_items[1], false)));
}

TEST_F(Rendering, CheckoutSessionsNameTheirPageAsEachVersionDoes) {
    const auto session = sample_session();
    auto old = call();
    old.api_version = "2025-09-30.clover";
    const auto before = renderer_.object(&session, old);
    EXPECT_EQ(before.at("ui_mode"), "hosted");
    EXPECT_FALSE(before.contains("allowed_payment_method_types"));
    EXPECT_EQ(renderer_.event_object(&session, "2026-06-24.dahlia").at("ui_mode"), "hosted_page");
    EXPECT_TRUE(renderer_.object(&session, call()).contains("allowed_payment_method_types"));
    EXPECT_EQ(renderer_.event_object(&session, "2026-10-28.endive").at("url").as_string(),
              "https://pay.example/c/pay/" + session.id);
}

TEST_F(Rendering, BankAccount) {
    const auto account = sample_bank_account();
    expect_golden("bank_account", body_of(&account));
    EXPECT_EQ(body_of(&account).find(account.sealed_number), std::string::npos);
}

TEST_F(Rendering, Payout) {
    const auto payout = sample_payout();
    expect_golden("payout", body_of(&payout));
}

TEST_F(Rendering, FailedPayout) {
    auto payout = sample_payout();
    payout.status = PayoutStatus::failed;
    payout.trace = "SandboxReference";
    payout.failure_code = "account_closed";
    payout.failure_balance_transaction = "txn_00000001abcdefghijklmnopqu";
    expect_golden("payout_failed", body_of(&payout));
}

TEST_F(Rendering, WrongStateCarriesThePaymentAsItIs) {
    const auto error =
        common::Error::invalid("payment_intent_unexpected_state", "", "It has a status of succeeded.");
    const auto body = boost::json::parse(renderer_.failure(error, &view_, call()).body).at("error");
    EXPECT_EQ(body.at("payment_intent").at("status"), "succeeded");
    EXPECT_FALSE(body.as_object().contains("payment_method")) << "the card is not at fault";
}

TEST_F(Rendering, ErrorsForABrowserHoldTheReducedPayment) {
    auto browser = call();
    browser.publishable = true;
    const auto view = declined_view();
    const auto error =
        common::Error{402, common::ErrorType::card, "card_declined", "Your card was declined."};
    const auto body =
        boost::json::parse(renderer_.failure(error, &view, browser).body).at("error").as_object();
    EXPECT_FALSE(body.at("payment_intent").as_object().contains("metadata"));
    EXPECT_FALSE(body.at("payment_method").at("card").as_object().contains("fingerprint"));
}

TEST_F(Rendering, WhatWasEchoedIsShown) {
    auto method = sample_method();
    method.radar_session = "rse_1";
    EXPECT_EQ(renderer_.object(&method, call()).at("radar_options"),
              (boost::json::object{{"session", "rse_1"}}));
    auto charge = sample_charge();
    charge.radar_session = "rse_1";
    charge.transfer_group = "order_6735";
    const auto body = renderer_.object(&charge, call());
    EXPECT_EQ(body.at("radar_options"), (boost::json::object{{"session", "rse_1"}}));
    EXPECT_EQ(body.at("transfer_group"), "order_6735");
}

TEST_F(Rendering, NoAnswerHoldsTheVaultsToken) {
    const auto view = declined_view();
    const auto setup = declined_setup();
    const auto attempt = sample_attempt();
    for (const auto& body : {body_of(&*view_.method), body_of(&view_), body_of(&view),
                             body_of(&*view_.latest_charge), body_of(&setup), body_of(&attempt)})
        EXPECT_EQ(body.find("never_shown"), std::string::npos);
}

TEST_F(Rendering, EventsHoldObjectsWithoutExpansion) {
    const auto intent = renderer_.event_object(&view_.intent, "2026-10-28.endive");
    EXPECT_EQ(intent.at("latest_charge"), boost::json::string(*sample_intent().latest_charge));
    const auto charge = renderer_.event_object(&*view_.latest_charge, "2026-06-24.dahlia");
    EXPECT_FALSE(
        charge.at("payment_method_details").at("card").as_object().contains("electronic_commerce_indicator"));
    EXPECT_EQ(charge.at("payment_intent"), boost::json::string(sample_intent().id));
}

TEST_F(Rendering, File) {
    const auto file = sample_file();
    expect_golden("file", body_of(&file));
}

TEST_F(Rendering, FileLink) {
    const auto link = sample_file_link();
    expect_golden("file_link", body_of(&link));
}

TEST_F(Rendering, AnExpiredLinkHasNoAddress) {
    auto link = sample_file_link();
    link.expires_at = 1790000101;
    EXPECT_FALSE(renderer_.object(&link, call()).at("expired").as_bool());
    clock_.advance(std::chrono::seconds{1});
    const auto expired = renderer_.object(&link, call());
    EXPECT_TRUE(expired.at("expired").as_bool());
    EXPECT_EQ(expired.at("expires_at"), 1790000101);
    EXPECT_TRUE(expired.at("url").is_null());
}

TEST_F(Rendering, DocumentationIsLinkedWhereThereIsOne) {
    const JsonRenderer with_docs{"https://pay.example", "https://docs.example/errors", pepper_, clock_};
    const auto error =
        common::Error::invalid("parameter_missing", "amount", "Missing required param: amount.");
    const auto body = boost::json::parse(with_docs.failure(error, nullptr, call()).body).at("error");
    EXPECT_EQ(body.at("doc_url"), "https://docs.example/errors#parameter_missing");
}

}  // namespace
}  // namespace gateway::api
