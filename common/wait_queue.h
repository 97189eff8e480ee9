// Callers that wait for work which one thread does for many of them at once: entries of the audit log, new
// cards. The queue is filled from any thread and emptied by that one.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/task.h"

namespace common {

// One caller and what it brought. Its answer goes to its own executor, which is kept from running out of work
// meanwhile.
template <class I, class A>
struct Waiter {
    using Item = I;
    using Answer = A;
    Item item;
    Deadline deadline;
    boost::asio::any_io_executor executor;
    std::move_only_function<void(Answer)> done;  // empty: answered
};

// Suspends the caller until its waiter, which `begin` gets, is answered.
template <class W, class Begin>
boost::asio::awaitable<typename W::Answer> wait_in_turn(typename W::Item item, Deadline deadline,
                                                        Begin begin) {
    namespace asio = boost::asio;
    const auto executor = co_await asio::this_coro::executor;
    auto initiate = [&](auto handler) {
        auto tracked = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        begin(W{std::move(item), deadline, std::move(tracked),
                [held = std::move(handler)](typename W::Answer answer) mutable {
                    std::move(held)(std::move(answer));
                }});
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(typename W::Answer)>(
        initiate, asio::use_awaitable);
}

// Answers those that are not answered yet with `answer_of(index)`, in one message to each executor.
template <class W, class AnswerOf>
void answer_each(std::vector<W> waiters, AnswerOf answer_of) {
    struct Ready {
        std::move_only_function<void(typename W::Answer)> done;
        typename W::Answer answer;
    };
    std::vector<std::pair<boost::asio::any_io_executor, std::vector<Ready>>> by_executor;
    for (std::size_t i = 0; i < waiters.size(); ++i) {
        auto& waiter = waiters[i];
        if (!waiter.done) continue;
        auto at =
            std::ranges::find(by_executor, waiter.executor, [](const auto& each) { return each.first; });
        if (at == by_executor.end()) at = by_executor.insert(at, {waiter.executor, std::vector<Ready>{}});
        at->second.push_back({std::exchange(waiter.done, nullptr), answer_of(i)});
    }
    for (auto& [executor, ready] : by_executor)
        boost::asio::post(executor, [all = std::move(ready)]() mutable {
            for (auto& [done, answer] : all)
                done(std::move(answer));
        });
}
template <class W>
void answer_all(std::vector<W> waiters, const typename W::Answer& answer) {
    answer_each(std::move(waiters), [&](std::size_t) { return answer; });
}

template <class W>
class WaitQueue {
  public:
    using Waiters = std::vector<W>;
    explicit WaitQueue(std::size_t size_max) : size_max_{size_max} {}

    enum class Added : std::uint8_t { full, waits, wake };  // wake: the working thread waits for this one
    // `waiter` is untouched when full.
    Added add(W& waiter) {
        const std::lock_guard lock{mutex_};
        if (closed_ || waiters_.size() >= size_max_) return Added::full;
        waiters_.push_back(std::move(waiter));
        if (awaited_ == 0 || waiters_.size() < awaited_) return Added::waits;
        awaited_ = 0;
        return Added::wake;
    }
    // Up to `max`, the oldest first. Fewer than `at_least`: nothing, and `add` says `wake` once there are.
    Waiters take(std::size_t max, std::size_t at_least) {
        const std::lock_guard lock{mutex_};
        if (waiters_.empty() || waiters_.size() < at_least) {
            awaited_ = std::max<std::size_t>(at_least, 1);
            return {};
        }
        awaited_ = 0;
        const auto end = waiters_.begin() + static_cast<std::ptrdiff_t>(std::min(max, waiters_.size()));
        Waiters taken{std::move_iterator{waiters_.begin()}, std::move_iterator{end}};
        waiters_.erase(waiters_.begin(), end);
        return taken;
    }
    Waiters take_all() {
        const std::lock_guard lock{mutex_};
        Waiters all{std::move_iterator{waiters_.begin()}, std::move_iterator{waiters_.end()}};
        waiters_.clear();
        return all;
    }
    // All; from now on it is full.
    Waiters close() {
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
        }
        return take_all();
    }
    // Those whose deadline has passed.
    Waiters take_expired() {
        const std::lock_guard lock{mutex_};
        Waiters expired;
        const auto is_late = [](const W& waiter) { return waiter.deadline.passed(); };
        if (std::ranges::none_of(waiters_, is_late)) return expired;
        std::deque<W> left;
        for (auto& waiter : waiters_) {
            if (is_late(waiter))
                expired.push_back(std::move(waiter));
            else
                left.push_back(std::move(waiter));
        }
        waiters_.swap(left);
        return expired;
    }

  private:
    std::mutex mutex_;
    std::deque<W> waiters_;
    std::size_t size_max_;
    std::size_t awaited_ = 0;  // 0: nobody waits
    bool closed_ = false;
};

}  // namespace common
