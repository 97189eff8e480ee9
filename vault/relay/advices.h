// Store and forward: captures and reversals are sent from the queue in the database, in order within a
// payment and otherwise in parallel, and repeated until the host has answered.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/cards/card_vault.h"
#include "vault/relay/link.h"
#include "vault/relay/records.h"
#include "vault/relay/relay.h"
#include "vault/store/exchange_store.h"

namespace vault::relay {

// Lives on the link's io_context.
class Advices {
  public:
    // `ended` is told of each advice that has left the queue.
    Advices(asio::io_context& io, const Options& options, std::string instance, Link& link,
            store::ExchangeStore& store, cards::CardVault& cards, const common::Clock& clock,
            common::Metrics& metrics, std::function<void(const Record&)> ended);

    // Until `stop`.
    asio::awaitable<void> run();
    // There is something new for this account; it is sent at once if the link is up.
    void wake(common::AccountId account);
    void wake_all();
    void stop();
    bool idle() const { return running_ == 0; }
    std::int64_t queued() const { return queued_; }
    std::int64_t oldest_created_at() const { return oldest_; }  // milliseconds of the unix epoch; 0 = none

  private:
    asio::awaitable<void> poll();
    asio::awaitable<void> start_account(common::AccountId account);
    asio::awaitable<void> send(Record advice);
    // Nothing when the advice cannot be sent now; then it was put back or parked.
    asio::awaitable<std::optional<cards::OpenCard>> open_card(const Record& advice);
    asio::awaitable<void> take_answer(const Record& advice, const iso8583::Message& message);
    asio::awaitable<void> finish(const Record& advice, State state, Answer answer);
    asio::awaitable<void> put_back(const Record& advice, int attempts, std::chrono::milliseconds wait);
    asio::awaitable<void> measure();
    std::chrono::milliseconds repeat_wait(int attempts) const;
    bool too_old(const Record& advice) const;
    std::int64_t now() const { return clock_.now().time_since_epoch().count(); }

    asio::io_context& io_;
    const Options& options_;
    std::string instance_;
    Link& link_;
    store::ExchangeStore& store_;
    cards::CardVault& cards_;
    const common::Clock& clock_;
    common::Metrics& metrics_;
    std::function<void(const Record&)> ended_;
    asio::steady_timer timer_;
    std::deque<common::AccountId> hot_;  // woken and not looked at yet
    bool stopping_ = false;
    bool poll_now_ = true;
    std::size_t running_ = 0;
    std::atomic<std::int64_t> queued_{0}, oldest_{0};
};

}  // namespace vault::relay
