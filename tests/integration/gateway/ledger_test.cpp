// Captures, fees, releases and balances on a real database.
#include "gateway/ledger/ledger.h"

#include <algorithm>
#include <random>

#include "gateway/ledger/release.h"
#include "gateway/store/balance_transactions.h"
#include "gateway/store/events.h"
#include "gateway/store/ledger.h"
#include "world.h"

namespace tests {
namespace {

using gateway::BalanceStatus;
using gateway::BalanceTransaction;
using gateway::CaptureMethod;
using gateway::store::Transaction;

class Ledger : public World {
  protected:
    std::string paid_intent(std::int64_t amount) {
        const auto made = run(service->create_intent(call(), intent(amount, CaptureMethod::automatic, true)));
        if (!made) throw std::runtime_error{made.error().describe()};
        return std::string{json_of(*made).at("id").as_string()};
    }
    std::vector<BalanceTransaction> transactions(std::string source = "") {
        return as(account,
                  [&](Transaction& tx) -> Result<std::vector<BalanceTransaction>> {
                      gateway::ListQuery query;
                      query.limit = 1000;
                      if (!source.empty()) query.equal = {{"source", source}};
                      auto page = gateway::store::list<BalanceTransaction>(tx, scope_of(account), query);
                      if (!page) return common::Fail{page.error()};
                      return std::move(page->items);
                  })
            .value();
    }
    gateway::ledger::Funds funds() {
        return as(account,
                  [&](Transaction& tx) -> Result<gateway::ledger::Funds> {
                      return gateway::ledger::funds(gateway::ledger::balances(tx, scope_of(account)))["eur"];
                  })
            .value();
    }
    Task<int> release_task(int limit = 1000) {
        return gateway::ledger::release_due(*pool, renderer, clock.now().time_since_epoch().count(), limit);
    }
    // Of this test's account; others of the same database may be due as well.
    std::int64_t released() {
        return count("SELECT count(*) FROM ledger_transfers WHERE step = 'release' AND account_id = " +
                     std::to_string(account.value));
    }
    // Captures without payments around them.
    void capture_many(int many) {
        as(account, [&](Transaction& tx) -> Result<bool> {
            for (int i = 0; i < many; ++i) {
                const auto charge = "ch_many_" + std::to_string(i);
                const common::Money amount{100 + i, *common::Currency::find("eur")};
                const auto now_ms = clock.now().time_since_epoch().count();
                gateway::ledger::hold(tx, scope_of(account), {charge}, amount, now_ms);
                EXPECT_TRUE(
                    gateway::ledger::capture(tx, scope_of(account), {{charge}, amount, {}}, {}, now_ms));
            }
            return true;
        }).value();
    }
};

TEST_F(Ledger, TakesTheFeeAndWritesABalanceTransactionWithTheCapture) {
    const auto view = find(paid_intent(1999));
    ASSERT_TRUE(view.latest_charge->balance_transaction);
    const auto booked = transactions();
    ASSERT_EQ(booked.size(), 1U);
    const auto& transaction = booked.front();
    EXPECT_EQ(transaction.id, view.latest_charge->balance_transaction);
    EXPECT_EQ(transaction.source, view.latest_charge->id);
    EXPECT_EQ(transaction.type, "charge");
    EXPECT_EQ(transaction.amount, 1999);
    EXPECT_EQ(transaction.fee, 55);
    EXPECT_EQ(transaction.net, 1944);
    ASSERT_EQ(transaction.fee_details.size(), 1U);
    EXPECT_EQ(transaction.fee_details.front().amount, 55);
    EXPECT_EQ(transaction.status, BalanceStatus::pending);
    EXPECT_EQ(transaction.available_on, transaction.created + 2 * 24 * 3600);
    EXPECT_EQ(funds().pending, 1944);
    EXPECT_EQ(funds().available, 0);
    expect_consistent();
}

TEST_F(Ledger, TakesTheFeeOfWhatIsCapturedNotOfWhatWasHeld) {
    const auto id = authorized_intent(1000);
    EXPECT_TRUE(transactions().empty());
    EXPECT_FALSE(find(id).latest_charge->balance_transaction);
    EXPECT_EQ(funds().pending, 0) << "a hold counts for nothing";
    gateway::CaptureIntent input;
    input.amount_to_capture = 600;
    ASSERT_TRUE(run(service->capture_intent(call(), id, input)));
    ASSERT_EQ(transactions().size(), 1U);
    EXPECT_EQ(transactions().front().amount, 600);
    EXPECT_EQ(transactions().front().fee, 34);
    EXPECT_EQ(funds().pending, 566);
    expect_consistent();
}

TEST_F(Ledger, KeepsNothingOfWhatWasCanceledOrDeclined) {
    const auto id = authorized_intent(1000);
    ASSERT_EQ(run(service->cancel_intent(call(), id, {}))->status, 200);
    vault.authorize_code = "51";
    EXPECT_EQ(run(service->create_intent(call(), intent(500, CaptureMethod::automatic, true)))->status, 402);
    vault.authorize_code = "00";
    vault.capture_code = "05";
    EXPECT_EQ(run(service->create_intent(call(), intent(500, CaptureMethod::automatic, true)))->status, 402);
    EXPECT_TRUE(transactions().empty());
    EXPECT_EQ(funds().pending, 0);
    recover();
    expect_consistent();
}

TEST_F(Ledger, BooksACaptureOnceThoughTheProcessDiedOverIt) {
    const auto id = authorized_intent(1000);
    vault.capture_mode = FakeVault::Mode::hang_after;
    run_until_hanging_and_crash(service->capture_intent(call("k"), id, {}));
    EXPECT_TRUE(transactions().empty());
    EXPECT_GE(recover(), 1);
    recover();
    EXPECT_EQ(transactions().size(), 1U);
    expect_consistent();
}

TEST_F(Ledger, TakesNoFeeWhereThePriceListHasNone) {
    gateway::ledger::Terms free;
    free.prices.basis_points = free.prices.fixed = 0;
    free.settlement_days = 0;
    service = std::make_unique<gateway::PaymentService>(*pool, vault, renderer, clock, free);
    paid_intent(1000);
    ASSERT_EQ(transactions().size(), 1U);
    EXPECT_EQ(transactions().front().net, 1000);
    EXPECT_TRUE(transactions().front().fee_details.empty());
    EXPECT_EQ(transactions().front().available_on, transactions().front().created);
    expect_consistent();
}

TEST_F(Ledger, LeavesAMerchantWithNothingWhenTheFeeIsAllOfIt) {
    const auto id = authorized_intent(1000);
    gateway::CaptureIntent input;
    input.amount_to_capture = 10;
    ASSERT_TRUE(run(service->capture_intent(call(), id, input)));
    EXPECT_EQ(transactions().front().net, 0);
    clock.advance(std::chrono::hours{49});
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(transactions().front().status, BalanceStatus::available);
    expect_consistent();
}

TEST_F(Ledger, MakesMoneyAvailableWhenItsDayHasCome) {
    paid_intent(1000);
    clock.advance(std::chrono::hours{24});
    paid_intent(2000);
    clock.advance(std::chrono::hours{24} - std::chrono::seconds{1});
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(released(), 0);
    clock.advance(std::chrono::seconds{1});
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(funds().available, 960);
    EXPECT_EQ(funds().pending, 1945);
    expect_consistent();
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(released(), 1) << "and does so once";
    clock.advance(std::chrono::hours{24});
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(funds().available, 2905);
    EXPECT_EQ(funds().pending, 0);
    expect_consistent();
}

TEST_F(Ledger, TellsOnceThatMoneyBecameAvailable) {
    paid_intent(1000);
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(std::ranges::count(event_types(), "balance.available"), 0);
    clock.advance(std::chrono::hours{48});
    ASSERT_TRUE(run(release_task()));
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(std::ranges::count(event_types(), "balance.available"), 1);
    const auto told = as(account, [this](Transaction& tx) -> Result<gateway::Event> {
                          auto all = gateway::store::events_after(tx, scope_of(account), 0, 1000);
                          return *std::ranges::find(all, "balance.available", &gateway::Event::type);
                      }).value();
    EXPECT_FALSE(told.request_id) << "nobody asked for it";
    EXPECT_FALSE(told.idempotency_key);
    EXPECT_EQ(told.object.at("available").at(0).at("amount"), 960);
    expect_consistent();
}

TEST_F(Ledger, ReleasesOnceWhenSeveralGatewaysDoItAtOnce) {
    capture_many(250);
    clock.advance(std::chrono::hours{48});
    std::vector<Task<int>> gateways;
    for (int i = 0; i < 4; ++i)
        gateways.push_back(release_task());
    for (const auto& outcome : run_all(std::move(gateways)))
        EXPECT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(released(), 250);
    const auto all = transactions();
    EXPECT_EQ(std::ranges::count(all, BalanceStatus::available, &BalanceTransaction::status), 250);
    EXPECT_EQ(funds().pending, 0);
    std::int64_t net = 0;
    for (const auto& transaction : all)
        net += transaction.net;
    EXPECT_EQ(funds().available, net);
}

TEST_F(Ledger, GoesOnWhereAReleaseWasCutShort) {
    capture_many(30);
    clock.advance(std::chrono::hours{48});
    const auto undone = as(account, [&](Transaction& tx) -> Result<bool> {
        const auto now_ms = clock.now().time_since_epoch().count();
        for (const auto& due : gateway::store::take_due_balance(tx, account, now_ms / 1000, 10))
            gateway::ledger::release(tx, due, now_ms);
        return common::Fail{common::Error::internal("the process dies here")};
    });
    EXPECT_FALSE(undone);
    EXPECT_EQ(released(), 0);
    EXPECT_EQ(run(release_task(7)).value(), 7);
    ASSERT_TRUE(run(release_task()));
    EXPECT_EQ(released(), 30);
}

TEST_F(Ledger, RefusesToCaptureOrHoldTwice) {
    const auto eur = *common::Currency::find("eur");
    const auto again = as(account, [&](Transaction& tx) -> Result<bool> {
        const auto scope = scope_of(account);
        gateway::ledger::hold(tx, scope, {"ch_twice"}, {500, eur}, 1);
        gateway::ledger::hold(tx, scope, {"ch_twice"}, {500, eur}, 2);
        EXPECT_TRUE(gateway::ledger::capture(tx, scope, {{"ch_twice"}, {500, eur}, {}}, {}, 3));
        EXPECT_FALSE(gateway::ledger::capture(tx, scope, {{"ch_twice"}, {500, eur}, {}}, {}, 4));
        EXPECT_FALSE(gateway::ledger::void_hold(tx, scope, {"ch_twice"}, 5));
        EXPECT_FALSE(gateway::ledger::capture(tx, scope, {{"ch_none"}, {500, eur}, {}}, {}, 6));
        return true;
    });
    EXPECT_TRUE(again);
    EXPECT_EQ(funds().pending, 467);
    EXPECT_EQ(transactions().size(), 1U);
}

TEST_F(Ledger, ListsTheTransfersOfASourceNewestFirst) {
    paid_intent(1000);
    const auto charge = *find(paid_intent(2000)).intent.latest_charge;
    const auto listed = as(account, [&](Transaction& tx) {
                            gateway::ListQuery query;
                            query.equal = {{"source", charge}};
                            return gateway::store::list_transfers(tx, scope_of(account), query);
                        }).value();
    ASSERT_EQ(listed.items.size(), 2U);
    EXPECT_EQ(listed.items[0].step, "fee");
    EXPECT_EQ(listed.items[0].debit, "m_pend");
    EXPECT_EQ(listed.items[0].credit, "fee_inc");
    EXPECT_EQ(listed.items[1].step, "payment");
    EXPECT_EQ(listed.items[1].posted, 2000);
    EXPECT_TRUE(listed.items[1].settled_ms);
    ASSERT_EQ(transactions(charge).size(), 1U);
}

TEST_F(Ledger, ShowsNobodyTheBalanceOfAnother) {
    paid_intent(1000);
    const auto seen = as(strict, [&](Transaction& tx) -> Result<std::size_t> {
        gateway::ListQuery query;
        const auto page = gateway::store::list<BalanceTransaction>(tx, scope_of(account), query);
        return page->items.size() + gateway::ledger::balances(tx, scope_of(account)).size();
    });
    EXPECT_EQ(seen.value(), 0U);
    // The scan of the release sees whose money is due, and nothing once it is released.
    const auto scan = [&] {
        return pool
            ->transaction_blocking([&](Transaction& tx) -> Result<bool> {
                gateway::store::enter_scan(tx, gateway::store::Scan::balance_transactions);
                const auto due =
                    gateway::store::accounts_with_due_balance(tx, clock.unix_seconds(), 1'000'000);
                return std::ranges::find(due, account) != due.end();
            })
            .value();
    };
    EXPECT_FALSE(scan());
    clock.advance(std::chrono::hours{48});
    EXPECT_TRUE(scan());
    ASSERT_TRUE(run(release_task()));
    EXPECT_FALSE(scan());
}

// expect_consistent compares ledger, balance transactions, charges and what the acquirer holds.
TEST_F(Ledger, BalancesWhateverPaymentsDo) {
    std::mt19937 random{4711};
    std::vector<std::string> held;
    const auto any = [&](std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(random()) % (most - least + 1);
    };
    for (int i = 0; i < 60; ++i) {
        switch (any(0, 5)) {
            case 0:
                paid_intent(any(50, 5'000'000));
                break;
            case 1:
                held.push_back(authorized_intent(any(50, 100'000)));
                break;
            case 2:
                if (!held.empty()) {
                    gateway::CaptureIntent input;
                    input.amount_to_capture = any(1, find(held.back()).intent.amount_capturable);
                    EXPECT_EQ(run(service->capture_intent(call(), held.back(), input))->status, 200);
                    held.pop_back();
                }
                break;
            case 3:
                if (!held.empty()) {
                    EXPECT_EQ(run(service->cancel_intent(call(), held.back(), {}))->status, 200);
                    held.pop_back();
                }
                break;
            case 4:
                (any(0, 1) == 0 ? vault.authorize_code : vault.capture_code) = "51";
                EXPECT_EQ(run(service->create_intent(call(),
                                                     intent(any(50, 9'999), CaptureMethod::automatic, true)))
                              ->status,
                          402);
                vault.authorize_code = vault.capture_code = "00";
                break;
            default:
                clock.advance(std::chrono::hours{any(1, 20)});
                ASSERT_TRUE(run(release_task()));
        }
        expect_consistent();
    }
}

}  // namespace
}  // namespace tests
