#include "world.h"

namespace tests {
namespace {

using gateway::CaptureMethod;
using gateway::IntentStatus;
using Types = std::vector<std::string>;

class Payments : public World {};

TEST_F(Payments, AreTakenAtOnceWhenCaptureIsAutomatic) {
    const auto made =
        run(service->create_intent(call("k1"), intent(1999, CaptureMethod::automatic_async, true)));
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(made->status, 200);
    EXPECT_EQ(json_of(*made).at("status").as_string(), "succeeded");
    const auto view = find(std::string{json_of(*made).at("id").as_string()});
    EXPECT_EQ(view.intent.amount_received, 1999);
    EXPECT_TRUE(view.latest_charge->captured);
    EXPECT_EQ(view.latest_charge->card.cvc_check, "pass");
    EXPECT_EQ(view.latest_charge->authentication->at("exemption").as_string(), "delegated");
    EXPECT_TRUE(view.method->consumed);
    EXPECT_TRUE(view.method->card.cvc_handle.empty());
    EXPECT_EQ(event_types(),
              (Types{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}));
    expect_consistent();
}

TEST_F(Payments, AreHeldAndCapturedInPart) {
    const auto id = authorized_intent(1000);
    EXPECT_EQ(find(id).intent.status, IntentStatus::requires_capture);
    EXPECT_EQ(find(id).intent.amount_capturable, 1000);
    gateway::CaptureIntent input;
    input.amount_to_capture = 600;
    ASSERT_TRUE(run(service->capture_intent(call(), id, input)));
    const auto view = find(id);
    EXPECT_EQ(view.intent.status, IntentStatus::succeeded);
    EXPECT_EQ(view.intent.amount, 1000);
    EXPECT_EQ(view.intent.amount_received, 600);
    EXPECT_EQ(view.latest_charge->amount_captured, 600);
    EXPECT_EQ(view.latest_charge->amount_refunded(), 400);
    EXPECT_FALSE(view.latest_charge->refunded);
    EXPECT_EQ(event_types(),
              (Types{"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
                     "charge.captured", "payment_intent.succeeded"}));
    expect_consistent();
    const auto again = run(service->capture_intent(call(), id, {}));
    EXPECT_EQ(again->status, 400);
    EXPECT_NE(again->body.find("has already been captured"), std::string::npos);
}

TEST_F(Payments, AreChangedByWhatComesWithTheConfirmation) {
    auto input = intent(1000, CaptureMethod::automatic_async);
    input.intent.receipt_email = "a@b.example";
    input.intent.payment_method_options = {{"card", {{"network", "visa"}}}};
    input.intent.echoed = {{"payment_details", {{"customer_reference", "c"}}},
                           {"amount_details", {{"discount_amount", 5}}}};
    const auto made = run(service->create_intent(call(), std::move(input)));
    const std::string id{json_of(*made).at("id").as_string()};
    auto changes = with_card();
    changes.receipt_email.emplace();
    changes.payment_method_options = {{"card", {{"capture_method", "manual"}}}};
    changes.echoed = {{"payment_details", {{"order_reference", "o"}}},
                      {"amount_details", nullptr},
                      {"radar_options", {{"session", "rse_1"}}}};
    ASSERT_EQ(run(service->confirm_intent(call(), id, std::move(changes)))->status, 200);
    const auto view = find(id);
    EXPECT_FALSE(view.intent.receipt_email);
    EXPECT_EQ(view.intent.payment_method_options,
              (boost::json::object{{"card", {{"network", "visa"}, {"capture_method", "manual"}}}}));
    EXPECT_EQ(
        view.intent.echoed,
        (boost::json::object{{"payment_details", {{"customer_reference", "c"}, {"order_reference", "o"}}},
                             {"radar_options", {{"session", "rse_1"}}}}));
    EXPECT_EQ(view.intent.status, IntentStatus::requires_capture);
    EXPECT_EQ(view.latest_charge->radar_session, "rse_1");
    expect_consistent();
}

TEST_F(Payments, TakeMetadataAndDetailsWithTheCapture) {
    auto input = intent(1000, CaptureMethod::manual, true);
    input.intent.metadata = {{"a", "1"}, {"b", "2"}};
    input.intent.echoed = {{"payment_details", {{"customer_reference", "c"}}}};
    const auto made = run(service->create_intent(call(), std::move(input)));
    const std::string id{json_of(*made).at("id").as_string()};

    gateway::CaptureIntent too_many;
    too_many.metadata.emplace(boost::json::object{});
    for (int i = 0; i < 49; ++i)
        (**too_many.metadata)["k" + std::to_string(i)] = "v";
    EXPECT_EQ(run(service->capture_intent(call(), id, std::move(too_many)))->status, 400);

    gateway::CaptureIntent changes;
    changes.metadata.emplace(boost::json::object{{"a", nullptr}, {"c", "3"}});
    changes.echoed = {{"payment_details", {{"order_reference", "o"}}}};
    ASSERT_EQ(run(service->capture_intent(call(), id, std::move(changes)))->status, 200);
    const auto view = find(id);
    EXPECT_EQ(view.intent.metadata, (boost::json::object{{"b", "2"}, {"c", "3"}}));
    EXPECT_EQ(
        view.intent.echoed,
        (boost::json::object{{"payment_details", {{"customer_reference", "c"}, {"order_reference", "o"}}}}));
    EXPECT_EQ(view.latest_charge->metadata, (boost::json::object{{"a", "1"}, {"b", "2"}}));
    expect_consistent();
}

TEST_F(Payments, ThatTheMerchantConfirmsAreNotConfirmedByABrowser) {
    auto input = intent(1000, CaptureMethod::automatic_async);
    input.intent.confirmation_method = "manual";
    const auto made = run(service->create_intent(call(), std::move(input)));
    const std::string id{json_of(*made).at("id").as_string()};
    auto browser = call();
    browser.publishable = true;
    EXPECT_EQ(run(service->confirm_intent(browser, id, with_card()))->status, 404)
        << "without the client secret";
    auto confirm = with_card();
    confirm.client_secret = find(id).intent.client_secret;
    browser = call();
    browser.publishable = true;
    const auto refused = run(service->confirm_intent(browser, id, std::move(confirm)));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 400);
    EXPECT_EQ(json_of(*refused).at("error").at("payment_intent").at("id").as_string(), id);
    EXPECT_EQ(vault.authorizations, 0);
    EXPECT_EQ(run(service->confirm_intent(call(), id, with_card()))->status, 200);
}

TEST_F(Payments, AreCanceledAndLetTheHoldGo) {
    const auto id = authorized_intent(1000);
    gateway::CancelIntent input;
    input.cancellation_reason = "duplicate";
    const auto canceled = run(service->cancel_intent(call("c"), id, input));
    ASSERT_TRUE(canceled) << canceled.error().describe();
    EXPECT_EQ(json_of(*canceled).at("status").as_string(), "canceled");
    EXPECT_EQ(find(id).latest_charge->amount_refunded(), 1000);
    EXPECT_TRUE(find(id).latest_charge->refunded);
    EXPECT_EQ(vault.held_sum(), 0);
    expect_consistent();
    EXPECT_EQ(run(service->confirm_intent(call(), id, with_card()))->status, 400);
}

TEST_F(Payments, CanceledWhileTheVaultIsAwayAreVoidedLater) {
    const auto id = authorized_intent(1000);
    vault.reverse_mode = FakeVault::Mode::silent;
    ASSERT_TRUE(run(service->cancel_intent(call(), id, {})));
    EXPECT_EQ(find(id).intent.status, IntentStatus::canceled);
    EXPECT_GT(recover(), 0);
    expect_consistent();
}

TEST_F(Payments, DeclinedGoBackForAnotherMethod) {
    vault.authorize_code = "51";
    const auto id = new_intent();
    const auto declined = run(service->confirm_intent(call("d"), id, with_card()));
    ASSERT_TRUE(declined);
    EXPECT_EQ(declined->status, 402);
    const auto error = json_of(*declined).at("error").as_object();
    EXPECT_EQ(error.at("decline_code").as_string(), "insufficient_funds");
    const auto view = find(id);
    EXPECT_EQ(error.at("charge").as_string(), view.latest_charge->id);
    EXPECT_EQ(view.intent.status, IntentStatus::requires_payment_method);
    EXPECT_FALSE(view.intent.payment_method);
    EXPECT_EQ(view.intent.last_payment_error->decline_code, "insufficient_funds");
    EXPECT_EQ(view.latest_charge->status, gateway::ChargeStatus::failed);
    EXPECT_EQ(event_types(),
              (Types{"payment_intent.created", "charge.failed", "payment_intent.payment_failed"}));
    vault.authorize_code = "00";
    EXPECT_EQ(run(service->confirm_intent(call(), id, with_card()))->status, 200);
    expect_consistent();
}

TEST_F(Payments, NeverReachTheAcquirerWhenHeldBackOrBlocked) {
    vault.authentication = "required";
    const auto id = new_intent();
    const auto held = run(service->confirm_intent(call(), id, with_card()));
    EXPECT_EQ(held->status, 402);
    EXPECT_EQ(json_of(*held).at("error").at("code").as_string(), "authentication_required");
    EXPECT_FALSE(find(id).latest_charge);
    vault.authentication = "optional";
    vault.risk = "highest";
    const auto blocked = run(service->confirm_intent(call(), id, with_card()));
    EXPECT_EQ(blocked->status, 402);
    EXPECT_EQ(json_of(*blocked).at("error").at("decline_code").as_string(), "fraudulent");
    EXPECT_EQ(find(id).latest_charge->outcome_type, "blocked");
    vault.risk = "normal";
    account = strict;
    const auto strict_id = new_intent();
    EXPECT_EQ(run(service->confirm_intent(call(), strict_id, with_card()))->status, 402);
    EXPECT_EQ(vault.authorizations, 0);
}

TEST_F(Payments, RefuseAMethodThatWasUsed) {
    const auto id = new_intent();
    ASSERT_EQ(run(service->confirm_intent(call(), id, with_card()))->status, 200);
    gateway::ConfirmIntent again;
    again.payment_method = find(id).intent.payment_method;
    const auto refused = run(service->confirm_intent(call(), new_intent(), std::move(again)));
    EXPECT_EQ(refused->status, 400);
    EXPECT_NE(refused->body.find("was previously used"), std::string::npos);
    EXPECT_EQ(vault.authorizations, 1);
}

TEST_F(Payments, KnowWhatDoesNotExist) {
    EXPECT_EQ(run(service->confirm_intent(call(), "pi_none", with_card()))->status, 404);
    const auto find_as = [this](const gateway::Scope& scope, const std::string& id) {
        return as(account,
                  [&](gateway::store::Transaction& tx) { return gateway::payments::find(tx, scope, id); });
    };
    EXPECT_EQ(find_as(scope_of(account), "pi_none").error().status(), 404);
    gateway::ConfirmIntent unknown;
    unknown.payment_method = "pm_card_unknown";
    EXPECT_EQ(run(service->confirm_intent(call(), new_intent(), std::move(unknown)))->status, 400);
    gateway::Scope live{account, true};
    const auto other_mode = find_as(live, new_intent());
    EXPECT_NE(other_mode.error().message().find("a similar object exists in test mode"), std::string::npos);
}

TEST_F(Payments, ThatCouldNotBeSentChangeNothing) {
    vault.authorize_mode = FakeVault::Mode::unavailable;
    const auto id = new_intent();
    auto changing = with_card();
    changing.receipt_email.emplace("a@b.example");
    changing.capture_method = CaptureMethod::manual;
    const auto refused = run(service->confirm_intent(call("u"), id, std::move(changing)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    const auto view = find(id);
    EXPECT_FALSE(view.intent.receipt_email);
    EXPECT_NE(view.intent.capture_method, CaptureMethod::manual);
    EXPECT_EQ(view.intent.status, IntentStatus::requires_payment_method);
    EXPECT_FALSE(view.intent.latest_charge);
    EXPECT_FALSE(run(service->create_intent(call("u2"), intent(500, CaptureMethod::automatic, true))));
    vault.authorize_mode = FakeVault::Mode::normal;
    // The same keys run now, since nothing was stored under them.
    EXPECT_EQ(run(service->confirm_intent(call("u"), id, with_card()))->status, 200);
    EXPECT_EQ(run(service->create_intent(call("u2"), intent(500, CaptureMethod::automatic, true)))->status,
              200);
    EXPECT_EQ(vault.authorizations, 2);
    recover();
    expect_consistent();
    EXPECT_EQ(
        count("SELECT count(*) FROM payment_intents WHERE account_id = " + std::to_string(account.value)), 2);
}

TEST_F(Payments, SentAgainstTheVaultsWordAreReversedInTheEnd) {
    // The vault seemed not to be reached, but carried the authorization out.
    vault.authorize_mode = FakeVault::Mode::misreported;
    const auto id = new_intent();
    ASSERT_FALSE(run(service->confirm_intent(call(), id, with_card())));
    EXPECT_EQ(vault.held_sum(), 1000);
    recover();
    EXPECT_EQ(vault.held_sum(), 0);
    EXPECT_EQ(vault.reversals, 1);
    expect_consistent();
}

TEST_F(Payments, ApprovedInPartAreVoidedAndDeclined) {
    vault.approved_amount = 400;
    const auto declined = run(service->confirm_intent(call(), new_intent(), with_card()));
    EXPECT_EQ(declined->status, 402);
    EXPECT_EQ(vault.held_sum(), 0);
    expect_consistent();
}

TEST_F(Payments, WithoutAnAnswerAreDeclinedAndReversed) {
    for (const auto state : {vault::Exchange::State::reversed, vault::Exchange::State::not_sent}) {
        vault.authorize_state = state;
        const auto declined = run(service->confirm_intent(call(), new_intent(), with_card()));
        EXPECT_EQ(declined->status, 402);
        EXPECT_EQ(json_of(*declined).at("error").at("code").as_string(), "processing_error");
    }
    expect_consistent();
}

TEST_F(Payments, WhoseCaptureIsRefusedAreVoided) {
    vault.capture_code = "61";
    const auto id = new_intent();
    EXPECT_EQ(run(service->confirm_intent(call(), id, with_card()))->status, 402);
    EXPECT_EQ(find(id).intent.status, IntentStatus::requires_payment_method);
    EXPECT_EQ(vault.held_sum(), 0);
    expect_consistent();
}

TEST_F(Payments, StayCapturableWhenAManualCaptureIsRefused) {
    const auto id = authorized_intent(1000);
    vault.capture_code = "91";
    EXPECT_EQ(run(service->capture_intent(call(), id, {}))->status, 402);
    EXPECT_EQ(find(id).intent.status, IntentStatus::requires_capture);
    vault.capture_code = "00";
    EXPECT_EQ(run(service->capture_intent(call(), id, {}))->status, 200);
    expect_consistent();
}

TEST_F(Payments, AreProcessingWhileTheOutcomeIsOpen) {
    vault.authorize_mode = FakeVault::Mode::silent;
    const auto made = run(service->create_intent(call("s"), intent(700, CaptureMethod::automatic, true)));
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(json_of(*made).at("status").as_string(), "processing");
    const std::string id{json_of(*made).at("id").as_string()};
    EXPECT_EQ(run(service->cancel_intent(call(), id, {}))->status, 400);
    recover();
    EXPECT_EQ(find(id).intent.status, IntentStatus::succeeded);
    EXPECT_EQ(event_types(), (Types{"payment_intent.created", "payment_intent.processing", "charge.succeeded",
                                    "payment_intent.succeeded"}));
    // The key keeps the answer that was given.
    const auto replayed = run(service->create_intent(call("s"), intent(700, CaptureMethod::automatic, true)));
    EXPECT_TRUE(replayed->replayed);
    EXPECT_EQ(replayed->body, made->body);
    expect_consistent();
}

}  // namespace
}  // namespace tests
