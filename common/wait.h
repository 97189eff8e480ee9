// Waits for a task on the calling thread, for start-up code and command lines. Never from an I/O thread.
#pragma once

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "common/task.h"

namespace common {

template <class T>
Result<T> wait_for(Task<T> task) {
    boost::asio::io_context io;
    std::optional<Result<T>> answer;
    boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& thrown, Result<T> result) {
        if (thrown) std::rethrow_exception(thrown);
        answer.emplace(std::move(result));
    });
    io.run();
    return std::move(*answer);
}

}  // namespace common
