// A transaction that is run again where nothing was lost by it.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/db/pool.h"
#include "common/error.h"

namespace gateway {

inline constexpr std::chrono::milliseconds lock_wait{2'000};  // for another request on the same object
inline constexpr std::chrono::milliseconds transaction_max{10'000};

inline boost::asio::awaitable<void> pause_for(std::chrono::milliseconds duration) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    timer.expires_after(duration);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

// What is final at the business rules and stored under the idempotency key, as against errors of the moment,
// which are not.
inline bool is_final(const common::Error& error) {
    const auto status = error.status();
    return (status == 400 || status == 402 || status == 404) &&
           error.type() != common::ErrorType::idempotency;
}

// Runs job(tx, again) in a transaction; again with `again` when the outcome of the commit was not learnt, so
// that the job looks for its own rows first; and again while another request holds the object, for up to
// lock_wait.
template <class R, class Job>
boost::asio::awaitable<R> run_transaction(common::db::Pool& database, Job job, common::Deadline deadline) {
    bool again = false;
    int unknown = 0;
    std::chrono::milliseconds pause{5};
    const auto patience = deadline.at_most(lock_wait);
    for (;;) {
        auto body = [&job, again](common::db::Transaction& tx) -> R { return job(tx, again); };
        auto outcome = co_await database.transaction(body, deadline.at_most(transaction_max));
        if (outcome) co_return outcome;
        const auto cause = outcome.error().cause();
        if (cause == common::Cause::outcome_unknown && ++unknown < 5 && !deadline.passed())
            again = true;
        else if (cause != common::Cause::lock_timeout || patience.passed())
            co_return outcome;
        co_await pause_for(pause);
        pause = std::min(pause * 2, std::chrono::milliseconds{160});
    }
}

}  // namespace gateway
