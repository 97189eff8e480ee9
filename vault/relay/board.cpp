#include "vault/relay/board.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace vault::relay {

namespace asio = boost::asio;

struct Board::Waiter {
    asio::steady_timer timer;
    std::optional<Outcome> outcome;
};

asio::awaitable<std::optional<Board::Outcome>> Board::wait(Key key, common::Deadline deadline) {
    Waiter waiter{asio::steady_timer{io_}, std::nullopt};
    waiter.timer.expires_at(deadline.at());
    const auto place = waiters_.emplace(std::move(key), &waiter);
    while (!waiter.outcome && !deadline.passed()) [[maybe_unused]]
        const auto woken = co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    waiters_.erase(place);
    co_return std::move(waiter.outcome);
}

void Board::post(const Key& key, const Outcome& outcome) {
    const auto [first, last] = waiters_.equal_range(key);
    for (auto place = first; place != last; ++place) {
        place->second->outcome = outcome;
        place->second->timer.cancel();
    }
}

}  // namespace vault::relay
