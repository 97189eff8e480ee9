// A task that goes on while whoever started it does something else, and is waited for later.
#pragma once

#include <memory>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/log.h"
#include "common/runtime.h"

namespace common {

// Lives on one single-threaded executor. A task that nobody waits for any more goes on to its end, so it owns
// all that it uses.
template <class T>
class Started {
  public:
    Started(const boost::asio::any_io_executor& executor, Task<T> task)
        : shared_{std::make_shared<Shared>(executor)} {
        boost::asio::co_spawn(executor, run(shared_, std::move(task)), log_exceptions("started task"));
    }
    // At most once. 503 Cause::deadline_exceeded: it goes on, but nobody gets its result.
    Task<T> wait(Deadline deadline = {}) {
        auto shared = shared_;
        shared->timer.expires_at(deadline.at());
        if (!shared->result)
            co_await shared->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (!shared->result)
            co_return Fail{Error::unavailable("no result in time", Cause::deadline_exceeded)};
        co_return std::move(*shared->result);
    }

  private:
    struct Shared {
        explicit Shared(const boost::asio::any_io_executor& executor) : timer{executor} {}
        boost::asio::steady_timer timer;
        std::optional<Result<T>> result;
    };
    static boost::asio::awaitable<void> run(std::shared_ptr<Shared> shared, Task<T> task) {
        try {
            shared->result.emplace(co_await std::move(task));
        } catch (const std::exception&) {
            log::error("exception in a started task");
            shared->result.emplace(Fail{Error::internal("exception in a started task")});
        }
        shared->timer.cancel();
    }
    std::shared_ptr<Shared> shared_;
};

}  // namespace common
