// A moving deadline that costs nothing while it moves away: the timer is armed again only when it fires too
// early or the deadline comes nearer. A connection moves its deadline several times a request.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace common::http {

class Watchdog {
  public:
    using Time = std::chrono::steady_clock::time_point;

    // `expired` runs on the context, again every 20 ms until the deadline is moved or cleared: a cancelled
    // socket may just have been between two operations.
    Watchdog(boost::asio::io_context& io, std::function<void()> expired)
        : state_{std::make_shared<State>(io, std::move(expired))} {}
    ~Watchdog() {
        state_->expired = nullptr;
        state_->timer.cancel();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    void set(Time deadline) {
        state_->deadline = deadline;
        if (deadline < state_->armed) arm(state_, deadline);
    }
    void set_in(std::chrono::milliseconds from_now) { set(std::chrono::steady_clock::now() + from_now); }
    void clear() { state_->deadline = Time::max(); }

  private:
    struct State {
        State(boost::asio::io_context& io, std::function<void()> callback)
            : timer{io}, expired{std::move(callback)} {}
        boost::asio::steady_timer timer;
        std::function<void()>
            expired;  // empty once the watchdog is gone: the timer's handler may be queued already
        Time deadline = Time::max();
        Time armed = Time::max();
    };

    static void arm(const std::shared_ptr<State>& state, Time at) {
        state->armed = at;
        state->timer.expires_at(at);
        state->timer.async_wait([state](const boost::system::error_code& failure) {
            if (!failure) fire(state);
        });
    }
    static void fire(const std::shared_ptr<State>& state) {
        state->armed = Time::max();
        const auto now = std::chrono::steady_clock::now();
        const bool passed = state->deadline <= now;
        if (passed && state->expired) state->expired();
        if (!state->expired || state->deadline == Time::max()) return;
        const auto again =
            passed ? std::max(state->deadline, now + std::chrono::milliseconds{20}) : state->deadline;
        if (again < state->armed) arm(state, again);
    }
    std::shared_ptr<State> state_;
};

}  // namespace common::http
