#include "vault/audit/queue.h"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace vault::audit {
namespace {

using Handlers = std::vector<std::move_only_function<void(Waiter::Answer)>>;

void post(const boost::asio::any_io_executor& executor, Handlers handlers, const Waiter::Answer& answer) {
    boost::asio::post(executor, [ready = std::move(handlers), answer]() mutable {
        for (auto& done : ready)
            done(answer);
    });
}

}  // namespace

void answer_all(Waiters& waiters, const Waiter::Answer& answer) {
    std::vector<std::pair<boost::asio::any_io_executor, Handlers>> by_executor;
    for (auto& waiter : waiters) {
        if (!waiter.done) continue;
        auto at =
            std::ranges::find_if(by_executor, [&](auto& each) { return each.first == waiter.executor; });
        if (at == by_executor.end()) {
            by_executor.emplace_back(waiter.executor, Handlers{});
            at = std::prev(by_executor.end());
        }
        at->second.push_back(std::exchange(waiter.done, nullptr));
    }
    for (auto& [executor, handlers] : by_executor)
        post(executor, std::move(handlers), answer);
}

void answer(Waiters waiters, const Waiter::Answer& answer) {
    answer_all(waiters, answer);
}

Queue::Added Queue::add(Waiter& waiter) {
    const std::lock_guard lock{mutex_};
    if (closed_ || waiters_.size() >= size_max_) return Added::full;
    waiters_.push_back(std::move(waiter));
    if (awaited_ == 0 || waiters_.size() < awaited_) return Added::waits;
    awaited_ = 0;
    return Added::wake;
}

Waiters Queue::take(std::size_t max, std::size_t at_least) {
    const std::lock_guard lock{mutex_};
    Waiters taken;
    if (waiters_.empty() || waiters_.size() < at_least) {
        awaited_ = std::max<std::size_t>(at_least, 1);
        return taken;
    }
    awaited_ = 0;
    const auto size = std::min(max, waiters_.size());
    taken.reserve(size);
    std::move(waiters_.begin(), waiters_.begin() + static_cast<std::ptrdiff_t>(size),
              std::back_inserter(taken));
    waiters_.erase(waiters_.begin(), waiters_.begin() + static_cast<std::ptrdiff_t>(size));
    return taken;
}

Waiters Queue::take_all() {
    const std::lock_guard lock{mutex_};
    Waiters all{std::move_iterator{waiters_.begin()}, std::move_iterator{waiters_.end()}};
    waiters_.clear();
    return all;
}

Waiters Queue::close() {
    {
        const std::lock_guard lock{mutex_};
        closed_ = true;
    }
    return take_all();
}

Waiters Queue::take_expired() {
    const std::lock_guard lock{mutex_};
    Waiters expired;
    const auto is_late = [](const Waiter& waiter) { return waiter.deadline.passed(); };
    if (std::ranges::none_of(waiters_, is_late)) return expired;
    std::deque<Waiter> left;
    for (auto& waiter : waiters_) {
        if (is_late(waiter))
            expired.push_back(std::move(waiter));
        else
            left.push_back(std::move(waiter));
    }
    waiters_.swap(left);
    return expired;
}

std::size_t Queue::size() const {
    const std::lock_guard lock{mutex_};
    return waiters_.size();
}

}  // namespace vault::audit
