// Coroutine results and the deadline that every wait carries.
#pragma once

#include <chrono>

#include <boost/asio/awaitable.hpp>

#include "common/result.h"

namespace common {

template <class T>
using Task = boost::asio::awaitable<Result<T>>;  // never throws: whatever fails comes back as an Error

// A point in steady time after which the caller no longer waits.
class Deadline {
  public:
    using Steady = std::chrono::steady_clock;
    static Deadline in(std::chrono::milliseconds from_now) { return Deadline{Steady::now() + from_now}; }
    explicit Deadline(Steady::time_point at) : at_{at} {}
    Deadline() : at_{Steady::time_point::max()} {}  // never
    Steady::time_point at() const { return at_; }
    bool passed() const { return Steady::now() >= at_; }
    // Zero once passed.
    std::chrono::milliseconds left() const;
    Deadline at_most(std::chrono::milliseconds from_now) const {
        const auto other = Steady::now() + from_now;
        return Deadline{other < at_ ? other : at_};
    }

  private:
    Steady::time_point at_;
};

}  // namespace common
