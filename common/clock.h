// Wall-clock time, injected so that tests move it instead of sleeping. Waits use steady time (common/task.h).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace common {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual TimePoint now() const = 0;
    std::int64_t unix_seconds() const {
        return std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
    }
};

class SystemClock final : public Clock {
  public:
    TimePoint now() const override {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

class ManualClock final : public Clock {
  public:
    explicit ManualClock(TimePoint start) : now_ms_{start.time_since_epoch().count()} {}
    TimePoint now() const override { return TimePoint{std::chrono::milliseconds{now_ms_.load()}}; }
    void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

  private:
    std::atomic<std::int64_t> now_ms_;
};

}  // namespace common
