// Leases of advices and blocks of numbers, as several processes take them.
#include <set>

#include "integration/relay/world.h"
#include "vault/relay/numbers.h"
#include "vault/store/exchange_store.h"

namespace tests {
namespace {

class RelayStore : public RelayTest {
  protected:
    void SetUp() override {
        RelayTest::SetUp();
        relay.reset();
    }
    vault::store::ExchangeStore store() { return vault::store::ExchangeStore{*pool}; }
};

// Advices of `payments` payments, two each.
void queue_advices(int payments) {
    Postgres::instance().run(
        "INSERT INTO exchange (account_id, request_id, kind, state, authorization_id, position, stan, rrn, "
        "sent_at,"
        " created_at) SELECT 7, 'adv_' || p || '_' || n, 'capture', 'queued', 'auth_' || p, n, '000001',"
        " '000000000000', '0101000000', 1 FROM generate_series(1, " +
            std::to_string(payments) + ") p, generate_series(1, 2) n",
        "relay");
    Postgres::instance().run("ANALYZE exchange", "relay");
}

TEST_F(RelayStore, LeasesTheFirstAdviceOfEachPaymentAndNoMoreThanAskedFor) {
    queue_advices(50);
    auto rows = store();
    std::set<std::string> taken;
    for (int round = 0; round < 5; ++round) {
        const auto leased = run(rows.lease_advices(AccountId{7}, "a", 1000, 2000, 8, Deadline::in(30s)));
        ASSERT_TRUE(leased) << leased.error().describe();
        EXPECT_EQ(leased->size(), 8U);
        for (const auto& advice : *leased) {
            EXPECT_EQ(advice.position, 1) << advice.request_id;
            EXPECT_EQ(advice.attempts, 1);
            // Of rows from before there were refunds.
            EXPECT_EQ(advice.processing_code, "000000");
            EXPECT_EQ(advice.original_mti, "0100");
            EXPECT_TRUE(taken.insert(advice.request_id).second) << advice.request_id;
        }
    }
    EXPECT_EQ(run(rows.lease_advices(AccountId{7}, "a", 1000, 2000, 99, Deadline::in(30s)))->size(), 10U);
    EXPECT_TRUE(run(rows.lease_advices(AccountId{7}, "b", 1000, 2000, 99, Deadline::in(30s)))->empty());
    EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE lease_owner = 'a'"), "50");
    // Later, when the leases have run out, another process has them all.
    EXPECT_EQ(run(rows.lease_advices(AccountId{7}, "b", 3000, 4000, 99, Deadline::in(30s)))->size(), 50U);
}

// With the plan in which the row-locking subquery would be the inner side of a join.
TEST_F(RelayStore, LeasesNoMoreThanAskedForWhateverThePlan) {
    Postgres::instance().run("ALTER ROLE vault SET enable_hashjoin = off", "relay");
    Postgres::instance().run("ALTER ROLE vault SET enable_mergejoin = off", "relay");
    Postgres::instance().run("ALTER ROLE vault SET enable_hashagg = off", "relay");
    Postgres::instance().run("ALTER ROLE vault SET enable_sort = off", "relay");
    Postgres::instance().run("ALTER ROLE vault SET enable_material = off", "relay");
    queue_advices(10);
    common::db::Pool::Options options;
    options.url = Postgres::instance().url("relay", "vault");
    common::db::Pool other{std::move(options), metrics};
    vault::store::ExchangeStore rows{other};
    const auto leased = run(rows.lease_advices(AccountId{7}, "a", 1000, 2000, 2, Deadline::in(30s)));
    Postgres::instance().run("ALTER ROLE vault RESET ALL", "relay");
    ASSERT_TRUE(leased) << leased.error().describe();
    EXPECT_EQ(leased->size(), 2U);
    EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE lease_owner = 'a'"), "2");
}

// Sixty-five accounts whose second advices are due, while their first ones wait for a repeat.
TEST_F(RelayStore, LooksPastAccountsThatHaveNothingToSendYet) {
    Postgres::instance().run(
        "INSERT INTO exchange (account_id, request_id, kind, state, authorization_id, position, stan, rrn,"
        " sent_at, next_at, created_at) SELECT 100 + p, 'adv_' || n, 'capture', 'queued', 'auth', n,"
        " '000001', '000000000000', '0101000000', CASE n WHEN 1 THEN 5000 ELSE 1 END, 1"
        " FROM generate_series(1, 65) p, generate_series(1, 2) n",
        "relay");
    queue_advices(1);
    auto rows = store();
    Postgres::instance().run("UPDATE exchange SET next_at = 500 WHERE account_id = 7", "relay");
    EXPECT_EQ(run(rows.due_accounts(1000, Deadline::in(30s))).value(), std::vector<AccountId>{AccountId{7}});
    EXPECT_EQ(run(rows.due_accounts(6000, Deadline::in(30s)))->size(), 64U);
}

TEST_F(RelayStore, SendsNoAdviceBeforeItsAuthorizationHasEnded) {
    queue_advices(1);
    Postgres::instance().run(
        "INSERT INTO exchange (account_id, request_id, kind, state, authorization_id, stan, rrn, sent_at, "
        "created_at)"
        " VALUES (7, 'auth_1', 'authorization', 'intent', 'auth_1', '000001', '000000000000', '0101000000', "
        "1)",
        "relay");
    auto rows = store();
    EXPECT_TRUE(run(rows.lease_advices(AccountId{7}, "a", 1000, 2000, 8, Deadline::in(30s)))->empty());
    Postgres::instance().run("UPDATE exchange SET state = 'reversed' WHERE state = 'intent'", "relay");
    EXPECT_EQ(run(rows.lease_advices(AccountId{7}, "a", 1000, 2000, 8, Deadline::in(30s)))->size(), 1U);
}

TEST_F(RelayStore, GivesEachProcessNumbersOfItsOwnAndStaysInTheGatewaysShare) {
    // One block before the last: the numbers begin anew on the way.
    Postgres::instance().run("DELETE FROM number_block", "relay");
    Postgres::instance().run("INSERT INTO number_block (name, block) VALUES ('stan', 897)", "relay");
    auto rows = store();
    vault::relay::Numbers one{rows}, other{rows};
    std::set<std::string> given;
    for (int i = 0; i < 1500; ++i)
        for (auto* numbers : {&one, &other}) {
            const auto number = run(numbers->next(Deadline::in(30s)));
            ASSERT_TRUE(number) << number.error().describe();
            EXPECT_EQ(number->size(), 6U);
            EXPECT_TRUE(*number >= "000001" && *number <= "899999") << *number;
            EXPECT_TRUE(given.insert(*number).second) << *number;
        }
    EXPECT_TRUE(given.contains("898000") && given.contains("899999") && given.contains("000001"));
    EXPECT_FALSE(given.contains("000000"));
}

TEST_F(RelayStore, GivesNoNumberTwiceAfterARestart) {
    auto rows = store();
    std::set<std::string> given;
    for (int i = 0; i < 5; ++i) {
        vault::relay::Numbers fresh{rows};
        EXPECT_TRUE(given.insert(run(fresh.next(Deadline::in(30s))).value()).second);
    }
}

}  // namespace
}  // namespace tests
