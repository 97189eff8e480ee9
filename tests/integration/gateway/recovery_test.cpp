#include <random>

#include "gateway/store/payments.h"
#include "world.h"

namespace tests {
namespace {

using gateway::CaptureMethod;
using gateway::IntentStatus;

class Recovery : public World {};

TEST_F(Recovery, DeclinesWhatTheVaultNeverSaw) {
    const auto id = new_intent();
    vault.authorize_mode = FakeVault::Mode::hang_before;
    run_until_hanging_and_crash(service->confirm_intent(call("k", "/v1/confirm"), id, with_card()));
    EXPECT_EQ(run(service->confirm_intent(call("k", "/v1/confirm"), id, with_card())).error().status(), 409);
    EXPECT_EQ(recover(), 1);
    EXPECT_EQ(find(id).intent.status, IntentStatus::requires_payment_method);
    const auto repeated = run(service->confirm_intent(call("k", "/v1/confirm"), id, with_card()));
    EXPECT_TRUE(repeated->replayed);
    EXPECT_EQ(repeated->status, 402);
    EXPECT_EQ(vault.authorizations, 0);
    expect_consistent();
}

TEST_F(Recovery, BooksTheApprovalThatThePrecedingProcessNeverLearntOf) {
    vault.authorize_mode = FakeVault::Mode::hang_after;
    run_until_hanging_and_crash(
        service->create_intent(call("k"), intent(1000, CaptureMethod::automatic, true)));
    EXPECT_GE(recover(), 1);
    const auto repeated =
        run(service->create_intent(call("k"), intent(1000, CaptureMethod::automatic, true)));
    ASSERT_TRUE(repeated) << repeated.error().describe();
    EXPECT_TRUE(repeated->replayed);
    EXPECT_EQ(json_of(*repeated).at("status").as_string(), "succeeded");
    EXPECT_EQ(vault.authorizations, 1);
    EXPECT_EQ(vault.captured_sum(), 1000);
    EXPECT_EQ(event_types(), (std::vector<std::string>{"payment_intent.created", "charge.succeeded",
                                                       "payment_intent.succeeded"}));
    expect_consistent();
}

TEST_F(Recovery, CapturesWhatWasApprovedBeforeTheCrash) {
    for (const auto mode : {FakeVault::Mode::hang_before, FakeVault::Mode::hang_after}) {
        vault.capture_mode = mode;
        const auto id = new_intent();
        run_until_hanging_and_crash(service->confirm_intent(call("k" + id, "/v1/confirm"), id, with_card()));
        EXPECT_GE(recover(), 1);
        EXPECT_EQ(find(id).intent.status, IntentStatus::succeeded);
        EXPECT_TRUE(run(service->confirm_intent(call("k" + id, "/v1/confirm"), id, with_card()))->replayed);
    }
    EXPECT_EQ(vault.captures, 2);
    expect_consistent();
}

TEST_F(Recovery, FinishesACaptureThatTheMerchantAskedFor) {
    for (const auto mode : {FakeVault::Mode::hang_before, FakeVault::Mode::hang_after}) {
        const auto id = authorized_intent(900);
        vault.capture_mode = mode;
        gateway::CaptureIntent input;
        input.amount_to_capture = 500;
        run_until_hanging_and_crash(service->capture_intent(call("c" + id, "/v1/capture"), id, input));
        EXPECT_GE(recover(), 1);
        EXPECT_EQ(find(id).intent.amount_received, 500);
        EXPECT_TRUE(run(service->capture_intent(call("c" + id, "/v1/capture"), id, input))->replayed);
    }
    EXPECT_EQ(vault.captures, 2);
    expect_consistent();
}

TEST_F(Recovery, AsksForALostAnswerAtOnce) {
    vault.authorize_mode = FakeVault::Mode::lost;
    const auto made = run(service->create_intent(call(), intent(1000, CaptureMethod::automatic, true)));
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(json_of(*made).at("status").as_string(), "succeeded");
    EXPECT_EQ(vault.authorizations, 1);
    expect_consistent();
}

TEST_F(Recovery, LeavesTheLeaseOfALivingProcessAlone) {
    vault.authorize_mode = FakeVault::Mode::hang_after;
    run_until_hanging_and_crash(
        service->create_intent(call("k"), intent(1000, CaptureMethod::automatic, true)));
    EXPECT_EQ(run(service->recover(100)).value(), 0);
    EXPECT_EQ(recover(), 1);
}

TEST_F(Recovery, BooksOnceWhenSeveralGatewaysRecover) {
    for (int i = 0; i < 4; ++i) {
        vault.authorize_mode = FakeVault::Mode::hang_after;
        run_until_hanging_and_crash(service->create_intent(call("k" + std::to_string(i)),
                                                           intent(1000, CaptureMethod::automatic, true)));
    }
    clock.advance(std::chrono::seconds{90});
    gateway::PaymentService second{*pool, vault, renderer, clock};
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 3; ++i) {
        tasks.push_back(service->recover(100));
        tasks.push_back(second.recover(100));
    }
    int ended = 0;
    for (const auto& outcome : run_all(std::move(tasks)))
        ended += outcome.value();
    EXPECT_EQ(ended, 4);
    EXPECT_EQ(vault.captured_sum(), 4000);
    expect_consistent();
}

TEST_F(Recovery, WaitsForAVaultThatIsAway) {
    vault.authorize_mode = FakeVault::Mode::hang_after;
    run_until_hanging_and_crash(service->create_intent(call("k"), intent(1000, CaptureMethod::manual, true)));
    vault.find_unavailable = true;
    EXPECT_EQ(recover(), 0);
    vault.find_unavailable = false;
    EXPECT_EQ(recover(), 1);
    EXPECT_EQ(vault.held_sum(), 1000);
    expect_consistent();
}

// Whatever merchants do and whatever fails, money here and at the acquirer agree once it is quiet.
TEST_F(Recovery, KeepsMoneyInAgreementOverRandomSequences) {
    std::minstd_rand random{20261124};
    const auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    using Mode = FakeVault::Mode;
    std::vector<std::string> ids;
    for (int round = 0; round < 150; ++round) {
        constexpr std::array modes{Mode::normal, Mode::normal, Mode::normal,      Mode::lost,
                                   Mode::silent, Mode::normal, Mode::unavailable, Mode::misreported};
        constexpr std::array codes{"00", "00", "00", "51", "91"};
        vault.authorize_mode = modes[static_cast<std::size_t>(pick(8))];
        vault.capture_mode = pick(4) == 0 ? Mode::silent : Mode::normal;
        vault.reverse_mode = pick(4) == 0 ? Mode::silent : Mode::normal;
        vault.authorize_code = codes[static_cast<std::size_t>(pick(5))];
        vault.capture_code = pick(6) == 0 ? "61" : "00";
        const auto amount = 100 + pick(5000);
        const auto method = pick(2) == 0 ? CaptureMethod::manual : CaptureMethod::automatic_async;
        switch (ids.empty() ? 0 : pick(5)) {
            case 0:
                ids.push_back(new_intent(amount, method));
                break;
            case 1:
                static_cast<void>(run(
                    service->create_intent(call("r" + std::to_string(round)), intent(amount, method, true))));
                break;
            case 2:
                static_cast<void>(run(service->confirm_intent(
                    call(), ids[static_cast<std::size_t>(pick(static_cast<int>(ids.size())))], with_card())));
                break;
            case 3: {
                gateway::CaptureIntent input;
                if (pick(2) == 0) input.amount_to_capture = 1 + pick(6000);
                static_cast<void>(run(service->capture_intent(
                    call(), ids[static_cast<std::size_t>(pick(static_cast<int>(ids.size())))], input)));
                break;
            }
            default:
                static_cast<void>(run(service->cancel_intent(
                    call(), ids[static_cast<std::size_t>(pick(static_cast<int>(ids.size())))], {})));
                break;
        }
        if (pick(10) == 0) recover();
    }
    vault.authorize_mode = vault.capture_mode = vault.reverse_mode = Mode::normal;
    for (int i = 0; i < 6; ++i)
        recover();
    EXPECT_GT(vault.captured_sum(), 0);
    expect_consistent();
}

class Tenancy : public World {};

TEST_F(Tenancy, ShowsAnAccountNoRowOfAnother) {
    const auto id = authorized_intent(1000);
    auto see = [this, &id](common::AccountId as) {
        auto job = [&](gateway::store::Transaction& tx) -> Result<std::size_t> {
            gateway::store::enter(tx, as);
            std::size_t rows =
                gateway::store::find<gateway::PaymentIntent>(tx, scope_of(account), id) ? 1 : 0;
            for (const auto* table :
                 {"accounts", "payment_methods", "payment_intents", "charges", "acquirer_requests", "events",
                  "event_counters", "ledger_accounts", "ledger_transfers"})
                rows += tx.exec_raw(std::string{"SELECT 1 FROM "} + table +
                                    " WHERE account_id = " + std::to_string(account.value))
                            .size();
            return rows;
        };
        return pool->transaction_blocking(job).value();
    };
    EXPECT_GE(see(account), 10U);
    EXPECT_EQ(see(strict), 0U);
}

TEST_F(Tenancy, ShowsNothingToATransactionThatNamesNoAccount) {
    static_cast<void>(authorized_intent(1000));
    auto job = [](gateway::store::Transaction& tx) -> Result<std::int64_t> {
        return tx.exec_raw("SELECT count(*) FROM payment_intents")[0][0].as<std::int64_t>();
    };
    EXPECT_EQ(pool->transaction_blocking(job).value(), 0);
}

TEST_F(Tenancy, LetsTheServiceRoleNeitherRewriteEventsNorTransfers) {
    static_cast<void>(authorized_intent(1000));
    for (const auto* statement :
         {"UPDATE events SET type = 'x'", "DELETE FROM events", "DELETE FROM ledger_transfers",
          "UPDATE ledger_transfers SET amount = 1", "DELETE FROM acquirer_requests", "DROP TABLE charges",
          "UPDATE payment_intents SET account_id = 1", "ALTER TABLE charges DISABLE ROW LEVEL SECURITY"}) {
        auto job = [this, statement](gateway::store::Transaction& tx) -> Result<bool> {
            gateway::store::enter(tx, account);
            tx.exec_raw(statement);
            return true;
        };
        EXPECT_FALSE(pool->transaction_blocking(job)) << statement;
    }
}

class ApiKeys : public World {};

TEST_F(ApiKeys, OpenTheirAccountAndModeAndNothingElse) {
    const auto key = merchants->create_key(account, false, gateway::KeyKind::secret);
    ASSERT_TRUE(key) << key.error().describe();
    const auto caller = run(merchants->authenticate(key->view()));
    ASSERT_TRUE(caller) << caller.error().describe();
    EXPECT_EQ(caller->account.id, account);
    EXPECT_EQ(caller->account.authentication_mode, "delegated");
    EXPECT_FALSE(caller->livemode);
    std::string other{key->view()};
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{9}, std::size_t{20}, std::size_t{30}, other.size() - 1}) {
        auto bad = other;
        bad[at] = bad[at] == 'a' ? 'b' : 'a';
        const auto refused = run(merchants->authenticate(bad));
        ASSERT_FALSE(refused) << at;
        EXPECT_EQ(refused.error().status(), 401);
        EXPECT_NE(refused.error().message().find("Invalid API Key provided"), std::string::npos);
        EXPECT_EQ(refused.error().message().find(bad.substr(12, 20)), std::string::npos) << "shows the key";
    }
    EXPECT_FALSE(run(merchants->authenticate("")));
    // A wrong secret with a right checksum.
    auto forged = other.substr(0, other.size() - 7) + (other[other.size() - 7] == 'a' ? "b" : "a");
    forged += common::checksum62(forged);
    EXPECT_EQ(run(merchants->authenticate(forged)).error().status(), 401);
}

}  // namespace
}  // namespace tests
