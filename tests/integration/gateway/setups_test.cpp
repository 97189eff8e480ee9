#include "gateway/store/setups.h"

#include "gateway/customers/customer.h"
#include "gateway/payments/rules.h"
#include "gateway/store/customers.h"
#include "gateway/store/payments.h"
#include "world.h"

namespace tests {
namespace {

using gateway::AttemptStatus;
using gateway::ConfirmSetup;
using gateway::CreateSetup;
using gateway::PaymentMethod;
using gateway::SetupAttempt;
using gateway::SetupIntent;
using gateway::SetupStatus;
using gateway::store::Transaction;
using Mode = FakeVault::Mode;
using Types = std::vector<std::string>;

class Setups : public World {
  protected:
    std::string new_customer() {
        gateway::Customer customer;
        customer.id = common::new_id("cus_", account);
        customer.scope = scope_of(account);
        as(account, [&](Transaction& tx) -> Result<bool> {
            gateway::store::insert(tx, customer);
            return true;
        }).value();
        return customer.id;
    }
    void change_customer(const std::string& id, void (*change)(gateway::Customer&)) {
        as(account, [&](Transaction& tx) -> Result<bool> {
            auto customer = gateway::store::lock<gateway::Customer>(tx, scope_of(account), id).value();
            change(customer);
            gateway::store::update(tx, customer);
            return true;
        }).value();
    }
    static CreateSetup setup(std::optional<std::string> customer = {}, bool confirm = false) {
        CreateSetup input;
        input.intent.customer = std::move(customer);
        if (confirm) {
            input.intent.payment_method = "pm_card_visa";
            input.confirm.emplace();
        }
        return input;
    }
    static ConfirmSetup with_visa() {
        ConfirmSetup input;
        input.payment_method = "pm_card_visa";
        return input;
    }
    Call setup_call(std::string key = "") { return call(std::move(key), "/v1/setup_intents"); }
    std::string new_setup(std::optional<std::string> customer = {}) {
        return id_of(run(service->create_setup(setup_call(), setup(std::move(customer)))));
    }
    static std::string id_of(const Result<StoredResponse>& made) {
        if (!made) throw std::runtime_error{made.error().describe()};
        return std::string{json_of(*made).at("id").as_string()};
    }
    template <class T>
    std::optional<T> row(const std::string& id) {
        return as(account,
                  [&](Transaction& tx) -> Result<std::optional<T>> {
                      return gateway::store::find<T>(tx, scope_of(account), id);
                  })
            .value();
    }
    SetupIntent intent_of(const std::string& id) { return row<SetupIntent>(id).value(); }
    SetupAttempt attempt_of(const std::string& id) {
        return row<SetupAttempt>(intent_of(id).latest_attempt.value()).value();
    }
    std::int64_t attempts(const std::string& status = "%") {
        return count("SELECT count(*) FROM setup_attempts WHERE status LIKE '" + status +
                     "' AND account_id = " + std::to_string(account.value));
    }
    static boost::json::object error_of(const StoredResponse& response) {
        return json_of(response).at("error").as_object();
    }
};

TEST_F(Setups, KeepACardForItsCustomer) {
    const auto customer = new_customer();
    const auto made = run(service->create_setup(setup_call(), setup(customer, true)));
    const auto id = id_of(made);
    EXPECT_EQ(made->status, 200);
    EXPECT_EQ(json_of(*made).at("status").as_string(), "succeeded");
    const auto intent = intent_of(id);
    const auto method = row<PaymentMethod>(intent.payment_method.value()).value();
    EXPECT_EQ(method.customer, customer);
    EXPECT_EQ(method.network_transaction_id, "123456789012345");
    EXPECT_EQ(method.card.cvc_check, "pass");
    EXPECT_TRUE(method.card.cvc_handle.empty());
    EXPECT_FALSE(method.consumed);
    const auto attempt = attempt_of(id);
    EXPECT_EQ(attempt.status, AttemptStatus::succeeded);
    EXPECT_EQ(attempt.payment_method, method.id);
    EXPECT_EQ(attempt.customer, customer);
    EXPECT_EQ(attempt.card.cvc_check, "pass");
    EXPECT_TRUE(attempt.card.token.empty()) << "a snapshot is for reading";
    EXPECT_EQ(vault.held_sum(), 0) << "no amount";
    EXPECT_EQ(event_types(),
              (Types{"setup_intent.created", "payment_method.attached", "setup_intent.succeeded"}));
    expect_consistent();
}

TEST_F(Setups, CountACardThatAsksUntilThenAsSetUp) {
    const auto id = id_of(run(service->create_setup(setup_call(), setup(new_customer(), true))));
    auto method = row<PaymentMethod>(intent_of(id).payment_method.value()).value();
    method.card.authentication = "required_unless_set_up";
    EXPECT_EQ(gateway::rules::screen("delegated", method, true), gateway::rules::Screening::pass);
    method.customer.reset();
    EXPECT_EQ(gateway::rules::screen("delegated", method, true), gateway::rules::Screening::authenticate);
}

TEST_F(Setups, VerifyAnAttachedCardAgainAndLeaveItWhereItIs) {
    const auto customer = new_customer();
    const auto first = intent_of(id_of(run(service->create_setup(setup_call(), setup(customer, true)))));
    auto again = setup(customer, true);
    again.intent.payment_method = first.payment_method;
    EXPECT_EQ(run(service->create_setup(setup_call(), std::move(again)))->status, 200);
    EXPECT_EQ(vault.authorizations, 2);
    EXPECT_EQ(std::ranges::count(event_types(), "payment_method.attached"), 1);

    auto other = setup(new_customer(), true);
    other.intent.payment_method = first.payment_method;
    EXPECT_EQ(run(service->create_setup(setup_call(), std::move(other)))->status, 400);
    EXPECT_EQ(vault.authorizations, 2);
    expect_consistent();
}

TEST_F(Setups, WithoutACustomerAttachNothing) {
    const auto id = id_of(run(service->create_setup(setup_call(), setup({}, true))));
    EXPECT_EQ(intent_of(id).status, SetupStatus::succeeded);
    const auto method = row<PaymentMethod>(intent_of(id).payment_method.value()).value();
    EXPECT_FALSE(method.customer);
    EXPECT_FALSE(method.consumed);
    EXPECT_EQ(event_types(), (Types{"setup_intent.created", "setup_intent.succeeded"}));
}

TEST_F(Setups, ThatAreDeclinedSayWhyAndMayBeTriedAgain) {
    const auto id = new_setup(new_customer());
    vault.authorize_code = "51";
    const auto declined = run(service->confirm_setup(setup_call(), id, with_visa()));
    ASSERT_TRUE(declined) << declined.error().describe();
    EXPECT_EQ(declined->status, 402);
    const auto error = error_of(*declined);
    EXPECT_EQ(error.at("decline_code").as_string(), "insufficient_funds");
    EXPECT_EQ(error.at("setup_intent").at("id").as_string(), id);
    EXPECT_EQ(error.at("setup_intent").at("status").as_string(), "requires_payment_method");
    EXPECT_TRUE(error.contains("payment_method"));
    auto intent = intent_of(id);
    EXPECT_FALSE(intent.payment_method);
    EXPECT_EQ(intent.last_setup_error->decline_code, "insufficient_funds");
    EXPECT_EQ(attempt_of(id).status, AttemptStatus::failed);
    EXPECT_EQ(attempt_of(id).setup_error->code, "card_declined");
    EXPECT_FALSE(row<PaymentMethod>(attempt_of(id).payment_method)->customer);

    vault.authorize_code = "00";
    EXPECT_EQ(run(service->confirm_setup(setup_call(), id, with_visa()))->status, 200);
    intent = intent_of(id);
    EXPECT_EQ(intent.status, SetupStatus::succeeded);
    EXPECT_FALSE(intent.last_setup_error);
    EXPECT_EQ(attempts(), 2);
    EXPECT_EQ(event_types(), (Types{"setup_intent.created", "setup_intent.setup_failed",
                                    "payment_method.attached", "setup_intent.succeeded"}));
    expect_consistent();
}

TEST_F(Setups, ThatThePolicyOrTheCardHoldsBackAreNotSent) {
    vault.authentication = "required";
    const auto asked = run(service->create_setup(setup_call(), setup(new_customer(), true)));
    ASSERT_TRUE(asked) << asked.error().describe();
    EXPECT_EQ(asked->status, 402);
    EXPECT_EQ(error_of(*asked).at("code").as_string(), "authentication_required");
    EXPECT_EQ(error_of(*asked).at("setup_intent").at("status").as_string(), "requires_payment_method");
    vault.authentication = "optional";
    vault.risk = "highest";
    const auto blocked = run(service->create_setup(setup_call(), setup({}, true)));
    EXPECT_EQ(error_of(*blocked).at("decline_code").as_string(), "fraudulent");
    EXPECT_EQ(attempts("failed"), 2);
    EXPECT_EQ(vault.authorizations, 0);
    EXPECT_EQ(event_types(), (Types{"setup_intent.created", "setup_intent.setup_failed",
                                    "setup_intent.created", "setup_intent.setup_failed"}));
    expect_consistent();
}

TEST_F(Setups, AreTakenBackWhenTheVaultIsNotReached) {
    const auto customer = new_customer();
    const auto id = new_setup(customer);
    vault.authorize_code = "51";
    run(service->confirm_setup(setup_call(), id, with_visa())).value();
    const auto before = intent_of(id);
    vault.authorize_code = "00";
    for (const auto mode : {Mode::unavailable, Mode::misreported}) {
        vault.authorize_mode = mode;
        const auto key = "k" + std::to_string(static_cast<int>(mode));
        const auto refused = run(service->confirm_setup(setup_call(key), id, with_visa()));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().status(), 503);
        const auto after = intent_of(id);
        EXPECT_EQ(after.status, before.status);
        EXPECT_EQ(after.latest_attempt, before.latest_attempt);
        EXPECT_EQ(after.last_setup_error->payment_method, before.last_setup_error->payment_method);
        EXPECT_FALSE(after.in_flight);
        EXPECT_FALSE(run(service->create_setup(setup_call(), setup(customer, true))));
    }
    EXPECT_EQ(attempts(), 1);
    EXPECT_EQ(event_types(), (Types{"setup_intent.created", "setup_intent.setup_failed"}));
    // The same request again, under its key.
    vault.authorize_mode = Mode::normal;
    const auto done = run(service->confirm_setup(
        setup_call("k" + std::to_string(static_cast<int>(Mode::unavailable))), id, with_visa()));
    ASSERT_TRUE(done) << done.error().describe();
    EXPECT_FALSE(done->replayed);
    EXPECT_EQ(done->status, 200);
    while (recover() > 0)
        continue;
    EXPECT_EQ(vault.reversals, 0) << "there is nothing to give back";
    expect_consistent();
}

TEST_F(Setups, AskForALostAnswerAndGiveUpOnOneThatStaysOpen) {
    const auto id = new_setup(new_customer());
    vault.authorize_mode = Mode::silent;
    EXPECT_EQ(run(service->confirm_setup(setup_call("k"), id, with_visa())).error().status(), 503);
    EXPECT_EQ(intent_of(id).status, SetupStatus::requires_payment_method);
    EXPECT_EQ(attempts(), 0);
    vault.authorize_mode = Mode::lost;
    const auto found = run(service->confirm_setup(setup_call("k"), id, with_visa()));
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(found->status, 200);
    EXPECT_EQ(vault.authorizations, 2);
    while (recover() > 0)
        continue;
    expect_consistent();
}

TEST_F(Setups, WhoseProcessDiedAreEnded) {
    const auto customer = new_customer();
    for (const auto mode : {Mode::hang_after, Mode::hang_before}) {
        const auto id = new_setup(customer);
        vault.authorize_mode = mode;
        run_until_hanging_and_crash(service->confirm_setup(setup_call("k" + id), id, with_visa()));
        EXPECT_EQ(attempt_of(id).status, AttemptStatus::processing);
        EXPECT_EQ(run(service->confirm_setup(setup_call("k" + id), id, with_visa())).error().status(), 409);
        EXPECT_EQ(run(service->cancel_setup(setup_call(), id, {})).error().status(), 429);
        EXPECT_EQ(recover(), 1);
        const bool sent = mode == Mode::hang_after;
        EXPECT_EQ(intent_of(id).status, sent ? SetupStatus::succeeded : SetupStatus::requires_payment_method);
        EXPECT_EQ(attempt_of(id).status, sent ? AttemptStatus::succeeded : AttemptStatus::failed);
        const auto repeated = run(service->confirm_setup(setup_call("k" + id), id, with_visa()));
        ASSERT_TRUE(repeated) << repeated.error().describe();
        EXPECT_TRUE(repeated->replayed);
        EXPECT_EQ(repeated->status, sent ? 200 : 402);
    }
    vault.authorize_mode = Mode::hang_after;
    run_until_hanging_and_crash(service->create_setup(setup_call("new"), setup(customer, true)));
    EXPECT_EQ(recover(), 1);
    EXPECT_TRUE(run(service->create_setup(setup_call("new"), setup(customer, true)))->replayed);
    EXPECT_EQ(vault.authorizations, 2);
    expect_consistent();
}

TEST_F(Setups, FailWhenTheCustomerGoesWhileTheBankIsAsked) {
    const auto customer = new_customer();
    const auto id = new_setup(customer);
    vault.authorize_mode = Mode::hang_after;
    run_until_hanging_and_crash(service->confirm_setup(setup_call("k"), id, with_visa()));
    change_customer(customer, [](gateway::Customer& c) { c.deleted = true; });
    EXPECT_EQ(recover(), 1);
    const auto answer = run(service->confirm_setup(setup_call("k"), id, with_visa()));
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(error_of(*answer).at("param").as_string(), "customer");
    EXPECT_EQ(error_of(*answer).at("setup_intent").at("status").as_string(), "requires_payment_method");
    EXPECT_EQ(attempt_of(id).status, AttemptStatus::failed);
    EXPECT_FALSE(row<PaymentMethod>(attempt_of(id).payment_method)->customer);
    expect_consistent();
}

TEST_F(Setups, AreVerifiedOnceHoweverManyConfirmAtOnce) {
    vault.delay = std::chrono::milliseconds{50};
    for (const bool same_key : {true, false}) {
        const auto id = new_setup(new_customer());
        vault.authorizations = 0;
        std::vector<Task<StoredResponse>> tasks;
        for (int i = 0; i < 20; ++i)
            tasks.push_back(service->confirm_setup(
                setup_call((same_key ? "same" : "key" + std::to_string(i)) + id), id, with_visa()));
        int done = 0;
        for (const auto& outcome : run_all(std::move(tasks))) {
            if (outcome && outcome->status == 200) {
                ++done;
            } else if (outcome) {
                EXPECT_FALSE(same_key);
                EXPECT_EQ(error_of(*outcome).at("code").as_string(), "setup_intent_unexpected_state");
            } else {
                EXPECT_EQ(outcome.error().status(), same_key ? 409 : 429);
            }
        }
        EXPECT_EQ(vault.authorizations, 1);
        EXPECT_GE(done, 1);
        if (!same_key) {
            EXPECT_EQ(done, 1);
        }
        EXPECT_EQ(intent_of(id).status, SetupStatus::succeeded);
    }
    EXPECT_EQ(attempts(), 2);
    EXPECT_EQ(std::ranges::count(event_types(), "setup_intent.succeeded"), 2);
    expect_consistent();
}

TEST_F(Setups, OfOneCardForManyCustomersLeaveItWithOne) {
    vault.delay = std::chrono::milliseconds{50};
    gateway::NewPaymentMethod card;
    card.number = common::SecretText{"4242424242424242"};
    const auto method =
        id_of(run(service->create_payment_method(call("", "/v1/payment_methods"), std::move(card))));
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i) {
        auto input = setup(new_customer(), true);
        input.intent.payment_method = method;
        tasks.push_back(service->create_setup(setup_call(), std::move(input)));
    }
    int done = 0;
    for (const auto& outcome : run_all(std::move(tasks))) {
        if (outcome && outcome->status == 200) {
            ++done;
        } else if (outcome) {
            EXPECT_EQ(outcome->status, 400);
        } else {
            EXPECT_EQ(outcome.error().status(), 429);
        }
    }
    EXPECT_EQ(done, 1);
    EXPECT_EQ(std::ranges::count(event_types(), "payment_method.attached"), 1);
    expect_consistent();
}

TEST_F(Setups, AreCanceledUntilTheyHaveEnded) {
    const auto id = new_setup();
    gateway::CancelIntent input;
    input.cancellation_reason = "abandoned";
    EXPECT_EQ(run(service->cancel_setup(setup_call(), id, input))->status, 200);
    EXPECT_EQ(intent_of(id).cancellation_reason, "abandoned");
    for (const auto& refused : {run(service->cancel_setup(setup_call(), id, input)),
                                run(service->confirm_setup(setup_call(), id, with_visa()))}) {
        ASSERT_TRUE(refused) << refused.error().describe();
        EXPECT_EQ(refused->status, 400);
        EXPECT_EQ(error_of(*refused).at("code").as_string(), "setup_intent_unexpected_state");
        EXPECT_EQ(error_of(*refused).at("setup_intent").at("status").as_string(), "canceled");
    }
    EXPECT_EQ(event_types(), (Types{"setup_intent.created", "setup_intent.canceled"}));
    expect_consistent();
}

TEST_F(Setups, AreShownToTheirAccountOnly) {
    const auto id = id_of(run(service->create_setup(setup_call(), setup(new_customer(), true))));
    const auto attempt = attempt_of(id).id;
    const auto seen = as(strict, [&](Transaction& tx) -> Result<bool> {
        return gateway::store::find<SetupIntent>(tx, scope_of(account), id).has_value() ||
               gateway::store::find<SetupAttempt>(tx, scope_of(account), attempt).has_value();
    });
    EXPECT_FALSE(seen.value());
}

}  // namespace
}  // namespace tests
