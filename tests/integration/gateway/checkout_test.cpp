// Checkout Sessions against a real database and a played acquirer.
#include "gateway/checkout/checkout.h"

#include "gateway/checkout/expiry.h"
#include "gateway/checkout/rules.h"
#include "gateway/store/accounts.h"
#include "gateway/store/checkout_sessions.h"
#include "gateway/store/customers.h"
#include "gateway/store/payments.h"
#include "world.h"

namespace tests {
namespace {

using gateway::CaptureMethod;
using gateway::CheckoutMode;
using gateway::CheckoutPayment;
using gateway::CheckoutSession;
using gateway::CheckoutStatus;
using gateway::IntentStatus;
using gateway::PaymentIntent;
using gateway::Shopper;
using gateway::Work;
using gateway::store::Transaction;
using Mode = FakeVault::Mode;

class Checkout : public World {
  protected:
    static CheckoutSession goods(std::int64_t amount = 1500) {
        CheckoutSession session;
        session.success_url = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}";
        gateway::LineItem item;
        item.name = "Shoes";
        item.unit_amount = std::to_string(amount);
        session.line_items.push_back(item);
        EXPECT_TRUE(gateway::checkout::put_totals(session));
        return session;
    }
    static Shopper jenny() {
        Shopper shopper;
        shopper.email = "jenny@example.com";
        shopper.name = "Jenny Rosen";
        return shopper;
    }
    // What a request does that one transaction suffices for.
    Task<StoredResponse> change(gateway::Job job) {
        auto found = as(account, [&](Transaction& tx) -> Result<gateway::Account> {
            return gateway::store::find_account(tx, account).value();
        });
        return works_.change(call("", "/v1/checkout/sessions"), found.value(), std::move(job));
    }
    CheckoutSession made(const CheckoutSession& wanted = goods()) {
        const auto done = run(change([&](Work& work) -> Result<boost::json::object> {
            auto session = gateway::checkout::create(work, wanted, {});
            if (!session) return common::Fail{session.error()};
            return work.show(&*session);
        }));
        return stored(std::string{json_of(done.value()).at("id").as_string()});
    }
    CheckoutSession stored(const std::string& id) {
        return as(account,
                  [&](Transaction& tx) {
                      return gateway::store::require<CheckoutSession>(tx, scope_of(account), id);
                  })
            .value();
    }
    Task<StoredResponse> paying(const std::string& id, Shopper shopper = jenny()) {
        return service->pay_session(call("", "/c/pay"), id, with_card(), std::move(shopper));
    }
    Task<StoredResponse> expiring(const std::string& id) {
        return change([id](Work& work) -> Result<boost::json::object> {
            auto session = gateway::checkout::expire(work, id);
            if (!session) return common::Fail{session.error()};
            return work.show(&*session);
        });
    }
    // How many of this account: other tests leave theirs in the same database.
    std::int64_t expire_due(int gateways = 1) {
        const auto before = told("checkout.session.expired");
        const auto now_ms = clock.now().time_since_epoch().count();
        std::vector<Task<int>> tasks;
        for (int i = 0; i < gateways; ++i)
            tasks.push_back(gateway::checkout::expire_due(*pool, renderer, now_ms, 1000));
        for (const auto& outcome : run_all<int>(std::move(tasks)))
            EXPECT_TRUE(outcome) << outcome.error().describe();
        return told("checkout.session.expired") - before;
    }
    std::int64_t intents() {
        return count("SELECT count(*) FROM payment_intents WHERE account_id = " +
                     std::to_string(account.value));
    }
    PaymentIntent intent_of(const std::string& session) {
        return find(stored(session).payment_intent.value()).intent;
    }
    std::int64_t told(const std::string& type) {
        const auto types = event_types();
        return std::ranges::count(types, type);
    }

  private:
    gateway::Works works_{*pool, renderer, clock};
};

TEST_F(Checkout, ASessionHasNoPaymentUntilTheShopperSubmits) {
    const auto session = made();
    EXPECT_EQ(session.status, CheckoutStatus::open);
    EXPECT_EQ(session.payment_status, CheckoutPayment::unpaid);
    EXPECT_FALSE(session.payment_intent);
    EXPECT_TRUE(session.id.starts_with("cs_test_"));
    EXPECT_TRUE(session.line_items[0].price.starts_with("price_"));
    EXPECT_EQ(intents(), 0);
    EXPECT_TRUE(event_types().empty());
}

TEST_F(Checkout, IsCompletedInTheTransactionInWhichItsPaymentSucceeds) {
    auto wanted = goods();
    wanted.payment_intent_data.description = "Order 6735";
    wanted.payment_intent_data.metadata = {{"order", "6735"}};
    wanted.metadata = {{"of", "session"}};
    const auto id = made(wanted).id;
    const auto paid = run(paying(id));
    ASSERT_TRUE(paid) << paid.error().describe();
    EXPECT_EQ(json_of(*paid).at("status"), "succeeded");
    const auto session = stored(id);
    EXPECT_EQ(session.status, CheckoutStatus::complete);
    EXPECT_EQ(session.payment_status, CheckoutPayment::paid);
    EXPECT_EQ(session.email, "jenny@example.com");
    const auto intent = intent_of(id);
    EXPECT_EQ(intent.amount, 1500);
    EXPECT_EQ(intent.description, "Order 6735");
    EXPECT_EQ(intent.metadata, (boost::json::object{{"order", "6735"}})) << "not the session's";
    EXPECT_EQ(event_types(),
              (std::vector<std::string>{"payment_intent.created", "charge.succeeded",
                                        "payment_intent.succeeded", "checkout.session.completed"}));
    // One transaction: PostgreSQL gives all rows that it writes the same number.
    EXPECT_EQ(
        count("SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM checkout_sessions WHERE id = '" + id +
              "' UNION ALL SELECT xmin FROM payment_intents WHERE id = '" + intent.id +
              "' UNION ALL SELECT xmin FROM events WHERE object_id = '" + id + "') AS written"),
        1);
    expect_consistent();
}

TEST_F(Checkout, TwentyTabsAtOnceMakeOnePaymentAndPayOnce) {
    const auto id = made().id;
    std::vector<Task<StoredResponse>> tabs;
    for (int i = 0; i < 20; ++i)
        tabs.push_back(paying(id));
    int paid = 0;
    for (const auto& outcome : run_all<StoredResponse>(std::move(tabs))) {
        if (!outcome) {
            EXPECT_EQ(outcome.error().code(), "lock_timeout") << outcome.error().describe();
        } else if (outcome->status == 200) {
            ++paid;
        } else {
            EXPECT_EQ(outcome->status, 400) << outcome->body;
        }
    }
    EXPECT_EQ(paid, 1);
    EXPECT_EQ(intents(), 1);
    EXPECT_EQ(vault.authorizations, 1);
    EXPECT_EQ(vault.captured_sum(), 1500);
    EXPECT_EQ(told("checkout.session.completed"), 1);
    expect_consistent();
}

TEST_F(Checkout, ADeclineLeavesTheSessionOpenForAnotherCard) {
    const auto id = made().id;
    vault.authorize_code = "51";
    EXPECT_EQ(run(paying(id))->status, 402);
    EXPECT_EQ(stored(id).status, CheckoutStatus::open);
    const auto first = intent_of(id).id;
    EXPECT_EQ(intent_of(id).status, IntentStatus::requires_payment_method);
    vault.authorize_code = "00";
    EXPECT_EQ(run(paying(id))->status, 200);
    EXPECT_EQ(intent_of(id).id, first) << "the same payment";
    EXPECT_EQ(stored(id).status, CheckoutStatus::complete);
    const auto again = run(paying(id));
    EXPECT_EQ(again->status, 400);
    EXPECT_EQ(vault.captured_sum(), 1500);
    expect_consistent();
}

TEST_F(Checkout, WhatTheMerchantCapturesLaterIsUnpaidUntilThen) {
    auto wanted = goods();
    wanted.payment_intent_data.capture_method = CaptureMethod::manual;
    const auto id = made(wanted).id;
    EXPECT_EQ(json_of(*run(paying(id))).at("status"), "requires_capture");
    EXPECT_EQ(stored(id).status, CheckoutStatus::complete);
    EXPECT_EQ(stored(id).payment_status, CheckoutPayment::unpaid);
    EXPECT_EQ(told("checkout.session.completed"), 1);
    EXPECT_EQ(run(service->capture_intent(call(), intent_of(id).id, {}))->status, 200);
    EXPECT_EQ(stored(id).payment_status, CheckoutPayment::paid);
    EXPECT_EQ(told("checkout.session.completed"), 1);
    expect_consistent();

    const auto dropped = made(wanted).id;
    EXPECT_EQ(run(paying(dropped))->status, 200);
    EXPECT_EQ(run(service->cancel_intent(call(), intent_of(dropped).id, {}))->status, 200);
    EXPECT_EQ(stored(dropped).payment_status, CheckoutPayment::unpaid);
    expect_consistent();
}

TEST_F(Checkout, TheMerchantMovesItsPaymentOnlyOnceItIsAuthorized) {
    const auto id = made().id;
    vault.authorize_code = "51";
    EXPECT_EQ(run(paying(id))->status, 402);
    const auto intent = intent_of(id).id;
    gateway::UpdateIntent update;
    update.description = std::optional<std::string>{"another"};
    for (const auto& refused : {run(service->confirm_intent(call(), intent, with_card())),
                                run(service->cancel_intent(call(), intent, {})),
                                run(service->update_intent(call(), intent, std::move(update)))}) {
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->status, 400);
        EXPECT_EQ(json_of(*refused).at("error").at("code"), "payment_intent_unexpected_state");
    }
    EXPECT_EQ(vault.authorizations, 1);
    EXPECT_FALSE(intent_of(id).description);
}

TEST_F(Checkout, ExpiringCancelsTheOpenPayment) {
    const auto id = made().id;
    vault.authorize_code = "51";
    EXPECT_EQ(run(paying(id))->status, 402);
    const auto done = run(expiring(id));
    EXPECT_EQ(json_of(*done).at("status"), "expired");
    EXPECT_TRUE(json_of(*done).at("url").is_null());
    EXPECT_EQ(intent_of(id).status, IntentStatus::canceled);
    const auto types = event_types();
    ASSERT_GE(types.size(), 2U);
    EXPECT_EQ(types[types.size() - 2], "payment_intent.canceled");
    EXPECT_EQ(types.back(), "checkout.session.expired");
    EXPECT_EQ(run(expiring(id))->status, 400);
    vault.authorize_code = "00";
    EXPECT_EQ(run(paying(id))->status, 400);
    EXPECT_EQ(vault.held_sum() + vault.captured_sum(), 0);
    expect_consistent();
}

TEST_F(Checkout, ExpiresByTheClockWhateverTheNumberOfGateways) {
    const auto first = made().id, second = made().id, paid = made().id;
    EXPECT_EQ(run(paying(paid))->status, 200);
    EXPECT_EQ(expire_due(), 0);
    clock.advance(std::chrono::hours{24} - std::chrono::seconds{1});
    EXPECT_EQ(expire_due(), 0);
    clock.advance(std::chrono::seconds{1});
    const auto late = run(paying(first));
    EXPECT_EQ(late->status, 400) << "no second longer, whenever somebody looks";
    EXPECT_EQ(expire_due(20), 2);
    EXPECT_EQ(stored(first).status, CheckoutStatus::expired);
    EXPECT_EQ(stored(second).status, CheckoutStatus::expired);
    EXPECT_EQ(stored(paid).status, CheckoutStatus::complete);
    EXPECT_EQ(count("SELECT count(*) FROM events WHERE type = 'checkout.session.expired' AND (request_id IS "
                    "NOT NULL OR idempotency_key IS NOT NULL) AND account_id = " +
                    std::to_string(account.value)),
              0)
        << "nobody asked for it";
    expect_consistent();
}

TEST_F(Checkout, IsNotExpiredWhileThePaymentIsOnItsWay) {
    const auto id = made().id;
    vault.authorize_mode = Mode::silent;
    auto impatient = call("", "/c/pay");
    impatient.deadline = Deadline::in(std::chrono::milliseconds{200});
    const auto open = run(service->pay_session(impatient, id, with_card(), jenny()));
    EXPECT_EQ(json_of(open.value()).at("status"), "processing");
    const auto refused = run(expiring(id));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "lock_timeout");
    clock.advance(std::chrono::hours{25});
    EXPECT_EQ(expire_due(), 0);
    EXPECT_EQ(stored(id).status, CheckoutStatus::open);

    // The answer comes: the money is there, so the session is complete.
    vault.authorize_mode = Mode::normal;
    for (auto& [request, exchange] : vault.exchanges)
        exchange.state = vault::Exchange::State::answered;
    for (int i = 0; i < 3; ++i)
        recover();
    EXPECT_EQ(stored(id).status, CheckoutStatus::complete);
    EXPECT_EQ(stored(id).payment_status, CheckoutPayment::paid);
    EXPECT_EQ(expire_due(), 0);
    expect_consistent();
}

TEST_F(Checkout, OneWhoseLatePaymentWasDeclinedExpiresAMinuteLater) {
    const auto id = made().id;
    vault.authorize_mode = Mode::silent;
    vault.authorize_code = "51";
    auto impatient = call("", "/c/pay");
    impatient.deadline = Deadline::in(std::chrono::milliseconds{200});
    EXPECT_EQ(json_of(*run(service->pay_session(impatient, id, with_card(), jenny()))).at("status"),
              "processing");
    clock.advance(std::chrono::hours{25});
    EXPECT_EQ(expire_due(), 0);
    vault.authorize_mode = Mode::normal;
    for (auto& [request, exchange] : vault.exchanges)
        exchange.state = vault::Exchange::State::answered;
    recover();
    EXPECT_EQ(stored(id).status, CheckoutStatus::open);
    clock.advance(std::chrono::seconds{60});
    EXPECT_EQ(expire_due(), 1);
    EXPECT_EQ(intent_of(id).status, IntentStatus::canceled);
    expect_consistent();
}

TEST_F(Checkout, IsCompletedAfterACrashAtAnyPoint) {
    for (const auto mode : {Mode::hang_before, Mode::hang_after}) {
        const auto id = made().id;
        vault.exchanges.clear();
        vault.authorize_mode = mode;
        run_until_hanging_and_crash(paying(id));
        EXPECT_EQ(stored(id).status, CheckoutStatus::open);
        EXPECT_TRUE(stored(id).payment_intent) << "written with the attempt, in one transaction";
        for (int i = 0; i < 3; ++i)
            recover();
        if (mode == Mode::hang_before) {
            EXPECT_EQ(stored(id).status, CheckoutStatus::open) << "nothing was sent";
            EXPECT_EQ(run(paying(id))->status, 200);
        }
        EXPECT_EQ(stored(id).status, CheckoutStatus::complete);
        EXPECT_EQ(stored(id).payment_status, CheckoutPayment::paid);
        expect_consistent();
    }
    const auto id = made().id;
    vault.capture_mode = Mode::hang_before;
    run_until_hanging_and_crash(paying(id));
    EXPECT_EQ(stored(id).status, CheckoutStatus::open) << "approved, and not captured yet";
    for (int i = 0; i < 3; ++i)
        recover();
    EXPECT_EQ(stored(id).status, CheckoutStatus::complete);
    EXPECT_EQ(told("checkout.session.completed"), 3);
    expect_consistent();
}

TEST_F(Checkout, PayingAndExpiringAtOnceLeaveOneWinner) {
    for (int round = 0; round < 5; ++round) {
        const auto id = made().id;
        std::vector<Task<StoredResponse>> both;
        for (int i = 0; i < 10; ++i) {
            both.push_back(paying(id));
            both.push_back(expiring(id));
        }
        const auto before = vault.captured_sum();
        run_all<StoredResponse>(std::move(both));
        const auto session = stored(id);
        const auto taken = vault.captured_sum() - before;
        EXPECT_NE(session.status, CheckoutStatus::open);
        EXPECT_EQ(taken, session.status == CheckoutStatus::complete ? 1500 : 0);
    }
    expect_consistent();
}

TEST_F(Checkout, WhatCostsNothingIsCompletedWithoutAPayment) {
    const auto id = made(goods(0)).id;
    EXPECT_EQ(stored(id).payment_status, CheckoutPayment::no_payment_required);
    EXPECT_EQ(run(paying(id))->status, 400);
    EXPECT_EQ(run(change([&](Work& work) -> Result<boost::json::object> {
                  auto session = gateway::checkout::complete_free(work, id, jenny());
                  if (!session) return common::Fail{session.error()};
                  return work.show(&*session);
              }))->status,
              200);
    EXPECT_EQ(stored(id).status, CheckoutStatus::complete);
    EXPECT_EQ(intents(), 0);
    EXPECT_EQ(event_types(), (std::vector<std::string>{"checkout.session.completed"}));

    const auto costly = made().id;
    const auto refused = run(change([&](Work& work) -> Result<boost::json::object> {
        auto session = gateway::checkout::complete_free(work, costly, jenny());
        if (!session) return common::Fail{session.error()};
        return work.show(&*session);
    }));
    EXPECT_EQ(refused->status, 400);
    EXPECT_EQ(stored(costly).status, CheckoutStatus::open);
}

TEST_F(Checkout, WhoIsToBeChargedAgainBecomesACustomerWhoKeepsTheCard) {
    auto wanted = goods();
    wanted.payment_intent_data.setup_future_usage = "off_session";
    const auto id = made(wanted).id;
    vault.authorize_code = "51";
    EXPECT_EQ(run(paying(id))->status, 402);
    vault.authorize_code = "00";
    EXPECT_EQ(run(paying(id))->status, 200);
    const auto session = stored(id);
    ASSERT_TRUE(session.customer);
    EXPECT_EQ(told("customer.created"), 1) << "once, however many attempts it takes";
    const auto customer =
        as(account, [&](Transaction& tx) {
            return gateway::store::require<gateway::Customer>(tx, scope_of(account), *session.customer);
        }).value();
    EXPECT_EQ(customer.email, "jenny@example.com");
    EXPECT_EQ(find(*session.payment_intent).method->customer, session.customer);
    expect_consistent();
}

TEST_F(Checkout, TheMerchantsEmailGoesBeforeTheShoppers) {
    auto wanted = goods();
    wanted.customer_email = "known@example.com";
    const auto id = made(wanted).id;
    EXPECT_EQ(run(paying(id))->status, 200);
    EXPECT_EQ(stored(id).email, "known@example.com");
    EXPECT_EQ(stored(id).shopper->email, "known@example.com");
}

TEST_F(Checkout, AnAttemptThatIsRefusedLeavesNothing) {
    auto wanted = goods();
    wanted.consent_collection = {{"terms_of_service", "required"}};
    const auto id = made(wanted).id;
    const auto refused = run(paying(id));
    EXPECT_EQ(refused->status, 400);
    EXPECT_EQ(json_of(*refused).at("error").at("param"), "terms_of_service");
    EXPECT_FALSE(stored(id).payment_intent);
    EXPECT_FALSE(stored(id).shopper);
    EXPECT_EQ(intents(), 0);
    auto accepting = jenny();
    accepting.accepted_terms = true;
    EXPECT_EQ(run(paying(id, accepting))->status, 200);
    EXPECT_TRUE(stored(id).shopper->accepted_terms);
}

TEST_F(Checkout, ASessionOfAnotherMerchantIsNotThere) {
    const auto id = made().id;
    auto foreign = call("", "/c/pay");
    foreign.scope.account = strict;
    EXPECT_EQ(run(service->pay_session(foreign, id, with_card(), jenny()))->status, 404);
}

}  // namespace
}  // namespace tests
