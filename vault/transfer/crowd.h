// Many small tasks at a time from one coroutine.
#pragma once

#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/task.h"

namespace vault::transfer {

template <class Work>
class Crowd {
  public:
    Crowd(const boost::asio::any_io_executor& executor, std::size_t count, Work work)
        : ended_{executor, boost::asio::steady_timer::time_point::max()},
          count_{count},
          work_{std::move(work)} {}

    void begin(std::size_t most) {
        for (; running_ < most && running_ < count_; ++running_)
            boost::asio::co_spawn(ended_.get_executor(), take_turns(),
                                  [this](const std::exception_ptr& thrown) { leave(thrown); });
    }
    common::Task<bool> end() {
        while (is_busy())
            co_await ended_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (thrown_) std::rethrow_exception(thrown_);
        if (failed_) co_return common::Fail{std::move(*failed_)};
        co_return true;
    }

  private:
    bool is_busy() const { return running_ > 0; }
    boost::asio::awaitable<void> take_turns() {
        while (next_ < count_ && !failed_) {
            auto done = co_await work_(next_++);
            if (!done && !failed_) failed_ = std::move(done).error();
        }
    }
    void leave(const std::exception_ptr& thrown) {
        if (thrown) thrown_ = thrown, next_ = count_;
        if (--running_ == 0) ended_.cancel();
    }

    boost::asio::steady_timer ended_;
    std::size_t count_, next_ = 0, running_ = 0;
    Work work_;
    std::optional<common::Error> failed_;
    std::exception_ptr thrown_;
};

// work(i), a Task<bool>, for each i below `count`, at most `most` at a time, on the caller's executor, which
// must be of one thread. After an error no further one is begun; it is returned when those under way have
// ended.
template <class Work>
common::Task<bool> for_each_of(std::size_t count, std::size_t most, Work work) {
    Crowd<Work> crowd{co_await boost::asio::this_coro::executor, count, std::move(work)};
    crowd.begin(most);
    co_return co_await crowd.end();
}

}  // namespace vault::transfer
