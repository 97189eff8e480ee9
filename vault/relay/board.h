// Who waits for the outcome of which exchange. On one executor.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "common/task.h"
#include "vault/client/client.h"

namespace vault::relay {

class Board {
  public:
    using Key = std::pair<std::int64_t, std::string>;  // account, request id
    using Outcome = common::Result<Exchange>;

    explicit Board(boost::asio::io_context& io) : io_{io} {}
    // Nothing when the deadline passes first.
    boost::asio::awaitable<std::optional<Outcome>> wait(Key key, common::Deadline deadline);
    void post(const Key& key, const Outcome& outcome);

  private:
    struct Waiter;
    boost::asio::io_context& io_;
    std::multimap<Key, Waiter*> waiters_;
};

}  // namespace vault::relay
