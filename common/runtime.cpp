#include "common/runtime.h"

#include <csignal>
#include <cstdlib>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>

#include "common/assert.h"
#include "common/log.h"
#include "common/process_counters.h"

namespace common {
namespace {

// what() may hold anything, so only the kind of an exception is told.
void report_exception(Text where, const std::exception_ptr& caught) {
    ++process_counters().escaped_exceptions;
    try {
        std::rethrow_exception(caught);
    } catch (const boost::system::system_error& e) {
        log::error("exception", {{"where", Safe::word(where)},
                                 {"category", Safe::param(e.code().category().name())},
                                 {"number", Safe::number(e.code().value())}});
    } catch (const std::exception& e) {
        log::error("exception", {{"where", Safe::word(where)}, {"type", Safe::param(typeid(e).name())}});
    } catch (...) {
        log::error("exception", {{"where", Safe::word(where)}, {"type", Safe::word("unknown")}});
    }
}

void run_context(asio::io_context& io) {
    for (;;) {
        try {
            io.run();
            return;
        } catch (...) {
            report_exception("io_context", std::current_exception());
        }
    }
}

// Waits for the next signal, again and again; lives as long as its context holds the wait.
class SignalLoop : public std::enable_shared_from_this<SignalLoop> {
  public:
    SignalLoop(asio::io_context& io, Runtime::Signals handlers)
        : signals_{io, SIGTERM, SIGINT, SIGHUP}, handlers_{std::move(handlers)} {}
    void wait() {
        signals_.async_wait([self = shared_from_this()](boost::system::error_code failed, int number) {
            if (failed) return;
            self->wait();  // before the handler, which may throw
            self->handle(number);
        });
    }

  private:
    void handle(int number) {
        if (number == SIGHUP) {
            if (handlers_.hangup) handlers_.hangup();
            return;
        }
        if (terminating_) {
            log::warning("exit at once", {{"signal", Safe::number(number)}});
            log::flush();
            std::_Exit(128 + number);
        }
        terminating_ = true;
        log::info("terminating", {{"signal", Safe::number(number)}});
        if (handlers_.terminate) handlers_.terminate();
    }
    asio::signal_set signals_;
    Runtime::Signals handlers_;
    bool terminating_ = false;
};

}  // namespace

BlockingPool::BlockingPool(unsigned threads, std::size_t queue_max) : pool_{threads}, queue_max_{queue_max} {
    PORTCULLIS_ASSERT(threads > 0);
}

BlockingPool::~BlockingPool() {
    pool_.stop();
    pool_.join();
}

bool BlockingPool::enter() {
    auto waiting = waiting_.load();
    while (waiting < queue_max_)
        if (waiting_.compare_exchange_weak(waiting, waiting + 1)) return true;
    return false;
}

asio::awaitable<Status> BlockingPool::run_job(std::function<void()> job, Deadline deadline) {
    if (!enter()) co_return Fail{Error::unavailable("too many jobs are waiting", Cause::overloaded)};
    auto work = [](std::atomic<std::size_t>* waiting, std::function<void()> inner,
                   Deadline until) -> asio::awaitable<Status> {
        --*waiting;
        if (until.passed())
            co_return Fail{
                Error::unavailable("deadline passed before the job began", Cause::deadline_exceeded)};
        inner();
        co_return Status{};
    };
    // The empty slot keeps a deadline of the caller from touching this frame on the pool's thread.
    co_return co_await asio::co_spawn(
        pool_, work(&waiting_, std::move(job), deadline),
        asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
}

Runtime::Runtime(unsigned threads) {
    PORTCULLIS_ASSERT(threads > 0);
    // 1: Asio may leave out what only several threads on one context need.
    for (unsigned i = 0; i < threads; ++i)
        contexts_.push_back(std::make_unique<asio::io_context>(1));
}

void Runtime::run() {
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
    for (auto& context : contexts_)
        guards.push_back(asio::make_work_guard(*context));
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < contexts_.size(); ++i)
        threads.emplace_back([&io = *contexts_[i]] { run_context(io); });
    run_context(*contexts_[0]);
}

void Runtime::stop() {
    for (auto& context : contexts_)
        context->stop();
}

void Runtime::on_signals(Signals handlers) {
    std::make_shared<SignalLoop>(*contexts_[0], std::move(handlers))->wait();
}

std::function<void(std::exception_ptr)> log_exceptions(Text what) {
    return [what](const std::exception_ptr& caught) {
        if (caught) report_exception(what, caught);
    };
}

}  // namespace common
