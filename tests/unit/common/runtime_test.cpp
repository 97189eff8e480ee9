#include "common/runtime.h"

#include <csignal>
#include <latch>
#include <thread>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/process_counters.h"
#include "common/secret.h"

namespace {

using namespace common;
using namespace std::chrono_literals;

// Runs a coroutine to its end on a context of the calling thread.
template <class R>
R awaited(asio::awaitable<R> work) {
    asio::io_context io{1};
    std::optional<R> result;
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& failed, R value) {
        EXPECT_FALSE(failed);
        result.emplace(std::move(value));
    });
    io.run();
    return *std::move(result);
}

TEST(BlockingPool, RunsAJobOnItsThreadAndComesBack) {
    BlockingPool pool{2, 10};
    const auto here = std::this_thread::get_id();
    std::thread::id inside, behind;
    const auto work = [](BlockingPool& on, std::thread::id& in, std::thread::id& after) -> Task<int> {
        auto job = [&in]() -> Result<int> {
            in = std::this_thread::get_id();
            return 7;
        };
        auto result = co_await on.run(job);
        after = std::this_thread::get_id();
        co_return result;
    };
    EXPECT_EQ(awaited(work(pool, inside, behind)).value(), 7);
    EXPECT_NE(inside, here);
    EXPECT_EQ(behind, here);
    EXPECT_EQ(pool.waiting(), 0U);
}

TEST(BlockingPool, RefusesAJobWhoseDeadlinePassedInTheQueue) {
    BlockingPool pool{1, 10};
    bool ran = false;
    const auto work = [](BlockingPool& on, bool& late_ran) -> Task<int> {
        using namespace asio::experimental::awaitable_operators;
        auto slow = []() -> Result<int> {
            std::this_thread::sleep_for(150ms);
            return 1;
        };
        auto late = [&late_ran]() -> Result<int> {
            late_ran = true;
            return 2;
        };
        auto first = on.run(slow);
        auto second = on.run(late, Deadline::in(50ms));
        auto [one, two] = co_await (std::move(first) && std::move(second));
        EXPECT_EQ(one.value(), 1);
        co_return two;
    };
    const auto result = awaited(work(pool, ran));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().cause(), Cause::deadline_exceeded);
    EXPECT_EQ(result.error().status(), 503);
    EXPECT_FALSE(ran);
}

TEST(BlockingPool, RefusesJobsBeyondItsQueue) {
    BlockingPool pool{1, 3};
    std::latch release{1};
    std::atomic<int> done{0}, refused{0};
    asio::io_context io{1};
    const auto work = [](BlockingPool& on, std::latch& gate, std::atomic<int>& good,
                         std::atomic<int>& bad) -> asio::awaitable<void> {
        auto job = [&gate]() -> Status {
            gate.wait();
            return {};
        };
        const auto result = co_await on.run(job);
        if (result) {
            ++good;
        } else {
            EXPECT_EQ(result.error().cause(), Cause::overloaded);
            if (++bad == 6) gate.count_down();
        }
    };
    for (int i = 0; i < 10; ++i) {
        asio::co_spawn(io, work(pool, release, done, refused), log_exceptions("test"));
        io.poll();
        if (i == 0)
            while (pool.waiting() != 0)
                std::this_thread::yield();  // the first one has left the queue
    }
    io.restart();
    io.run();
    EXPECT_EQ(done.load(), 4);
    EXPECT_EQ(refused.load(), 6);
}

TEST(WithDeadline, GivesTheResultThatCameInTime) {
    const auto work = []() -> Task<int> {
        auto quick = []() -> Task<int> { co_return 5; };
        co_return co_await with_deadline(quick(), Deadline::in(1s));
    };
    EXPECT_EQ(awaited(work()).value(), 5);
}

TEST(WithDeadline, CarriesAnErrorThrough) {
    const auto work = []() -> Task<int> {
        auto bad = []() -> Task<int> { co_return Fail{Error::invalid("x", "y", "no")}; };
        co_return co_await with_deadline(bad(), Deadline{});
    };
    EXPECT_EQ(awaited(work()).error().code(), "x");
}

Task<int> sleeper(std::chrono::milliseconds time) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_after(time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return 1;
}

TEST(WithDeadline, EndsAWaitWhenTheTimeHasPassed) {
    const auto begun = std::chrono::steady_clock::now();
    const auto result = awaited(with_deadline(sleeper(10s), Deadline::in(50ms)));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().cause(), Cause::deadline_exceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST(WithDeadline, LeavesAPoolJobUntouchedWhenTheTimeHasPassed) {
    BlockingPool pool{2, 100};
    for (int i = 0; i < 50; ++i) {
        const auto work = [](BlockingPool& on) -> Task<int> {
            auto job = []() -> Result<int> {
                std::this_thread::sleep_for(4ms);
                return 1;
            };
            auto running = on.run(job);
            co_return co_await with_deadline(std::move(running), Deadline::in(2ms));
        };
        const auto result = awaited(work(pool));
        if (!result) EXPECT_EQ(result.error().cause(), Cause::deadline_exceeded);
    }
}

TEST(Deadline, TellsWhatIsLeft) {
    EXPECT_FALSE(Deadline{}.passed());
    EXPECT_EQ(Deadline{}.left(), 24h);
    EXPECT_TRUE(Deadline::in(-1ms).passed());
    EXPECT_EQ(Deadline::in(-1ms).left(), 0ms);
    EXPECT_LE(Deadline::in(1h).at_most(10ms).left(), 10ms);
    EXPECT_LE(Deadline::in(5ms).at_most(1h).left(), 5ms);
}

TEST(RunOn, RunsOnTheOtherContextAndComesBack) {
    Runtime runtime{2};
    std::thread::id inside, before, behind;
    const auto work = [](Runtime& both, std::thread::id& in, std::thread::id& one,
                         std::thread::id& two) -> asio::awaitable<void> {
        one = std::this_thread::get_id();
        auto other = [](std::thread::id& id) -> Task<int> {
            id = std::this_thread::get_id();
            co_return 3;
        };
        const auto result = co_await run_on(both.io(1).get_executor(), other(in));
        EXPECT_EQ(result.value(), 3);
        two = std::this_thread::get_id();
        both.stop();
    };
    asio::co_spawn(runtime.io(0), work(runtime, inside, before, behind), log_exceptions("test"));
    runtime.run();
    EXPECT_EQ(before, behind);
    EXPECT_NE(before, inside);
}

TEST(Runtime, GoesOnBehindAnExceptionAndCountsIt) {
    Runtime runtime{2};
    const auto counted = process_counters().escaped_exceptions.load();
    std::atomic<int> went_on{0};
    for (std::size_t i = 0; i < 2; ++i) {
        asio::post(runtime.io(i), [] { throw std::runtime_error{"4242424242424242"}; });
        asio::post(runtime.io(i), [&] {
            if (++went_on == 2) runtime.stop();
        });
    }
    testing::internal::CaptureStderr();
    runtime.run();
    const auto written = testing::internal::GetCapturedStderr();
    EXPECT_EQ(went_on.load(), 2);
    EXPECT_EQ(process_counters().escaped_exceptions.load(), counted + 2);
    EXPECT_THAT(written, testing::HasSubstr("runtime_error"));
    EXPECT_THAT(written, testing::Not(testing::HasSubstr("4242")));
}

TEST(Runtime, CallsTheHandlersOfSignals) {
    Runtime runtime{1};
    int hangups = 0, terminations = 0;
    runtime.on_signals({.terminate =
                            [&] {
                                ++terminations;
                                runtime.stop();
                            },
                        .hangup =
                            [&] {
                                if (++hangups == 2)
                                    ::raise(SIGTERM);
                                else
                                    ::raise(SIGHUP);
                            }});
    asio::post(runtime.io(0), [] { ::raise(SIGHUP); });
    runtime.run();
    EXPECT_EQ(hangups, 2);
    EXPECT_EQ(terminations, 1);
}

TEST(RuntimeDeathTest, ExitsAtOnceAtTheSecondTermination) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            Runtime runtime{1};
            runtime.on_signals({.terminate = [] { ::raise(SIGTERM); }, .hangup = {}});
            asio::post(runtime.io(0), [] { ::raise(SIGTERM); });
            runtime.run();
        },
        testing::ExitedWithCode(128 + SIGTERM), "exit at once");
}

asio::awaitable<void> thrower() {
    co_await asio::post(asio::use_awaitable);
    throw std::logic_error{"x"};
}

TEST(LogExceptions, TellsWhatLeftACoroutine) {
    asio::io_context io{1};
    const auto counted = process_counters().escaped_exceptions.load();
    asio::co_spawn(io, thrower(), log_exceptions("the thrower"));
    testing::internal::CaptureStderr();
    io.run();
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("\"where\":\"the thrower\""));
    EXPECT_EQ(process_counters().escaped_exceptions.load(), counted + 1);
}

// Exits with 0 when all holds.
[[noreturn]] void harden_and_check() {
    bool good = harden_process(1 << 16).has_value();
    rlimit cores{1, 1};
    good = good && ::getrlimit(RLIMIT_CORE, &cores) == 0 && cores.rlim_cur == 0 && cores.rlim_max == 0;
    good = good && ::umask(0) == 077;
    good = good && CRYPTO_secure_malloc_initialized() == 1;
    const auto secret = SecretBytes::copy_of("key");
    good = good && CRYPTO_secure_allocated(secret.bytes().data()) == 1;
    int pipe_ends[2];
    good = good && ::pipe(pipe_ends) == 0 && ::close(pipe_ends[0]) == 0;
    good = good && ::write(pipe_ends[1], "x", 1) == -1;  // EPIPE instead of SIGPIPE
    bool full = false;
    try {
        const SecretBytes too_much{1 << 17};
    } catch (const std::bad_alloc&) {
        full = true;
    }
    std::_Exit(good && full ? 0 : 1);
}

TEST(HardenProcessDeathTest, TurnsOffCoreFilesAndLocksASecretHeap) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(harden_and_check(), testing::ExitedWithCode(0), "");
}

}  // namespace
