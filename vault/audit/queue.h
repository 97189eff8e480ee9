// Callers of the log that wait for their entry to be durable.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "common/metrics.h"
#include "common/task.h"
#include "vault/audit/trail.h"

namespace vault::audit {

// One caller. Its answer goes to its own executor, which is kept from running out of work meanwhile.
struct Waiter {
    using Answer = common::Result<bool>;
    Entry entry;
    common::Deadline deadline;
    boost::asio::any_io_executor executor;       // of the caller; none: the log itself
    std::move_only_function<void(Answer)> done;  // empty: answered
};
using Waiters = std::vector<Waiter>;

// Answers those that are not answered yet, with one message to each executor.
void answer(Waiters waiters, const Waiter::Answer& answer);
void answer_all(Waiters& waiters, const Waiter::Answer& answer);  // the entries stay

// Filled from any thread, emptied by the log's.
class Queue {
  public:
    explicit Queue(std::size_t size_max) : size_max_{size_max} {}
    enum class Added : std::uint8_t { full, waits, wake };  // wake: the log's thread waits for this one
    // `waiter` is untouched when full.
    Added add(Waiter& waiter);
    // Up to `max`, the oldest first. Fewer than `at_least`: nothing, and `add` says `wake` once there are.
    Waiters take(std::size_t max, std::size_t at_least);
    Waiters take_all();
    Waiters close();  // all; from now on it is full
    Waiters take_expired();
    std::size_t size() const;

  private:
    mutable std::mutex mutex_;
    std::deque<Waiter> waiters_;
    std::size_t size_max_;
    std::size_t awaited_ = 0;  // 0: nobody waits
    bool closed_ = false;
};

}  // namespace vault::audit
