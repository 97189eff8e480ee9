#include "vault/relay/advices.h"

#include <algorithm>
#include <random>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/log.h"
#include "common/runtime.h"
#include "vault/relay/messages.h"

namespace vault::relay {
namespace {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Safe;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
namespace log = common::log;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);
constexpr int account_batch_max = 16;
constexpr std::size_t hot_max = 4096;  // beyond that the poll finds them

Deadline database_limit() {
    return Deadline::in(std::chrono::seconds{10});
}

}  // namespace

Advices::Advices(asio::io_context& io, const Options& options, std::string instance, Link& link,
                 store::ExchangeStore& store, cards::CardVault& cards, const common::Clock& clock,
                 common::Metrics& metrics, std::function<void(const Record&)> ended)
    : io_{io},
      options_{options},
      instance_{std::move(instance)},
      link_{link},
      store_{store},
      cards_{cards},
      clock_{clock},
      metrics_{metrics},
      ended_{std::move(ended)},
      timer_{io} {}

void Advices::wake(AccountId account) {
    if (hot_.size() < hot_max && std::ranges::find(hot_, account) == hot_.end()) hot_.push_back(account);
    timer_.cancel();
}

void Advices::wake_all() {
    poll_now_ = true;
    timer_.cancel();
}

void Advices::stop() {
    stopping_ = true;
    timer_.cancel();
}

milliseconds Advices::repeat_wait(int attempts) const {
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto last = options_.repeats.size() - 1;
    const auto wait = options_.repeats[std::min(static_cast<std::size_t>(std::max(attempts - 1, 0)), last)];
    return wait * std::uniform_int_distribution{90, 110}(random) / 100;
}

bool Advices::too_old(const Record& advice) const {
    const auto life = advice.kind == Kind::reversal ? options_.reversal_life : options_.capture_life;
    return now() - advice.created_at > life.count();
}

asio::awaitable<void> Advices::run() {
    auto next_poll = Steady::now();
    while (!stopping_) {
        if (Steady::now() >= next_poll || poll_now_) {
            poll_now_ = false;
            next_poll = Steady::now() + options_.poll_every;
            co_await measure();
            if (link_.signed_on()) co_await poll();
        }
        while (!stopping_ && link_.signed_on() && !hot_.empty() && running_ < options_.advices_max) {
            const auto account = hot_.front();
            hot_.pop_front();
            co_await start_account(account);
        }
        if (!link_.signed_on()) hot_.clear();  // all are looked for when the link is back
        if (stopping_ || poll_now_ || (!hot_.empty() && running_ < options_.advices_max)) continue;
        timer_.expires_at(next_poll);
        [[maybe_unused]] const auto woken = co_await timer_.async_wait(quiet);
    }
}

asio::awaitable<void> Advices::poll() {
    const auto due = co_await store_.due_accounts(now(), database_limit());
    if (!due) {
        log::failure("advice_poll_failed", due.error());
        co_return;
    }
    for (const auto account : *due)
        if (std::ranges::find(hot_, account) == hot_.end() && hot_.size() < hot_max) hot_.push_back(account);
}

asio::awaitable<void> Advices::start_account(AccountId account) {
    const auto free = static_cast<int>(options_.advices_max - running_);
    const auto lease =
        options_.advice_max + options_.link.write_max + options_.open_card_max + options_.lease_slack;
    const auto limit = std::min(free, account_batch_max);
    auto leased = co_await store_.lease_advices(account, instance_, now(), now() + lease.count(), limit,
                                                database_limit());
    if (!leased) {
        log::failure("advice_lease_failed", leased.error());
        co_return;
    }
    // A full batch: there may be more.
    if (static_cast<int>(leased->size()) == limit) hot_.push_back(account);
    for (auto& advice : *leased) {
        ++running_;
        asio::co_spawn(io_, send(std::move(advice)), [this](const std::exception_ptr& caught) {
            --running_;
            common::log_exceptions("advice")(caught);
            timer_.cancel();
        });
    }
}

asio::awaitable<void> Advices::send(Record advice) {
    if (too_old(advice)) {
        log::error("advice_too_old", {{"request", Safe::id(advice.request_id)}});
        co_await finish(advice, State::parked, {});
        co_return;
    }
    auto card = co_await open_card(advice);
    if (!card) co_return;
    // The lease counted this attempt already, so the first one is number 1.
    auto message = advice_message(advice, *card, advice.attempts > 1);
    card.reset();
    const auto reply = co_await link_.exchange(std::move(message), options_.advice_max);
    switch (reply.outcome) {
        case Link::Outcome::answered:
            co_await take_answer(advice, reply.answer);
            break;
        case Link::Outcome::not_sent:
            co_await put_back(advice, advice.attempts - 1, options_.poll_every);
            break;
        case Link::Outcome::no_answer:
        case Link::Outcome::lost:
            co_await put_back(advice, advice.attempts, repeat_wait(advice.attempts));
            break;
    }
}

asio::awaitable<std::optional<cards::OpenCard>> Advices::open_card(const Record& advice) {
    auto card =
        co_await cards_.open(advice.account, advice.livemode, advice.card_token, "",
                             {"vault", "relay", advice.request_id}, Deadline::in(options_.open_card_max));
    if (card) co_return std::move(*card);
    log::failure("advice_card_not_opened", card.error(), advice.request_id);
    const auto cause = card.error().cause();
    if (cause == Cause::not_found || cause == Cause::integrity)
        co_await finish(advice, State::parked, {});
    else
        co_await put_back(advice, advice.attempts - 1, repeat_wait(1));
    co_return std::nullopt;
}

asio::awaitable<void> Advices::take_answer(const Record& advice, const iso8583::Message& message) {
    auto answer = answer_of(message, advice);
    const auto code = answer.response_code;
    if (needs_alarm(advice.kind, code))
        log::error("advice_refused", {{"request", Safe::id(advice.request_id)},
                                      {"kind", Safe::id(to_string(advice.kind))},
                                      {"response_code", Safe::id(code)}});
    switch (disposition(advice.kind, code)) {
        case Disposition::done:
            co_await finish(advice, State::answered, std::move(answer));
            break;
        case Disposition::park:
            co_await finish(advice, State::parked, std::move(answer));
            break;
        case Disposition::repeat:
            co_await put_back(advice, advice.attempts, repeat_wait(advice.attempts));
            break;
    }
}

// The host has its part; if our row cannot be written now, the lease runs out and the repeat brings the same
// answer.
asio::awaitable<void> Advices::finish(const Record& advice, State state, Answer answer) {
    auto pause = milliseconds{50};
    for (int tries = 0; tries < 10; ++tries) {
        const auto ended = co_await store_.end_advice(advice, state, answer, now(), database_limit());
        if (ended) {
            metrics_.count("saf_ended_total",
                           {{"kind", to_string(advice.kind)}, {"state", to_string(state)}});
            ended_(*ended);
            wake(advice.account);  // what was behind it
            co_return;
        }
        log::failure("advice_not_ended", ended.error(), advice.request_id);
        if (stopping_) co_return;
        asio::steady_timer timer{io_, pause};
        [[maybe_unused]] const auto woken = co_await timer.async_wait(quiet);
        pause = std::min(pause * 2, milliseconds{2000});
    }
}

asio::awaitable<void> Advices::put_back(const Record& advice, int attempts, milliseconds wait) {
    const auto done = co_await store_.put_back(advice, attempts, now() + wait.count(), database_limit());
    if (!done) log::failure("advice_not_put_back", done.error(), advice.request_id);
}

asio::awaitable<void> Advices::measure() {
    const auto queue = co_await store_.queue(database_limit());
    if (!queue) {
        log::failure("advice_queue_not_measured", queue.error());
        co_return;
    }
    queued_ = queue->size;
    oldest_ = queue->oldest;
    metrics_.gauge("saf_queue_depth", static_cast<double>(queue->size));
    const auto age = queue->oldest == 0 ? 0 : std::max<std::int64_t>(now() - queue->oldest, 0);
    metrics_.gauge("saf_oldest_seconds", static_cast<double>(age) / 1000);
}

}  // namespace vault::relay
