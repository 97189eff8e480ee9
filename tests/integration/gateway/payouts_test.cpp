// Payouts on a real database, with the sandbox bank, or one that the tests play, and a clock that they move.
#include "gateway/payouts/payouts.h"

#include <algorithm>

#include "gateway/ledger/ledger.h"
#include "gateway/ledger/release.h"
#include "gateway/payouts/sandbox_bank.h"
#include "gateway/payouts/settle.h"
#include "gateway/store/accounts.h"
#include "gateway/store/balance_transactions.h"
#include "gateway/store/bank_accounts.h"
#include "gateway/store/payouts.h"
#include "world.h"

namespace tests {
namespace {

using gateway::BalanceTransaction;
using gateway::BankAccount;
using gateway::CaptureMethod;
using gateway::Payout;
using gateway::PayoutMethod;
using gateway::PayoutStatus;
using gateway::Work;
using gateway::store::Transaction;
namespace payouts = gateway::payouts;

// Hands on to the sandbox bank what the test lets through.
class PlayedBank final : public payouts::Bank {
  public:
    // Other tests' payouts, which are due on the same database, are not counted.
    PlayedBank(payouts::Bank& behind, common::AccountId account) : behind_{&behind}, account_{account} {}
    bool reached = true, answers = true;  // an order arrives; its answer comes back
    std::optional<payouts::Outcome> says;
    int asked = 0;

    Task<std::string> take(payouts::Order order) override {
        if (order.scope.account == account_) ++asked;
        if (!reached) co_return common::Fail{common::Error::unavailable("the bank is away")};
        auto taken = co_await behind_->take(std::move(order));
        if (!answers) co_return common::Fail{common::Error::unavailable("the answer is lost")};
        co_return taken;
    }
    Task<std::optional<payouts::Outcome>> outcome(gateway::Scope scope, std::string payout) override {
        if (says) co_return says;
        co_return co_await behind_->outcome(scope, std::move(payout));
    }

  private:
    payouts::Bank* behind_;
    common::AccountId account_;
};

class Payouts : public World {
  protected:
    Payouts() {
        terms.test_mode = true;
        set_bank_account("000123456789");
    }

    std::string set_bank_account(std::string_view number, std::string_view currency = "eur") {
        BankAccount made;
        made.id = common::new_id("ba_", account);
        made.scope = scope_of(account);
        set_time(made, now_ms());
        made.country = "US";
        made.currency = *common::Currency::find(currency);
        made.holder_name = "Jenny Rosen";
        made.routing_number = "110000000";
        numbers.seal(made, common::SecretText{number});
        as(account, [&](Transaction& tx) -> Result<bool> {
            gateway::store::retire_bank_account(tx, made.scope, made.currency);
            gateway::store::insert(tx, made);
            return true;
        }).value();
        return made.id;
    }
    // Money of a payment without a fee, available at once.
    void earn(std::int64_t amount) {
        gateway::ledger::Terms free;
        free.prices.basis_points = free.prices.fixed = 0;
        free.settlement_days = 0;
        service = std::make_unique<gateway::PaymentService>(*pool, vault, renderer, clock, free);
        ASSERT_TRUE(run(service->create_intent(call(), intent(amount, CaptureMethod::automatic, true))));
        release();
    }
    void release() { ASSERT_TRUE(run(gateway::ledger::release_due(*pool, renderer, now_ms(), 1000))); }

    Task<StoredResponse> work(gateway::Job job, std::string key = "") {
        return works.change(call(std::move(key), "/v1/payouts"), merchant, std::move(job));
    }
    Task<StoredResponse> ask(payouts::NewPayout input, std::string key = "") {
        return work(
            [this, input = std::move(input)](Work& work) -> Result<boost::json::object> {
                const auto payout = payouts::create(work, terms, input);
                if (!payout) return common::Fail{payout.error()};
                return work.show(&*payout);
            },
            std::move(key));
    }
    Task<StoredResponse> ask_to_cancel(std::string id) {
        return work([id = std::move(id)](Work& work) -> Result<boost::json::object> {
            const auto payout = payouts::cancel(work, id);
            if (!payout) return common::Fail{payout.error()};
            return work.show(&*payout);
        });
    }
    static payouts::NewPayout of(std::int64_t amount, PayoutMethod method = PayoutMethod::standard) {
        payouts::NewPayout input;
        input.amount = amount;
        input.method = method;
        return input;
    }
    std::string made(std::int64_t amount, PayoutMethod method = PayoutMethod::standard) {
        const auto response = run(ask(of(amount, method)));
        if (!response || response->status != 200)
            throw std::runtime_error{response ? response->body : response.error().describe()};
        return std::string{json_of(*response).at("id").as_string()};
    }
    std::string fault(Task<StoredResponse> task) {
        const auto response = run(std::move(task));
        if (!response) return response.error().describe();
        if (response->status == 200) return "200";
        const auto error = json_of(*response).at("error").as_object();
        const auto text = [&](const char* name) {
            const auto* value = error.if_contains(name);
            return value ? std::string{value->as_string()} : std::string{"-"};
        };
        return std::to_string(response->status) + " " + text("code") + " " + text("param") + ": " +
               text("message");
    }
    Payout payout(const std::string& id) {
        return as(account,
                  [&](Transaction& tx) { return gateway::store::require<Payout>(tx, scope_of(account), id); })
            .value();
    }
    gateway::ledger::Funds funds() {
        return as(account,
                  [&](Transaction& tx) -> Result<gateway::ledger::Funds> {
                      return gateway::ledger::funds(gateway::ledger::balances(tx, scope_of(account)))["eur"];
                  })
            .value();
    }
    std::vector<BalanceTransaction> transactions_of(const std::string& id) {
        return as(account,
                  [&](Transaction& tx) -> Result<std::vector<BalanceTransaction>> {
                      gateway::ListQuery query;
                      query.equal = {{"payout", id}};
                      auto page = gateway::store::list<BalanceTransaction>(tx, scope_of(account), query);
                      if (!page) return common::Fail{page.error()};
                      return std::move(page->items);
                  })
            .value();
    }
    Task<int> round() { return dispatcher.run(1000); }
    // What the clock has to do, to the end.
    void dispatch() {
        for (int i = 0; i < 5; ++i)
            ASSERT_TRUE(run(round()));
    }
    void pass(std::chrono::milliseconds time) {
        clock.advance(time);
        dispatch();
    }
    std::int64_t orders() {
        return count("SELECT count(*) FROM sandbox_bank_orders WHERE account_id = " +
                     std::to_string(account.value));
    }
    std::int64_t events(const std::string& type) { return std::ranges::count(event_types(), type); }
    std::int64_t now_ms() const { return clock.now().time_since_epoch().count(); }

    gateway::Works works{*pool, renderer, clock};
    gateway::Account merchant = as(account, [this](Transaction& tx) -> Result<gateway::Account> {
                                    return *gateway::store::find_account(tx, account);
                                }).value();
    payouts::Terms terms;
    gateway::BankNumbers numbers{
        common::SecretBytes::copy_of(std::string_view{"pepper of thirty-two characters."})};
    payouts::SandboxBank sandbox{*pool, clock};
    PlayedBank bank{sandbox, account};
    payouts::Dispatcher dispatcher{*pool, bank, numbers, renderer, clock};
};

TEST_F(Payouts, TakeTheMoneyAtOnceAndArriveWhenTheirDayHasCome) {
    earn(1000);
    const auto id = made(700);
    EXPECT_EQ(funds().available, 300);
    const auto booked = transactions_of(id);
    ASSERT_EQ(booked.size(), 1U);
    EXPECT_EQ(booked[0].id, payout(id).balance_transaction);
    EXPECT_EQ(booked[0].type, "payout");
    EXPECT_EQ(booked[0].amount, -700);
    EXPECT_EQ(booked[0].net, -700);
    EXPECT_EQ(booked[0].status, gateway::BalanceStatus::available);
    EXPECT_EQ(booked[0].source, id);
    expect_consistent();

    pass(std::chrono::minutes{59});
    EXPECT_EQ(payout(id).status, PayoutStatus::pending);
    EXPECT_EQ(orders(), 0);
    pass(std::chrono::minutes{1});
    EXPECT_EQ(payout(id).status, PayoutStatus::in_transit);
    EXPECT_TRUE(payout(id).trace);
    EXPECT_EQ(orders(), 1);
    expect_consistent();
    pass(std::chrono::hours{46});
    EXPECT_EQ(payout(id).status, PayoutStatus::in_transit);
    pass(std::chrono::hours{1});
    EXPECT_EQ(payout(id).status, PayoutStatus::paid);
    EXPECT_EQ(funds().available, 300);
    EXPECT_EQ(events("payout.created"), 1);
    EXPECT_EQ(events("payout.updated"), 2) << "in transit, and the bank's reference";
    EXPECT_EQ(events("payout.paid"), 1);
    expect_consistent();
}

TEST_F(Payouts, ThatAreInstantDoNotWait) {
    earn(1000);
    const auto id = made(1000, PayoutMethod::instant);
    dispatch();
    EXPECT_EQ(payout(id).status, PayoutStatus::in_transit);
    pass(std::chrono::minutes{30});
    EXPECT_EQ(payout(id).status, PayoutStatus::paid);
    expect_consistent();
}

TEST_F(Payouts, FailByTheNumberOfTheBankAccountAndGiveTheMoneyBack) {
    earn(1000);
    const std::pair<const char*, const char*> accounts[] = {{"000111111116", "no_account"},
                                                            {"000111111113", "account_closed"},
                                                            {"000222222227", "insufficient_funds"},
                                                            {"000333333335", "debit_not_authorized"},
                                                            {"000444444440", "invalid_currency"}};
    for (const auto& [number, code] : accounts) {
        set_bank_account(number);
        const auto id = made(1000, PayoutMethod::instant);
        pass(std::chrono::seconds{1});
        EXPECT_EQ(funds().available, 0);
        pass(std::chrono::minutes{30});
        const auto failed = payout(id);
        EXPECT_EQ(failed.status, PayoutStatus::failed) << number;
        EXPECT_EQ(failed.failure_code, code);
        EXPECT_FALSE(failed.due_at);
        const auto booked = transactions_of(id);
        ASSERT_EQ(booked.size(), 2U);
        EXPECT_EQ(booked[0].id, failed.failure_balance_transaction);
        EXPECT_EQ(booked[0].type, "payout_failure");
        EXPECT_EQ(booked[0].net, 1000);
        EXPECT_EQ(funds().available, 1000);
    }
    EXPECT_EQ(events("payout.failed"), 5);
    EXPECT_EQ(events("payout.paid"), 0);
    expect_consistent();
}

TEST_F(Payouts, ThatThePaidBankSendsBackLaterFailAfterAll) {
    earn(1000);
    const auto id = made(1000, PayoutMethod::instant);
    dispatch();
    pass(std::chrono::minutes{30});
    ASSERT_EQ(payout(id).status, PayoutStatus::paid);
    pass(std::chrono::hours{24});
    EXPECT_EQ(payout(id).status, PayoutStatus::paid);
    bank.says = payouts::Outcome{"account_closed"};
    pass(std::chrono::hours{24});
    EXPECT_EQ(payout(id).status, PayoutStatus::failed);
    EXPECT_EQ(funds().available, 1000);
    EXPECT_EQ(events("payout.paid"), 1);
    EXPECT_EQ(events("payout.failed"), 1);
    expect_consistent();
}

TEST_F(Payouts, AreWatchedForSomeDaysAfterTheyArePaid) {
    earn(1000);
    const auto id = made(1000, PayoutMethod::instant);
    dispatch();
    pass(std::chrono::minutes{30});
    for (int day = 0; day < payouts::watched_days; ++day) {
        EXPECT_TRUE(payout(id).due_at) << day;
        pass(std::chrono::hours{24});
    }
    EXPECT_FALSE(payout(id).due_at);
    bank.says = payouts::Outcome{"account_closed"};
    pass(std::chrono::hours{48});
    EXPECT_EQ(payout(id).status, PayoutStatus::paid);
    EXPECT_EQ(events("payout.paid"), 1);
}

TEST_F(Payouts, CanBeCanceledUntilTheyAreSent) {
    earn(1000);
    const auto id = made(1000);
    EXPECT_EQ(fault(ask_to_cancel(id)), "200");
    const auto canceled = payout(id);
    EXPECT_EQ(canceled.status, PayoutStatus::canceled);
    const auto booked = transactions_of(id);
    ASSERT_EQ(booked.size(), 2U);
    EXPECT_EQ(booked[0].id, canceled.failure_balance_transaction);
    EXPECT_EQ(booked[0].type, "payout_cancel");
    EXPECT_EQ(booked[0].reporting_category, "payout_reversal");
    EXPECT_EQ(funds().available, 1000);
    pass(std::chrono::hours{72});
    EXPECT_EQ(orders(), 0);
    constexpr auto* refused =
        "400 - -: Only a payout with a status of pending can be canceled. This one has a status of ";
    EXPECT_EQ(fault(ask_to_cancel(id)), std::string{refused} + "canceled.");
    const auto sent = made(1000);
    pass(std::chrono::hours{1});
    EXPECT_EQ(fault(ask_to_cancel(sent)), std::string{refused} + "in_transit.");
    EXPECT_EQ(fault(ask_to_cancel("po_none")), "404 resource_missing id: No such payout: 'po_none'");
    EXPECT_EQ(events("payout.canceled"), 1);
    expect_consistent();
}

TEST_F(Payouts, AreCanceledOrSentButNotBoth) {
    for (int i = 0; i < 10; ++i) {
        earn(100);
        const auto id = made(100);
        clock.advance(std::chrono::hours{1});
        std::vector<Task<bool>> both;
        bool canceled = false;
        both.push_back([](auto* self, std::string id, bool& done) -> Task<bool> {
            const auto response = co_await self->ask_to_cancel(std::move(id));
            done = response && response->status == 200;
            co_return true;
        }(this, id, canceled));
        both.push_back([](auto* self) -> Task<bool> {
            const auto done = co_await self->round();
            co_return done.has_value();
        }(this));
        run_all(std::move(both));
        dispatch();
        EXPECT_EQ(payout(id).status, canceled ? PayoutStatus::canceled : PayoutStatus::in_transit);
    }
    expect_consistent();
}

TEST_F(Payouts, AreCanceledOnce) {
    earn(1000);
    const auto id = made(1000);
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(ask_to_cancel(id));
    const auto outcomes = run_all(std::move(tasks));
    EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& one) { return one && one->status == 200; }), 1);
    EXPECT_EQ(funds().available, 1000);
    expect_consistent();
}

TEST_F(Payouts, OfTheWholeSucceedOnceHoweverManyAreAskedForAtOnce) {
    earn(1000);
    std::vector<Task<StoredResponse>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(ask(of(1000)));
    int made = 0;
    for (const auto& outcome : run_all(std::move(tasks))) {
        ASSERT_TRUE(outcome) << outcome.error().describe();
        if (outcome->status == 200) {
            ++made;
            continue;
        }
        EXPECT_EQ(json_of(*outcome).at("error").at("code"), "balance_insufficient");
        EXPECT_EQ(json_of(*outcome).at("error").at("param"), "amount");
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(funds().available, 0);
    expect_consistent();
}

TEST_F(Payouts, OfPartsNeverExceedWhatIsAvailableThoughMoneyComesMeanwhile) {
    earn(500);
    gateway::ledger::Terms free;
    free.prices.basis_points = free.prices.fixed = 0;
    free.settlement_days = 0;
    service = std::make_unique<gateway::PaymentService>(*pool, vault, renderer, clock, free);
    ASSERT_TRUE(run(service->create_intent(call(), intent(500, CaptureMethod::automatic, true))));
    std::vector<Task<bool>> tasks;
    int made = 0;
    for (int i = 0; i < 20; ++i)
        tasks.push_back([](auto* self, int& made) -> Task<bool> {
            const auto response = co_await self->ask(of(150));
            made += response && response->status == 200;
            co_return true;
        }(this, made));
    tasks.push_back([](auto* self) -> Task<bool> {
        const auto done =
            co_await gateway::ledger::release_due(*self->pool, self->renderer, self->now_ms(), 1000);
        co_return done.has_value();
    }(this));
    run_all(std::move(tasks));
    EXPECT_GE(made, 3);
    EXPECT_LE(made, 6);
    EXPECT_EQ(funds().available, 1000 - made * 150);
    expect_consistent();
}

TEST_F(Payouts, AreRefusedBeyondTheBalanceAndWhereNothingWasEverAvailable) {
    EXPECT_EQ(fault(ask(of(1))),
              "400 balance_insufficient amount: You have insufficient funds in your balance for this payout: "
              "0.00 EUR of 0.01 EUR are available.");
    earn(1000);
    EXPECT_EQ(fault(ask(of(1001))).substr(0, 32), "400 balance_insufficient amount:");
    EXPECT_EQ(fault(ask(of(INT64_MAX))).substr(0, 32), "400 balance_insufficient amount:");
    EXPECT_EQ(fault(ask(of(0))),
              "400 parameter_invalid_integer amount: This value must be greater than or equal to 1.");
    EXPECT_EQ(funds().available, 1000);
    EXPECT_EQ(events("payout.created"), 0);
    expect_consistent();
}

TEST_F(Payouts, AreRefusedWhileTheyAreNotAllowed) {
    earn(1000);
    ASSERT_TRUE(as(account, [this](Transaction& tx) -> Result<bool> {
                    return gateway::store::enable_payouts(tx, account, false);
                }).value());
    merchant = as(account, [this](Transaction& tx) -> Result<gateway::Account> {
                   return *gateway::store::find_account(tx, account);
               }).value();
    EXPECT_FALSE(merchant.payouts_enabled);
    EXPECT_TRUE(merchant.charges_enabled);
    EXPECT_EQ(fault(ask(of(1000))), "400 payouts_not_allowed -: Payouts are not enabled for this account.");
    merchant.payouts_enabled = true;
    terms.test_mode = false;
    EXPECT_EQ(fault(ask(of(1000))), "400 payouts_not_allowed -: This gateway makes no payouts in this mode.");
}

TEST_F(Payouts, GoToTheBankAccountOfTheirCurrency) {
    earn(1000);
    auto input = of(100);
    input.currency = *common::Currency::find("usd");
    EXPECT_EQ(fault(ask(input)), "400 - destination: You have no bank account for payouts in usd.");
    const auto dollars = set_bank_account("000123456789", "usd");
    EXPECT_EQ(fault(ask(input)).substr(0, 32), "400 balance_insufficient amount:");
    input = of(100);
    input.destination = dollars;
    EXPECT_EQ(fault(ask(input)),
              "400 - destination: The bank account " + dollars + " takes payouts in usd only.");
    input.destination = "ba_none";
    EXPECT_EQ(fault(ask(input)), "400 resource_missing destination: No such external account: 'ba_none'");
    const auto old = payout(made(100)).destination;
    const auto present = set_bank_account("000111111116");
    EXPECT_NE(old, present);
    input.destination = old;
    EXPECT_EQ(fault(ask(input)), "400 - destination: The bank account " + old +
                                     " has been replaced; payouts go to the present one.");
    input.destination = present;
    EXPECT_EQ(fault(ask(input)), "200");
}

TEST_F(Payouts, AreRepeatedUnderTheirKey) {
    earn(1000);
    const auto first = run(ask(of(1000), "k"));
    const auto again = run(ask(of(1000), "k"));
    ASSERT_TRUE(first && again);
    EXPECT_EQ(first->body, again->body);
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(events("payout.created"), 1);
    expect_consistent();
}

TEST_F(Payouts, WaitForABankThatIsAway) {
    earn(1000);
    const auto id = made(1000, PayoutMethod::instant);
    bank.reached = false;
    dispatch();
    EXPECT_EQ(payout(id).status, PayoutStatus::in_transit);
    EXPECT_EQ(bank.asked, 1) << "not again before the lease is over";
    pass(std::chrono::seconds{31});
    EXPECT_EQ(bank.asked, 2);
    EXPECT_EQ(orders(), 0);
    bank.reached = true;
    pass(std::chrono::minutes{31});
    EXPECT_EQ(payout(id).status, PayoutStatus::paid);
    expect_consistent();
}

TEST_F(Payouts, ReachTheBankOnceThoughItsAnswerWasLost) {
    earn(1000);
    const auto id = made(1000, PayoutMethod::instant);
    bank.answers = false;
    dispatch();
    EXPECT_EQ(orders(), 1);
    EXPECT_FALSE(payout(id).trace);
    bank.answers = true;
    pass(std::chrono::seconds{31});
    EXPECT_EQ(bank.asked, 2);
    EXPECT_EQ(orders(), 1);
    EXPECT_TRUE(payout(id).trace);
    pass(std::chrono::minutes{30});
    EXPECT_EQ(payout(id).status, PayoutStatus::paid);
    EXPECT_EQ(events("payout.paid"), 1);
    expect_consistent();
}

TEST_F(Payouts, AreSentOnceBySeveralGateways) {
    earn(2000);
    for (int i = 0; i < 20; ++i)
        made(100);
    clock.advance(std::chrono::hours{1});
    const auto rounds = [this] {
        std::vector<Task<int>> gateways;
        for (int i = 0; i < 4; ++i)
            gateways.push_back(round());
        for (const auto& outcome : run_all(std::move(gateways)))
            EXPECT_TRUE(outcome) << outcome.error().describe();
    };
    rounds();
    dispatch();
    EXPECT_EQ(orders(), 20);
    EXPECT_EQ(bank.asked, 20);
    clock.advance(std::chrono::hours{47});
    rounds();
    dispatch();
    EXPECT_EQ(events("payout.paid"), 20);
    expect_consistent();
}

TEST_F(Payouts, WaitWhereTheNumberOfTheBankAccountDoesNotOpen) {
    earn(1000);
    const auto id = made(1000, PayoutMethod::instant);
    gateway::BankNumbers others{
        common::SecretBytes::copy_of(std::string_view{"another pepper, of 32 characters"})};
    payouts::Dispatcher elsewhere{*pool, bank, others, renderer, clock};
    ASSERT_TRUE(run(elsewhere.run(1000)));
    EXPECT_EQ(payout(id).status, PayoutStatus::in_transit);
    EXPECT_EQ(bank.asked, 0);
    pass(std::chrono::seconds{31});
    EXPECT_EQ(orders(), 1);
}

TEST_F(Payouts, AreListedByStatusDestinationAndTheDayOfTheirArrival) {
    earn(1000);
    const auto first = made(100);
    clock.advance(std::chrono::hours{24});
    const auto second = made(100);
    ASSERT_EQ(fault(ask_to_cancel(second)), "200");
    const auto listed = [this](const gateway::ListQuery& query) {
        return as(account,
                  [&](Transaction& tx) -> Result<std::vector<std::string>> {
                      auto page = gateway::store::list<Payout>(tx, scope_of(account), query);
                      if (!page) return common::Fail{page.error()};
                      std::vector<std::string> ids;
                      for (const auto& item : page->items)
                          ids.push_back(item.id);
                      return ids;
                  })
            .value();
    };
    const auto day = payout(second).arrival_date;
    using Ids = std::vector<std::string>;
    gateway::ListQuery query;
    EXPECT_EQ(listed(query), (Ids{second, first}));
    query.between = {{"arrival_date", day, {}}};
    EXPECT_EQ(listed(query), Ids{second});
    query.between = {{"arrival_date", {}, day}};
    EXPECT_EQ(listed(query), Ids{first});
    query.between = {{"arrival_date", day - 86400, day}};
    EXPECT_EQ(listed(query), Ids{first});
    query.between.clear();
    query.equal = {{"status", "canceled"}};
    EXPECT_EQ(listed(query), Ids{second});
    query.equal = {{"destination", payout(first).destination}, {"status", "pending"}};
    EXPECT_EQ(listed(query), Ids{first});
}

TEST_F(Payouts, OfMoneyThatWasRefundedSinceLeaveADebt) {
    earn(1000);
    made(1000);
    gateway::NewRefund input;
    input.charge = as(account, [this](Transaction& tx) -> Result<std::string> {
                       auto page = gateway::store::list<BalanceTransaction>(tx, scope_of(account), {});
                       return *std::ranges::find(page->items, "charge", &BalanceTransaction::type)->source;
                   }).value();
    const auto refunded = run(service->create_refund(call("", "/v1/refunds"), input));
    ASSERT_TRUE(refunded) << refunded.error().describe();
    ASSERT_EQ(refunded->status, 200) << refunded->body;
    EXPECT_EQ(funds().available, -1000);
    EXPECT_EQ(fault(ask(of(1))).substr(0, 32), "400 balance_insufficient amount:");
    expect_consistent();
}

}  // namespace
}  // namespace tests
