// The audit log as it is written: durable before it answers, gapless whoever writes, and shut when it cannot
// be written.
#include <gmock/gmock.h>

#include "integration/vault/audit_fixture.h"
#include "support/postgres_proxy.h"

namespace {

using namespace vault_test;
using common::Cause;
using testing::HasSubstr;

class AuditLog : public AuditTest {
  protected:
    // As many callers as given, each on its own thread's context, one entry after the other.
    void run_callers(Log& target, int callers, int entries_each) {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 2; ++t)
            threads.emplace_back([&, t] {
                boost::asio::io_context io{1};
                for (int c = t; c < callers; c += 2)
                    boost::asio::co_spawn(io, call(target, c, entries_each),
                                          [&](const std::exception_ptr& thrown) {
                                              if (thrown) ++failures;
                                          });
                io.run();
            });
    }
    boost::asio::awaitable<void> call(Log& target, int caller, int entries) {
        for (int i = 0; i < entries; ++i) {
            const auto name = "vt_" + std::to_string(caller) + '_' + std::to_string(i);
            const auto done = co_await target.record(entry(name), Deadline::in(30s));
            if (!done) ++failures;
        }
    }
    static void expect_refused(const common::Result<bool>& outcome) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().status(), 503);
    }
    bool refuses() {
        return soon([&] { return !record("vt_probe", 200ms); });
    }
    bool works_again() {
        return soon([&] { return record("vt_probe", 200ms).has_value(); });
    }

    std::atomic<int> failures = 0;
};

// PCI DSS 4.0.1: 10.2.2
TEST_F(AuditLog, HasAnEntryInTheDatabaseWhenItAnswers) {
    start();
    ASSERT_TRUE(record("vt_test_9"));
    EXPECT_EQ(one("SELECT actor || '|' || action || '|' || origin || '|' || outcome || '|' || detail"
                  " FROM audit_entry WHERE object = 'vt_test_9'"),
              "spiffe://portcullis/gateway|card.create|127.0.0.1|begun|areq_1");
}

// PCI DSS 4.0.1: 10.2.1
TEST_F(AuditLog, TellsItsOwnStartAndStop) {
    start();
    ASSERT_TRUE(record());
    log.reset();
    EXPECT_EQ(one("SELECT string_agg(action, ',' ORDER BY sequence) FROM audit_entry"),
              "audit.start,card.create,audit.stop");
    EXPECT_EQ(one("SELECT max(sequence) FROM audit_checkpoint"), "3");
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, GoesOnWhereTheLastProcessEnded) {
    make_history(3, 4);
    EXPECT_EQ(one("SELECT count(*) || ' ' || max(sequence) FROM audit_entry"), "18 18");
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, WritesTheEntriesOfManyCallersGaplesslyAndTogether) {
    start();
    run_callers(*log, 64, 20);
    log.reset();
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(
        one("SELECT count(*) || ' ' || max(sequence) || ' ' || count(DISTINCT object) FROM audit_entry"),
        "1282 1282 1281");
    EXPECT_LT(metrics.counter_value("db_transactions_total", {{"result", "committed"}}), 600);
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, LetsTwoWritersOfOneStreamCollideAndForksNothing) {
    start();
    const auto other = started(options());
    std::jthread second{[&] { run_callers(*other, 8, 20); }};
    run_callers(*log, 8, 20);
    second.join();
    EXPECT_EQ(failures, 0);
    log.reset();
    other->stop();
    EXPECT_EQ(one("SELECT count(*) || ' ' || max(sequence) FROM audit_entry"), "324 324");
    EXPECT_GT(metrics.counter_value("audit_collisions_total"), 0);
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, KeepsStreamsApart) {
    start();
    const auto other = started(options("operator:test"));
    ASSERT_TRUE(record());
    ASSERT_TRUE(wait_for(other->record(entry(), Deadline::in(5s))));
    other->stop();
    log.reset();
    EXPECT_EQ(count("audit_entry WHERE stream = 'operator:test'"), 3);
    EXPECT_EQ(count("audit_entry WHERE stream = 'vault:1'"), 3);
    EXPECT_EQ(verdict(), "sound");
}

class AuditLogAfterALostCommit : public AuditLog,
                                 public testing::WithParamInterface<tests::PostgresProxy::Loss> {};

TEST_P(AuditLogAfterALostCommit, HasEachEntryOnce) {
    tests::PostgresProxy proxy;
    auto through = pool_options();
    through.url = proxy.url("vault", "vault");
    pool = std::make_unique<common::db::Pool>(through, metrics);
    auto chosen = options();
    chosen.checkpoint_every = 1h;
    log = started(chosen);
    ASSERT_TRUE(record("vt_before"));
    proxy.lose(GetParam(), 1);
    ASSERT_TRUE(record("vt_lost"));
    ASSERT_TRUE(record("vt_after"));
    EXPECT_TRUE(proxy.has_lost());
    log.reset();
    EXPECT_EQ(
        one("SELECT string_agg(object, ',' ORDER BY sequence) FROM audit_entry WHERE object LIKE 'vt%'"),
        "vt_before,vt_lost,vt_after");
    EXPECT_EQ(verdict(), "sound");
}
INSTANTIATE_TEST_SUITE_P(OfEitherKind, AuditLogAfterALostCommit,
                         testing::Values(tests::PostgresProxy::Loss::commit,
                                         tests::PostgresProxy::Loss::answer),
                         [](const auto& info) {
                             return info.param == tests::PostgresProxy::Loss::commit ? "Commit" : "Answer";
                         });

// PCI DSS 4.0.1: 10.7.2
TEST_F(AuditLog, RefusesWhileTheDatabaseDoesAndRecoversByItself) {
    start();
    ASSERT_TRUE(record());
    tamper("REVOKE INSERT ON audit_entry FROM vault");
    expect_refused(record());
    EXPECT_EQ(log->health().trouble, Trouble::database);
    const auto before = count("audit_entry");
    tamper("GRANT INSERT ON audit_entry TO vault");
    EXPECT_TRUE(works_again());
    EXPECT_GT(count("audit_entry"), before);
    EXPECT_GT(metrics.counter_value("audit_failures_total", {{"reason", "database"}}), 0);
    EXPECT_TRUE(soon([] { return count("audit_entry WHERE action = 'audit.resume'") == 1; }));
    log.reset();
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, RefusesWhileTheDatabaseIsGone) {
    start();
    ASSERT_TRUE(record());
    tests::Postgres::instance().stop();
    expect_refused(record("vt_gone", 5s));
    EXPECT_NE(log->health().trouble, Trouble::none);
    tests::Postgres::instance().start();
    EXPECT_TRUE(works_again());
    log.reset();
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, RefusesWithoutTheDirectoryOfCheckpoints) {
    start();
    ASSERT_TRUE(record());
    std::filesystem::rename(directory, directory + ".away");
    EXPECT_TRUE(refuses());
    EXPECT_EQ(log->health().trouble, Trouble::checkpoint_file);
    std::filesystem::rename(directory + ".away", directory);
    EXPECT_TRUE(works_again());
    log.reset();
    EXPECT_EQ(verdict(), "sound");
}

// PCI DSS 4.0.1: 10.7.2
TEST_F(AuditLog, RefusesWhenTheDiskOfTheCheckpointsIsFull) {
    start();
    ASSERT_TRUE(record());
    ASSERT_TRUE(soon([&] { return std::filesystem::exists(file()); }));
    const auto kept = file() + ".kept";
    std::filesystem::rename(file(), kept);
    std::filesystem::create_symlink("/dev/full", file());
    EXPECT_TRUE(refuses());
    EXPECT_EQ(log->health().trouble, Trouble::checkpoint_file);
    std::filesystem::rename(kept, file());
    EXPECT_TRUE(works_again());
    log.reset();
    EXPECT_EQ(verdict(), "sound");
}

// PCI DSS 4.0.1: 10.7.2
TEST_F(AuditLog, RefusesWhenTheHsmHasSignedNothingForTooLong) {
    support::FaultModule faults;
    auto faulty = token->options();
    faulty.module = support::FaultModule::path();
    open_hsm(faulty);
    auto chosen = options();
    chosen.unsealed_max = 300ms;
    log = started(chosen);
    ASSERT_TRUE(record());
    faults.fail("C_SignInit", 0x30 /* CKR_DEVICE_ERROR */, 1'000'000);
    EXPECT_TRUE(record("vt_within_the_limit"));
    EXPECT_TRUE(refuses());
    EXPECT_EQ(log->health().trouble, Trouble::unsealed);
    EXPECT_GE(log->health().lag, 300ms);
    faults.heal();
    EXPECT_TRUE(works_again());
    log.reset();
    EXPECT_EQ(verdict(), "sound");
}

TEST_F(AuditLog, StaysShutOnAnOlderCopyOfTheDatabase) {
    make_history(2);
    tamper("DELETE FROM audit_entry WHERE sequence > 7");
    tamper("DELETE FROM audit_checkpoint WHERE sequence > 7");
    start();
    expect_refused(record());
    EXPECT_TRUE(soon([&] { return log->health().trouble == Trouble::behind; }));
    log.reset();
    EXPECT_EQ(count("audit_entry"), 7);
}

TEST_F(AuditLog, CompletesAFileThatLostItsLastLines) {
    make_history(3);
    const auto text = support::content_of(file());
    std::ofstream{file()} << text.substr(0, text.find('\n') + 40);  // one line, and a part as of a crash
    EXPECT_THAT(verdict(), HasSubstr("missing"));
    start();
    ASSERT_TRUE(record());
    log.reset();
    EXPECT_EQ(verdict(), "sound");
    EXPECT_EQ(support::content_of(file()).substr(0, text.size()), text);
}

TEST_F(AuditLog, EndsAWaitAtItsDeadline) {
    start();
    ASSERT_TRUE(record());
    pqxx::connection connection{tests::Postgres::instance().url("vault")};
    pqxx::work work{connection};
    work.exec("LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE");
    const auto began = std::chrono::steady_clock::now();
    expect_refused(record("vt_late", 200ms));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    work.abort();
    EXPECT_TRUE(works_again());
}

TEST_F(AuditLog, RefusesMoreThanItsQueueHolds) {
    auto chosen = options();
    chosen.queue_max = 4;
    log = started(chosen);
    ASSERT_TRUE(record());
    pqxx::connection connection{tests::Postgres::instance().url("vault")};
    pqxx::work work{connection};
    work.exec("LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE");
    boost::asio::io_context io{1};
    int overloaded = 0;
    for (int i = 0; i < 20; ++i)
        boost::asio::co_spawn(io, log->record(entry(), Deadline::in(300ms)),
                              [&](const std::exception_ptr&, const common::Result<bool>& done) {
                                  overloaded += !done && done.error().cause() == Cause::overloaded ? 1 : 0;
                              });
    io.run();
    EXPECT_GE(overloaded, 15 - 4);
    EXPECT_LT(overloaded, 20);
}

TEST_F(AuditLog, KeepsWhatNoDatabaseTakesAndNobodyMayReadOutOfItsEntries) {
    start();
    auto odd = entry(std::string{"a\0b\xff\n", 5});
    odd.detail = "typed 4242 4242 4242 4242 there";
    odd.actor = std::string(5000, 'x');
    ASSERT_TRUE(wait_for(log->record(odd, Deadline::in(5s))));
    EXPECT_EQ(one("SELECT object || length(actor) FROM audit_entry WHERE action = 'card.create'"),
              "a?b??1024");
    EXPECT_EQ(count("audit_entry WHERE detail LIKE '%4242 4242%'"), 0);
}

// PCI DSS 4.0.1: 10.3.2, 10.5.1
TEST_F(AuditLog, IsOutOfReachForTheServicesRole) {
    start();
    ASSERT_TRUE(record());
    pqxx::connection connection{tests::Postgres::instance().url("vault", "vault")};
    for (const char* sql : {"UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry",
                            "TRUNCATE audit_entry", "DELETE FROM audit_checkpoint",
                            "UPDATE audit_checkpoint SET sequence = 1", "DROP TABLE audit_entry"}) {
        pqxx::work work{connection};
        EXPECT_THROW(work.exec(sql), pqxx::sql_error) << sql;
    }
}

TEST_F(AuditLog, DoesNotStartWithoutADirectoryOrAName) {
    for (auto wrong : {options("../x"), options("")}) {
        Log refused{wrong, *pool, *hsm, clock, metrics};
        EXPECT_FALSE(refused.start());
    }
    auto nowhere = options();
    nowhere.checkpoint_directory += "/nowhere";
    Log refused{nowhere, *pool, *hsm, clock, metrics};
    EXPECT_FALSE(refused.start());
}

}  // namespace
