#include "vault/audit/log.h"

#include <filesystem>
#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <unistd.h>

#include "common/log.h"
#include "common/runtime.h"
#include "common/wait_queue.h"
#include "vault/audit/chain_writer.h"
#include "vault/audit/checkpoint_writer.h"

namespace vault::audit {
namespace {

using boost::asio::awaitable;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using common::Task;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
using Waiter = common::Waiter<std::vector<Entry>, Result<bool>>;
using Queue = common::WaitQueue<Waiter>;
using Waiters = Queue::Waiters;
namespace asio = boost::asio;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t crowd_min = 8;  // callers in a batch, from which on it is worth to wait for company
constexpr milliseconds reopen_first{250}, reopen_last{5'000};
constexpr milliseconds expire_every{50};

Error refusal(Trouble trouble) {
    return Error::unavailable("the audit log takes no entries: {}", Cause::unavailable,
                              {Safe::param(to_string(trouble))});
}

}  // namespace

std::string_view to_string(Trouble trouble) {
    switch (trouble) {
        case Trouble::none:
            return "none";
        case Trouble::database:
            return "database";
        case Trouble::checkpoint_file:
            return "checkpoint_file";
        case Trouble::behind:
            return "behind";
        case Trouble::unsealed:
            return "unsealed";
        case Trouble::stopped:
            return "stopped";
    }
    return "stopped";
}

struct Log::Impl {
    Options options;
    const common::Clock& clock;
    common::Metrics& metrics;
    asio::io_context io{1};
    store::AuditRows rows;
    ChainWriter chain;
    CheckpointWriter checkpoints;
    Queue queue;
    // Of the log's thread.
    asio::steady_timer wake_timer{io}, seal_timer{io};
    std::vector<Entry> own;  // entries of the log itself, to go into the next batch
    Waiters in_flight;
    std::size_t crowd = 0;  // callers of the last batch, which was answered at:
    Steady::time_point answered_at{};
    bool opened = false, announced = false, written_out = false;
    bool write_failed = false;  // until a write succeeds: that the head can be read says little
    bool resumed = false;       // that it works again is in the stream already
    Trouble reported = Trouble::none;
    Steady::time_point troubled_since{};
    // Read from any thread.
    std::atomic<Trouble> write_trouble{Trouble::none}, seal_trouble{Trouble::none};
    std::atomic<Steady::rep> unsealed_since{0};  // 0: every entry is covered
    std::atomic<bool> draining = false, giving_up = false;
    std::promise<void> ended;
    std::thread thread;

    Impl(Options given, common::db::Pool& pool, hsm::Hsm& hsm, const common::Clock& told,
         common::Metrics& counted)
        : options{std::move(given)},
          clock{told},
          metrics{counted},
          rows{pool},
          chain{rows, clock, metrics, options.stream, options.write_max},
          checkpoints{rows, hsm, clock, options},
          queue{options.queue_max} {}

    milliseconds lag() const {
        const auto since = unsealed_since.load();
        if (since == 0) return milliseconds{0};
        const auto age = Steady::now().time_since_epoch() - Steady::duration{since};
        return std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>(age));
    }
    Trouble trouble() const {
        if (const auto found = write_trouble.load(); found != Trouble::none) return found;
        if (chain.uncertain()) return Trouble::database;
        if (const auto found = seal_trouble.load(); found != Trouble::none) return found;
        return lag() > options.unsealed_max ? Trouble::unsealed : Trouble::none;
    }

    Entry entry_of(std::string action, Outcome outcome, std::string detail) const {
        return {options.actor, std::move(action), options.stream, "vault", outcome, std::move(detail)};
    }
    // PCI DSS 10.7.3: how long the control had failed, and why.
    Entry resumption() const {
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - troubled_since).count();
        return entry_of("audit.resume", Outcome::done,
                        std::string{to_string(reported)} + ", " + std::to_string(seconds) + " s");
    }
    awaitable<void> pause(asio::steady_timer& timer, Steady::duration most) {
        timer.expires_after(most);
        co_await timer.async_wait(quiet);
    }
    void wake() {
        asio::post(io, [this] { wake_timer.cancel(); });
    }
    void refuse(Waiters waiters, const Error& error, std::string_view reason);

    void begin(Waiter waiter);
    awaitable<void> write_all();
    awaitable<bool> open();
    awaitable<Waiters> gather();
    awaitable<void> write(Waiters batch, std::vector<Entry> entries);
    awaitable<void> seal_all();
    awaitable<void> seal();
    awaitable<void> expire();
    void review();
};

void Log::Impl::refuse(Waiters waiters, const Error& error, std::string_view reason) {
    if (waiters.empty()) return;
    metrics.count("audit_failures_total", {{"reason", reason}}, static_cast<double>(waiters.size()));
    common::answer_all(std::move(waiters), Fail{error});
}

// From the caller's thread.
void Log::Impl::begin(Waiter waiter) {
    const auto found = draining ? Trouble::stopped : trouble();
    Waiters refused;
    if (found != Trouble::none) {
        refused.push_back(std::move(waiter));
        return refuse(std::move(refused), refusal(found), to_string(found));
    }
    for (auto& entry : waiter.item)
        entry = cleaned(std::move(entry));
    switch (queue.add(waiter)) {
        case Queue::Added::waits:
            return;
        case Queue::Added::wake:
            return wake();
        case Queue::Added::full:
            refused.push_back(std::move(waiter));
            return refuse(std::move(refused),
                          Error::unavailable("the audit log's queue is full", Cause::overloaded), "full");
    }
}

awaitable<bool> Log::Impl::open() {
    const auto head = co_await chain.open();
    auto found = Trouble::database;
    if (head)
        found = co_await checkpoints.compare();
    else
        common::log::failure("audit_stream_not_opened", head.error());
    if (!write_failed || found != Trouble::none) write_trouble = found;
    if (found != Trouble::none) co_return false;
    if (options.announce && !announced)
        own.push_back(entry_of("audit.start", Outcome::done, "process " + std::to_string(::getpid())));
    announced = true;
    if (chain.head().sequence > 0 && unsealed_since == 0)
        unsealed_since = Steady::now().time_since_epoch().count();
    co_return true;
}

awaitable<void> Log::Impl::write_all() {
    for (auto wait = reopen_first; !giving_up;) {
        if (!opened) {
            opened = co_await open();
            if (opened && write_failed) {
                co_await write({}, {resumption()});
                resumed = opened;
            }
            review();
            if (!opened) {
                refuse(queue.take_all(), refusal(trouble()), to_string(trouble()));
                if (draining) break;
                co_await pause(wake_timer, wait);
                // A database that is an older copy stays one.
                wait = trouble() == Trouble::behind ? std::min(2 * wait, reopen_last) : reopen_first;
                continue;
            }
            seal_timer.cancel();
        }
        auto batch = co_await gather();
        if (!batch.empty() || !own.empty())
            co_await write(std::move(batch), std::exchange(own, {}));
        else if (draining)
            break;
    }
    refuse(queue.close(), refusal(Trouble::stopped), to_string(Trouble::stopped));
    if (opened && options.announce)
        co_await write({}, {entry_of("audit.stop", Outcome::done, "process " + std::to_string(::getpid()))});
    written_out = true;
    seal_timer.cancel();
}

// Nobody waits while nothing is going on. In a crowd, those who were just answered are about to come again: a
// short wait for them makes one COMMIT of two.
awaitable<Waiters> Log::Impl::gather() {
    const auto most = own.empty() ? std::size_t{1} : std::size_t{0};
    const auto until = answered_at + options.company;
    if (crowd >= crowd_min && !draining && Steady::now() < until) {
        auto batch = queue.take(options.batch_max, std::min(crowd, options.batch_max));
        if (!batch.empty()) co_return batch;
        wake_timer.expires_at(until);
        co_await wake_timer.async_wait(quiet);
    }
    auto batch = queue.take(options.batch_max, most);
    if (!batch.empty() || !own.empty() || draining) co_return batch;
    wake_timer.expires_at(Steady::time_point::max());
    co_await wake_timer.async_wait(quiet);
    co_return queue.take(options.batch_max, most);
}

// `entries`: of the log itself, before those of the callers.
awaitable<void> Log::Impl::write(Waiters batch, std::vector<Entry> entries) {
    const auto began = Steady::now();
    const auto kept = entries;
    entries.reserve(entries.size() + batch.size());
    for (auto& waiter : batch)
        std::ranges::move(waiter.item, std::back_inserter(entries));
    const auto size = entries.size();
    in_flight = std::move(batch);
    const auto done = co_await chain.write(std::move(entries));
    crowd = in_flight.size();
    if (done) {
        if (std::exchange(write_failed, false)) write_trouble = Trouble::none;
        Steady::rep covered = 0;
        unsealed_since.compare_exchange_strong(covered, began.time_since_epoch().count());
        metrics.count("audit_entries_total", {}, static_cast<double>(size));
        metrics.observe("audit_write_seconds", Steady::now() - began);
        common::answer_all(std::exchange(in_flight, {}), Waiter::Answer{true});
    } else {
        common::log::failure("audit_entries_not_written", done.error());
        opened = false;
        write_trouble = Trouble::database;
        if (!std::exchange(write_failed, true)) own.insert(own.begin(), kept.begin(), kept.end());
        refuse(std::exchange(in_flight, {}), refusal(Trouble::database), to_string(Trouble::database));
        review();
    }
    answered_at = Steady::now();
}

awaitable<void> Log::Impl::seal() {
    const auto head = chain.head();
    const auto began = Steady::now().time_since_epoch().count();
    const auto found = co_await checkpoints.seal(head);
    // What is missing for want of HSM or database counts when it is late.
    seal_trouble = found == Trouble::unsealed ? Trouble::none : found;
    if (found == Trouble::none) unsealed_since = chain.head().sequence > head.sequence ? began : 0;
}

awaitable<void> Log::Impl::seal_all() {
    for (bool last = false; !last;) {
        if (!written_out && !giving_up) co_await pause(seal_timer, options.checkpoint_every);
        last = written_out || giving_up;
        if (opened) co_await seal();
        review();
        metrics.gauge("audit_lag_seconds", std::chrono::duration<double>(lag()).count());
    }
    ended.set_value();
}

// Callers whose time has passed do not wait for a database that hangs.
awaitable<void> Log::Impl::expire() {
    asio::steady_timer timer{io};
    while (!written_out && !giving_up) {
        co_await pause(timer, expire_every);
        auto late = queue.take_expired();
        for (auto& waiter : in_flight)
            if (waiter.done && waiter.deadline.passed())
                late.push_back({{},
                                waiter.deadline,
                                std::exchange(waiter.executor, {}),
                                std::exchange(waiter.done, nullptr)});
        refuse(std::move(late), Error::unavailable("the audit log was too slow", Cause::deadline_exceeded),
               "late");
    }
}

// Tells the log of the process, once, and the stream itself when it is over.
void Log::Impl::review() {
    const auto now = trouble();
    metrics.gauge("audit_writable", now == Trouble::none ? 1 : 0);
    if (now == reported) return;
    if (now != Trouble::none) {
        if (reported == Trouble::none) troubled_since = Steady::now();
        common::log::error("audit_log_fails", {{"reason", Safe::param(to_string(now))}});
    } else {
        common::log::info("audit_log_works_again", {{"reason", Safe::param(to_string(reported))}});
        if (!std::exchange(resumed, false)) own.push_back(resumption());
        wake_timer.cancel();
    }
    reported = now;
}

Log::Log(Options options, common::db::Pool& pool, hsm::Hsm& hsm, const common::Clock& clock,
         common::Metrics& metrics)
    : impl_{std::make_unique<Impl>(std::move(options), pool, hsm, clock, metrics)} {}

Log::~Log() {
    stop();
}

Status Log::start() {
    auto& impl = *impl_;
    if (!is_stream_name(impl.options.stream))
        return Fail{Error::internal("audit.stream: letters, digits and ._:@- only, 128 at most")};
    std::error_code missing;
    if (!std::filesystem::is_directory(impl.options.checkpoint_directory, missing))
        return Fail{Error::internal("audit.checkpoint_directory: there is no directory {}",
                                    {Safe::param(impl.options.checkpoint_directory)})};
    for (const auto loop : {&Impl::write_all, &Impl::seal_all, &Impl::expire})
        asio::co_spawn(impl.io, (impl.*loop)(), common::log_exceptions("audit log"));
    impl.thread = std::thread{[&io = impl.io] {
        for (;;) {
            try {
                io.run();
                return;
            } catch (...) {
                common::log_exceptions("audit log")(std::current_exception());
            }
        }
    }};
    return {};
}

void Log::stop(milliseconds wait) {
    auto& impl = *impl_;
    if (impl.draining.exchange(true) || !impl.thread.joinable()) return;
    impl.wake();
    if (impl.ended.get_future().wait_for(wait) != std::future_status::ready) {
        impl.giving_up = true;
        impl.chain.give_up();
        asio::post(impl.io, [&impl] { impl.seal_timer.cancel(); });
    }
    impl.thread.join();  // every wait of it is bounded
}

Task<bool> Log::record_all(std::vector<Entry> entries, Deadline deadline) {
    if (entries.empty()) co_return true;
    co_return co_await common::wait_in_turn<Waiter>(
        std::move(entries), deadline, [this](Waiter waiter) { impl_->begin(std::move(waiter)); });
}

Log::Health Log::health() const {
    const auto found = impl_->draining ? Trouble::stopped : impl_->trouble();
    return {found, impl_->lag()};
}

}  // namespace vault::audit
