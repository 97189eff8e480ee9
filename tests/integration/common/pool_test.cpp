#include "common/db/pool.h"

#include <barrier>
#include <csignal>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/db/connection.h"
#include "support/postgres.h"

namespace {

using namespace std::chrono_literals;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Metrics;
using common::Result;
using common::Status;
using common::db::Pool;
using common::db::Statement;
using common::db::Transaction;

constexpr Statement insert_row{"insert_row", "INSERT INTO rows (id, value) VALUES ($1, $2)"};
constexpr Statement upsert_row{
    "upsert_row",
    "INSERT INTO rows (id, value) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET value = excluded.value"};
constexpr Statement read_row{"read_row", "SELECT value FROM rows WHERE id = $1"};
constexpr Statement lock_row{"lock_row", "SELECT value FROM rows WHERE id = $1 FOR UPDATE"};
constexpr Statement add_to_row{"add_to_row", "UPDATE rows SET value = value + $2 WHERE id = $1"};
constexpr Statement backend_pid{"backend_pid", "SELECT pg_backend_pid()"};
constexpr Statement nap{"nap", "SELECT pg_sleep($1)"};
constexpr Statement show{"show", "SELECT current_setting($1, true)"};

class PoolTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        auto& server = tests::Postgres::instance();
        url() = server.create_database("pool");
        server.run("CREATE TABLE rows (id bigint CONSTRAINT rows_pkey PRIMARY KEY, value bigint NOT NULL)",
                   "pool");
        server.run("CREATE TABLE blobs (id bigint CONSTRAINT blobs_pkey PRIMARY KEY, data bytea NOT NULL)",
                   "pool");
        server.run(
            "CREATE TABLE children (row_id bigint CONSTRAINT children_row_fkey REFERENCES rows (id) "
            "DEFERRABLE INITIALLY DEFERRED)",
            "pool");
    }
    void SetUp() override { tests::Postgres::instance().run("TRUNCATE rows, blobs, children", "pool"); }
    static std::string& url() {
        static std::string value;
        return value;
    }
    static Pool::Options options() {
        Pool::Options made;
        made.url = url();
        made.connections = 4;
        return made;
    }
    static void run(const std::string& sql) { tests::Postgres::instance().run(sql, "pool"); }

    double counted(const char* result) const {
        return metrics_.counter_value("db_transactions_total", {{"result", result}});
    }
    std::optional<std::int64_t> value_of(std::int64_t id) {
        auto found = pool_.transaction_blocking([id](Transaction& tx) -> Result<std::optional<std::int64_t>> {
            const auto rows = tx.exec(read_row, id);
            if (rows.empty()) return std::nullopt;
            return rows[0][0].as<std::int64_t>();
        });
        EXPECT_TRUE(found) << found.error().describe();
        return found ? *found : std::nullopt;
    }
    Status insert(std::int64_t id, std::int64_t value) {
        return pool_.transaction_blocking([=](Transaction& tx) -> Status {
            tx.exec(insert_row, id, value);
            return {};
        });
    }

    Metrics metrics_;
    Pool pool_{options(), metrics_};
};

TEST_F(PoolTest, KeepsWhatACommittedTransactionWrote) {
    ASSERT_TRUE(insert(1, 10));
    EXPECT_EQ(value_of(1), 10);
    EXPECT_EQ(counted("committed"), 2);
}

TEST_F(PoolTest, RollsBackWhenTheJobFailsAndReturnsItsError) {
    const auto outcome = pool_.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec(insert_row, 1, 10);
        return Fail{Error::invalid("amount_too_small", "amount", "Too small.")};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), "amount_too_small");
    EXPECT_EQ(value_of(1), std::nullopt);
}

TEST_F(PoolTest, SetsTimeLimitsForEachTransaction) {
    auto made = options();
    made.statement_timeout = 1234ms, made.lock_timeout = 567ms;
    Pool pool{made, metrics_};
    const auto settings = pool.transaction_blocking([](Transaction& tx) -> Result<std::vector<std::string>> {
        return std::vector{tx.exec(show, "statement_timeout")[0][0].as<std::string>(),
                           tx.exec(show, "lock_timeout")[0][0].as<std::string>(),
                           tx.exec(show, "TimeZone")[0][0].as<std::string>(),
                           tx.exec(show, "application_name")[0][0].as<std::string>()};
    });
    ASSERT_TRUE(settings);
    EXPECT_THAT(*settings, testing::ElementsAre("1234ms", "567ms", "UTC", "portcullis"));
}

TEST_F(PoolTest, LowersTheStatementTimeoutToWhatIsLeftOfTheDeadline) {
    const auto begun = std::chrono::steady_clock::now();
    const auto outcome = pool_.transaction_blocking(
        [](Transaction& tx) -> Status {
            tx.exec(nap, 4);
            return {};
        },
        Deadline::in(300ms));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause(), Cause::deadline_exceeded);
    EXPECT_EQ(outcome.error().status(), 503);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(PoolTest, PreparesAStatementOnceAConnection) {
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(insert(i, i));
    const auto prepared = pool_.transaction_blocking([](Transaction& tx) -> Result<int> {
        return tx.exec_raw("SELECT count(*) FROM pg_prepared_statements WHERE name = 'insert_row'")[0][0]
            .as<int>();
    });
    ASSERT_TRUE(prepared);
    EXPECT_EQ(*prepared, 1);
}

TEST_F(PoolTest, RunsNothingOnTheServerForAJobWithoutStatements) {
    EXPECT_TRUE(pool_.transaction_blocking([](Transaction&) -> Status { return {}; }));
}

TEST_F(PoolTest, TellsADuplicateKeyAsConflict) {
    ASSERT_TRUE(insert(1, 10));
    const auto again = insert(1, 11);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().cause(), Cause::conflict);
    EXPECT_EQ(again.error().status(), 409);
    EXPECT_EQ(value_of(1), 10);
}

TEST_F(PoolTest, TellsALockTimeoutAs429AfterTheConfiguredWait) {
    ASSERT_TRUE(insert(1, 10));
    auto made = options();
    made.lock_timeout = 200ms;
    Pool impatient{made, metrics_};
    std::promise<void> locked, release;
    std::thread holder{[&] {
        EXPECT_TRUE(pool_.transaction_blocking([&](Transaction& tx) -> Status {
            tx.exec(lock_row, 1);
            locked.set_value();
            release.get_future().wait();
            return {};
        }));
    }};
    locked.get_future().wait();
    const auto begun = std::chrono::steady_clock::now();
    const auto outcome = impatient.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec(lock_row, 1);
        return {};
    });
    const auto took = std::chrono::steady_clock::now() - begun;
    release.set_value();
    holder.join();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().status(), 429);
    EXPECT_EQ(outcome.error().code(), "lock_timeout");
    EXPECT_EQ(outcome.error().cause(), Cause::lock_timeout);
    EXPECT_EQ(outcome.error().should_retry(), true);
    EXPECT_THAT(outcome.error().message(), testing::HasSubstr("object cannot be accessed right now"));
    EXPECT_GE(took, 190ms);
    EXPECT_LT(took, 2s);
}

TEST_F(PoolTest, RunsTheVictimOfADeadlockAgain) {
    ASSERT_TRUE(insert(1, 0));
    ASSERT_TRUE(insert(2, 0));
    std::atomic<int> runs{0};
    std::barrier both{2};
    const auto cross = [&](std::int64_t first, std::int64_t second) {
        bool met = false;
        return pool_.transaction_blocking([&, first, second](Transaction& tx) -> Status {
            ++runs;
            tx.exec(add_to_row, first, 1);
            if (!std::exchange(met, true)) both.arrive_and_wait();
            tx.exec(add_to_row, second, 1);
            return {};
        });
    };
    auto other = std::async(std::launch::async, [&] { return cross(2, 1).has_value(); });
    EXPECT_TRUE(cross(1, 2));
    EXPECT_TRUE(other.get());
    EXPECT_EQ(value_of(1), 2);
    EXPECT_EQ(value_of(2), 2);
    EXPECT_GE(runs.load(), 3);
    EXPECT_GE(counted("serialization"), 1);
}

TEST_F(PoolTest, GivesUpAfterFiveRepetitionsOfACollision) {
    int runs = 0;
    const auto outcome = pool_.transaction_blocking([&](Transaction& tx) -> Status {
        ++runs;
        tx.exec_raw("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$");
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(runs, 6);
    EXPECT_EQ(outcome.error().status(), 503);
}

TEST_F(PoolTest, RunsAgainWhenTheBackendIsKilledBeforeCommit) {
    int runs = 0;
    const auto outcome = pool_.transaction_blocking([&](Transaction& tx) -> Status {
        tx.exec(upsert_row, 1, ++runs);
        if (runs == 1) {
            run("SELECT pg_terminate_backend(" + tx.exec(backend_pid)[0][0].as<std::string>() + ")");
            tx.exec(read_row, 1);  // fails
        }
        return {};
    });
    EXPECT_TRUE(outcome);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(value_of(1), 2);
    EXPECT_EQ(counted("lost"), 1);
}

TEST_F(PoolTest, EndsACallThatTheServerLeavesHangingBehindTheDeadline) {
    pid_t stopped = 0;
    const auto begun = std::chrono::steady_clock::now();
    const auto outcome = pool_.transaction_blocking(
        [&](Transaction& tx) -> Status {
            if (stopped != 0) return Fail{Error::internal("ran again")};
            stopped = tx.exec(backend_pid)[0][0].as<pid_t>();
            ::kill(stopped, SIGSTOP);
            tx.exec(read_row, 1);
            return {};
        },
        Deadline::in(300ms));
    const auto took = std::chrono::steady_clock::now() - begun;
    ::kill(stopped, SIGCONT);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause(), Cause::unavailable);
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 3s);
}

TEST_F(PoolTest, RunsAgainWhenTheServerIsReadOnly) {
    int runs = 0;
    const auto outcome = pool_.transaction_blocking([&](Transaction& tx) -> Status {
        if (++runs == 1) tx.exec_raw("SET LOCAL transaction_read_only = on");
        tx.exec(upsert_row, 1, runs);
        return {};
    });
    EXPECT_TRUE(outcome);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(value_of(1), 2);
}

TEST_F(PoolTest, PreparesAgainWhenTheSchemaChangedUnderAStatement) {
    constexpr Statement all{"all_rows", "SELECT * FROM changing"};
    run("CREATE TABLE changing (id int)");
    auto made = options();
    made.connections = 1;
    Pool one{made, metrics_};
    const auto columns = [&] {
        return one.transaction_blocking(
            [&](Transaction& tx) -> Result<int> { return tx.exec(all).columns(); });
    };
    EXPECT_EQ(columns().value(), 1);
    run("ALTER TABLE changing ADD COLUMN more int");
    EXPECT_FALSE(columns());  // cached plan must not change result type
    EXPECT_EQ(columns().value(), 2);
    run("DROP TABLE changing");
}

TEST(ConnectionString, AddsSettingsWhereTheUrlHasNone) {
    Pool::Options options;
    options.url = "postgresql://app@db.example:6432/gateway?connect_timeout=9&options=-c%20geqo%3Doff";
    options.passfile = "/run/secrets/it's\\here";
    options.name = "gateway";
    const auto text = common::db::connection_string(options);
    for (const char* part :
         {"host='db.example'", "port='6432'", "dbname='gateway'", "user='app'", "connect_timeout='9'",
          "application_name='gateway'", "target_session_attrs='read-write'", "tcp_user_timeout='6000'",
          "statement_timeout=5000", "-c geqo=off'", "passfile='/run/secrets/it\\'s\\\\here'"})
        EXPECT_THAT(text, testing::HasSubstr(part));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("password")));
}

TEST_F(PoolTest, SurvivesAKilledIdleConnection) {
    ASSERT_TRUE(insert(1, 10));
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'portcullis'");
    EXPECT_EQ(value_of(1), 10);
    EXPECT_EQ(value_of(1), 10);
}

TEST_F(PoolTest, KeepsItsTimeLimitsOnANewConnection) {
    ASSERT_TRUE(insert(1, 10));
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'portcullis'");
    const auto limit = pool_.transaction_blocking([](Transaction& tx) -> Result<std::string> {
        return tx.exec_raw("SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout'")[0][0]
            .as<std::string>();
    });
    ASSERT_TRUE(limit);
    EXPECT_EQ(*limit, "5000");
}

TEST_F(PoolTest, TellsAKillJustBeforeCommitAsUnknownAndDoesNotRunAgain) {
    int runs = 0;
    const auto outcome = pool_.transaction_blocking([&](Transaction& tx) -> Status {
        ++runs;
        tx.exec(insert_row, 1, 10);
        run("SELECT pg_terminate_backend(" + tx.exec(backend_pid)[0][0].as<std::string>() + ")");
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause(), Cause::outcome_unknown);
    EXPECT_EQ(outcome.error().status(), 503);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(counted("outcome_unknown"), 1);
    EXPECT_EQ(value_of(1), std::nullopt);
}

TEST_F(PoolTest, KeepsWhatAReadFoundWhenItsConnectionIsLostInCommit) {
    ASSERT_TRUE(insert(1, 10));
    boost::asio::io_context io;
    std::optional<Result<std::int64_t>> found;
    auto job = [](Transaction& tx) -> Result<std::int64_t> {
        const auto value = tx.exec(read_row, 1)[0][0].as<std::int64_t>();
        run("SELECT pg_terminate_backend(" + tx.exec(backend_pid)[0][0].as<std::string>() + ")");
        return value;
    };
    boost::asio::co_spawn(
        io, pool_.read(job),
        [&found](const std::exception_ptr&, Result<std::int64_t> value) { found = std::move(value); });
    io.run();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(**found, 10);
    EXPECT_EQ(counted("outcome_unknown"), 1);
}

TEST_F(PoolTest, TellsAFailedDeferredConstraintAsRolledBackNotUnknown) {
    const auto outcome = pool_.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec_raw("INSERT INTO children VALUES (99)");
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().status(), 500);
    EXPECT_EQ(outcome.error().cause(), Cause::none);
    EXPECT_THAT(outcome.error().log_detail(), testing::HasSubstr("23503"));
}

// PostgreSQL reports the end of a cancelled wait for a synchronous standby as success with a warning.
TEST_F(PoolTest, TellsAWarningOfCommitAsUnknown) {
    auto& server = tests::Postgres::instance();
    server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.run("SELECT pg_reload_conf()");
    std::this_thread::sleep_for(300ms);
    std::thread canceller{[&] {
        std::this_thread::sleep_for(700ms);
        server.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    }};
    const auto outcome = insert(1, 10);
    canceller.join();
    server.run("ALTER SYSTEM RESET synchronous_standby_names");
    server.run("SELECT pg_reload_conf()");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause(), Cause::outcome_unknown);
    EXPECT_EQ(value_of(1), 10);
}

TEST_F(PoolTest, EndsACommitThatHangsAsUnknown) {
    auto& server = tests::Postgres::instance();
    server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.run("SELECT pg_reload_conf()");
    std::this_thread::sleep_for(300ms);
    auto made = options();
    made.commit_max = 400ms;
    Pool pool{made, metrics_};
    const auto begun = std::chrono::steady_clock::now();
    const auto outcome = pool.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec(insert_row, 1, 10);
        return {};
    });
    const auto took = std::chrono::steady_clock::now() - begun;
    server.run("ALTER SYSTEM RESET synchronous_standby_names");
    server.run("SELECT pg_reload_conf()");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause(), Cause::outcome_unknown);
    EXPECT_LT(took, 3s);
}

TEST_F(PoolTest, RefusesToCommitBehindAnErrorThatTheJobSwallowed) {
    ASSERT_TRUE(insert(1, 10));
    const auto outcome = pool_.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec(insert_row, 2, 20);
        try {
            tx.exec(insert_row, 1, 11);
        } catch (const pqxx::unique_violation&) {
        }
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().status(), 500);
    EXPECT_EQ(value_of(2), std::nullopt);
}

TEST_F(PoolTest, GoesOnBehindASavepoint) {
    ASSERT_TRUE(insert(1, 10));
    EXPECT_TRUE(pool_.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec(insert_row, 2, 20);
        tx.savepoint("work");
        tx.exec(insert_row, 3, 30);
        try {
            tx.exec(insert_row, 1, 11);
        } catch (const pqxx::unique_violation&) {
            tx.rollback_to("work");
        }
        tx.exec(insert_row, 4, 40);
        return {};
    }));
    EXPECT_EQ(value_of(1), 10);
    EXPECT_EQ(value_of(2), 20);
    EXPECT_EQ(value_of(3), std::nullopt);
    EXPECT_EQ(value_of(4), 40);
}

TEST_F(PoolTest, SetsASettingForOneTransactionOnly) {
    const auto read = [](Transaction& tx) {
        return tx.exec(show, "app.account_id")[0][0].as<std::string>("");
    };
    const auto inside = pool_.transaction_blocking([&](Transaction& tx) -> Result<std::string> {
        tx.set_local("app.account_id", std::int64_t{218340105584895});
        return read(tx);
    });
    ASSERT_TRUE(inside);
    EXPECT_EQ(*inside, "218340105584895");
    const auto behind =
        pool_.transaction_blocking([&](Transaction& tx) -> Result<std::string> { return read(tx); });
    ASSERT_TRUE(behind);
    EXPECT_EQ(*behind, "");
}

TEST_F(PoolTest, RefusesSettingsAndSavepointsThatAreNotPlainWords) {
    for (const char* value : {"", "1'; DROP TABLE rows; --", "a b", "ä"}) {
        const auto outcome = pool_.transaction_blocking([&](Transaction& tx) -> Status {
            tx.set_local("app.account_id", std::string_view{value});
            return {};
        });
        EXPECT_FALSE(outcome) << value;
        EXPECT_EQ(outcome.error().status(), 500);
    }
    EXPECT_FALSE(pool_.transaction_blocking([](Transaction& tx) -> Status {
        tx.savepoint("a; COMMIT");
        return {};
    }));
}

TEST_F(PoolTest, CarriesBinaryValuesWithEveryByte) {
    constexpr Statement put{"put_blob", "INSERT INTO blobs (id, data) VALUES ($1, $2)"};
    constexpr Statement get{"get_blob", "SELECT data FROM blobs WHERE id = $1"};
    std::vector<std::uint8_t> all(256);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::uint8_t>(i);
    const auto back = pool_.transaction_blocking([&](Transaction& tx) -> Result<std::vector<std::uint8_t>> {
        tx.exec(put, 1, common::db::bytes(std::span<const std::uint8_t>{all}));
        return common::db::bytes(tx.exec(get, 1)[0][0]);
    });
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, all);
}

TEST_F(PoolTest, TellsAnExceptionOfTheJobAs500WithoutItsText) {
    const auto outcome = pool_.transaction_blocking([](Transaction& tx) -> Status {
        tx.exec(insert_row, 1, 10);
        throw std::runtime_error{"4111111111111111"};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().status(), 500);
    EXPECT_THAT(outcome.error().describe(), testing::Not(testing::HasSubstr("4111")));
    EXPECT_EQ(value_of(1), std::nullopt);
}

TEST_F(PoolTest, GivesUpAtTheDeadlineWhileTheServerIsAwayAndRecoversBehindIt) {
    auto& server = tests::Postgres::instance();
    ASSERT_TRUE(insert(1, 10));
    server.stop();
    const auto begun = std::chrono::steady_clock::now();
    const auto away = pool_.transaction_blocking(
        [](Transaction& tx) -> Status {
            tx.exec(read_row, 1);
            return {};
        },
        Deadline::in(800ms));
    const auto took = std::chrono::steady_clock::now() - begun;
    server.start();
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().cause(), Cause::unavailable);
    EXPECT_EQ(away.error().status(), 503);
    EXPECT_LT(took, 2s);
    EXPECT_EQ(value_of(1), 10);
}

TEST_F(PoolTest, WaitsOutAShortOutage) {
    auto& server = tests::Postgres::instance();
    ASSERT_TRUE(insert(1, 10));
    server.stop();
    std::promise<void> go;
    auto reading = std::async(std::launch::async, [&] { return value_of(1); });
    std::this_thread::sleep_for(300ms);
    server.start();
    EXPECT_EQ(reading.get(), 10);
}

TEST_F(PoolTest, RefusesAMalformedUrlWithoutRepeatingIt) {
    auto made = options();
    made.url = "postgresql://user:secret@[";
    try {
        Pool pool{made, metrics_};
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_THAT(e.what(), testing::Not(testing::HasSubstr("secret")));
    }
}

TEST_F(PoolTest, FailsEarlyWhenTheDeadlineHasPassed) {
    const auto outcome =
        pool_.transaction_blocking([](Transaction&) -> Status { return {}; }, Deadline::in(-1ms));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause(), Cause::deadline_exceeded);
}

common::asio::awaitable<void> add_often(Pool& pool, int times, std::atomic<int>& done) {
    for (int i = 0; i < times; ++i) {
        auto job = [](Transaction& tx) -> Status {
            tx.exec(add_to_row, 1, 1);
            return {};
        };
        const Status outcome = co_await pool.transaction(job);
        if (outcome) ++done;
    }
}

TEST_F(PoolTest, RunsTransactionsOfManyCoroutinesAtOnce) {
    ASSERT_TRUE(insert(1, 0));
    std::atomic<int> done{0};
    common::asio::io_context io{1};
    for (int i = 0; i < 16; ++i)
        common::asio::co_spawn(io, add_often(pool_, 25, done), common::log_exceptions("test"));
    io.run();
    EXPECT_EQ(done.load(), 400);
    EXPECT_EQ(value_of(1), 400);
}

TEST_F(PoolTest, RefusesMoreWaitingTransactionsThanItsQueueHolds) {
    auto made = options();
    made.connections = 1, made.queue_max = 2;
    Pool small{made, metrics_};
    std::vector<Cause> causes;
    int done = 0;
    common::asio::io_context io{1};
    const auto one = [](Pool& pool, std::vector<Cause>& failed, int& good) -> common::asio::awaitable<void> {
        auto job = [](Transaction& tx) -> Status {
            tx.exec(nap, 0.2);
            return {};
        };
        const Status outcome = co_await pool.transaction(job);
        if (outcome)
            ++good;
        else
            failed.push_back(outcome.error().cause());
    };
    for (int i = 0; i < 8; ++i)
        common::asio::co_spawn(io, one(small, causes, done), common::log_exceptions("test"));
    io.run();
    EXPECT_GE(done, 2);
    EXPECT_EQ(static_cast<std::size_t>(done) + causes.size(), 8U);
    EXPECT_THAT(causes, testing::Each(Cause::overloaded));
    EXPECT_FALSE(causes.empty());
}

}  // namespace
