// Threads of a process: one io_context a thread (a connection never changes thread), a bounded pool for
// blocking work, and the signals. See style of use at `run`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/task.h"

namespace common {

namespace asio = boost::asio;

// Runs blocking jobs (PostgreSQL, PKCS#11, password hashing) off the I/O threads.
class BlockingPool {
  public:
    BlockingPool(unsigned threads, std::size_t queue_max);
    ~BlockingPool();

    // Awaits job() on a pool thread and comes back to the caller's executor. 503 at once when queue_max jobs
    // wait, or when the deadline has passed before the job begins. Started jobs are not interrupted: they
    // bound themselves.
    template <class Job, class R = std::invoke_result_t<Job&>>
    asio::awaitable<R> run(Job job, Deadline deadline = {}) {
        // Shared with the pool's thread, which goes on when the caller's coroutine is destroyed.
        struct Shared {
            Job job;
            std::optional<R> outcome;
        };
        auto shared = std::make_shared<Shared>(Shared{std::move(job), std::nullopt});
        auto ran = co_await run_job([shared] { shared->outcome.emplace(shared->job()); }, deadline);
        if (!ran) co_return R{std::unexpected{std::move(ran).error()}};
        co_return *std::move(shared->outcome);
    }
    std::size_t waiting() const { return waiting_.load(); }

  private:
    // Not a template, so that Asio's part of it is compiled once and not for each kind of job.
    asio::awaitable<Status> run_job(std::function<void()> job, Deadline deadline);
    bool enter();
    asio::thread_pool pool_;
    std::atomic<std::size_t> waiting_{0};
    std::size_t queue_max_;
};

// Awaits a task that lives on another executor (another thread's io_context) and comes back.
template <class T>
Task<T> run_on(asio::any_io_executor executor, Task<T> task) {
    co_return co_await asio::co_spawn(
        executor, std::move(task),
        asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
}

// Ends `operation` when the deadline passes: 503 deadline_exceeded. Both must live on a single-threaded
// context.
template <class T>
Task<T> with_deadline(Task<T> operation, Deadline deadline);

// The I/O threads. `setup(io, index)` is called for each thread's context before the threads start.
class Runtime {
  public:
    explicit Runtime(unsigned threads);
    std::size_t size() const { return contexts_.size(); }
    asio::io_context& io(std::size_t index) { return *contexts_[index]; }
    // Runs all contexts until `stop`; the calling thread is one of them. An exception that reaches a context
    // is logged and counted, and the context goes on.
    void run();
    void stop();

    struct Signals {
        std::function<void()>
            terminate;  // first SIGTERM or SIGINT: drain, then stop(); a second one exits at once
        std::function<void()> hangup;  // SIGHUP: reload certificates
    };
    void on_signals(Signals handlers);

  private:
    std::vector<std::unique_ptr<asio::io_context>> contexts_;
};

// Logs whatever leaves a spawned coroutine: co_spawn(io, f(), common::log_exceptions("name")).
std::function<void(std::exception_ptr)> log_exceptions(Text what);

// At the start of main, before threads and before any secret is read: no core files, not dumpable or
// traceable by the same user, OpenSSL secure heap of `secure_heap_bytes` (a power of two), SIGPIPE ignored,
// umask 077. 500 with the reason when memory cannot be locked.
Status harden_process(std::size_t secure_heap_bytes = 1 << 22);

template <class T>
Task<T> with_deadline(Task<T> operation, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_at(deadline.at());
    auto raced = co_await (std::move(operation) || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
    if (raced.index() == 1)
        co_return Fail{Error::unavailable("deadline passed while waiting", Cause::deadline_exceeded)};
    co_return std::get<0>(std::move(raced));
}

}  // namespace common
