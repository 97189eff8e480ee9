#include "vault/cards/intake.h"

#include <thread>

#include "common/log.h"
#include "common/runtime.h"
#include "common/wait_queue.h"

namespace vault::cards {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Task;
using Steady = std::chrono::steady_clock;
using Waiter = common::Waiter<CheckedCard, common::Result<NewCardResult>>;
using Queue = common::WaitQueue<Waiter>;
using Waiters = Queue::Waiters;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t crowd_min = 8;  // callers in a batch, from which on it is worth to wait for company
constexpr std::chrono::milliseconds expire_every{50};

Error too_late() {
    return Error::unavailable("a new card waited too long to be stored", Cause::deadline_exceeded);
}

// Of one account and mode: a transaction belongs to one account.
struct Group {
    Waiters waiters;
    std::vector<CheckedCard> cards;
    Deadline deadline = Deadline::in(std::chrono::milliseconds{0});  // the latest of theirs
};

std::vector<Group> groups_of(Waiters waiters) {
    std::vector<Group> groups;
    for (auto& waiter : waiters) {
        auto at = std::ranges::find_if(groups, [&](const Group& group) {
            const auto& card = group.cards.front();
            return card.account == waiter.item.account && card.livemode == waiter.item.livemode;
        });
        if (at == groups.end()) at = groups.insert(at, Group{});
        if (at->deadline.at() < waiter.deadline.at()) at->deadline = waiter.deadline;
        at->cards.push_back(std::move(waiter.item));
        at->waiters.push_back(std::move(waiter));
    }
    return groups;
}

}  // namespace

struct Intake::Impl {
    CardBatch& batch;
    Options options;
    Queue queue;
    asio::io_context io{1};
    asio::steady_timer wake_timer{io}, slot_timer{io}, expiry_timer{io};
    std::size_t under_way = 0;
    std::size_t crowd = 0;  // callers of the last batch, which was answered at:
    Steady::time_point answered_at{};
    std::atomic<bool> ending = false;
    std::thread thread;

    Impl(CardBatch& given, Options chosen) : batch{given}, options{chosen}, queue{chosen.queue_max} {}

    void begin(Waiter waiter);
    awaitable<void> run();
    awaitable<Waiters> gather();
    awaitable<void> carry_out(Group group);
    awaitable<void> one_by_one(Group group);
    awaitable<void> expire();
    awaitable<void> pause(asio::steady_timer& timer, Steady::time_point until) {
        timer.expires_at(until);
        co_await timer.async_wait(quiet);
    }
};

// From the caller's thread.
void Intake::Impl::begin(Waiter waiter) {
    switch (queue.add(waiter)) {
        case Queue::Added::waits:
            return;
        case Queue::Added::wake:
            asio::post(io, [this] { wake_timer.cancel(); });
            return;
        case Queue::Added::full: {
            Waiters refused;
            refused.push_back(std::move(waiter));
            common::answer_all(std::move(refused),
                               Fail{Error::unavailable("too many new cards wait", Cause::overloaded)});
        }
    }
}

awaitable<void> Intake::Impl::run() {
    for (;;) {
        while (under_way >= options.batches_max)
            co_await pause(slot_timer, Steady::time_point::max());
        auto waiters = co_await gather();
        if (waiters.empty() && ending) break;
        for (auto& group : groups_of(std::move(waiters))) {
            ++under_way;
            asio::co_spawn(io, carry_out(std::move(group)), common::log_exceptions("new cards"));
        }
    }
    while (under_way > 0)
        co_await pause(slot_timer, Steady::time_point::max());
    expiry_timer.cancel();
}

// Nobody waits while nothing is going on. In a crowd, those who were just answered are about to come again: a
// short wait for them makes one COMMIT of two.
awaitable<Waiters> Intake::Impl::gather() {
    const auto until = answered_at + options.company;
    if (crowd >= crowd_min && !ending && Steady::now() < until) {
        auto waiters = queue.take(options.batch_max, std::min(crowd, options.batch_max));
        if (!waiters.empty()) co_return waiters;
        co_await pause(wake_timer, until);
    }
    auto waiters = queue.take(options.batch_max, 1);
    if (!waiters.empty() || ending) co_return waiters;
    co_await pause(wake_timer, Steady::time_point::max());
    co_return queue.take(options.batch_max, 1);
}

awaitable<void> Intake::Impl::carry_out(Group group) {
    auto stored = co_await batch.store(group.cards, group.deadline);
    crowd = group.waiters.size();
    answered_at = Steady::now();
    if (stored)
        common::answer_each(std::move(group.waiters),
                            [&](std::size_t i) -> Waiter::Answer { return std::move((*stored)[i]); });
    else if (stored.error().status() == 500 && group.waiters.size() > 1)
        co_await one_by_one(std::move(group));
    else
        common::answer_all(std::move(group.waiters), Fail{std::move(stored).error()});
    --under_way;
    slot_timer.cancel();
}

// A card that cannot be stored must not keep those out that came with it.
awaitable<void> Intake::Impl::one_by_one(Group group) {
    for (std::size_t i = 0; i < group.cards.size(); ++i) {
        std::vector<CheckedCard> card;
        card.push_back(std::move(group.cards[i]));
        Waiters waiter;
        waiter.push_back(std::move(group.waiters[i]));
        auto stored = co_await batch.store(card, group.deadline);
        if (stored)
            common::answer_all(std::move(waiter), std::move(stored->front()));
        else
            common::answer_all(std::move(waiter), Fail{std::move(stored).error()});
    }
}

// Callers whose time has passed do not wait for an HSM or a database that hangs.
awaitable<void> Intake::Impl::expire() {
    while (!ending) {
        co_await pause(expiry_timer, Steady::now() + expire_every);
        common::answer_all(queue.take_expired(), Fail{too_late()});
    }
}

Intake::Intake(CardBatch& batch, Options options) : impl_{std::make_unique<Impl>(batch, options)} {
    for (const auto loop : {&Impl::run, &Impl::expire})
        asio::co_spawn(impl_->io, (impl_.get()->*loop)(), common::log_exceptions("intake of cards"));
    impl_->thread = std::thread{[&io = impl_->io] { io.run(); }};
}

Intake::~Intake() {
    impl_->ending = true;
    asio::post(impl_->io, [impl = impl_.get()] {
        impl->wake_timer.cancel();
        impl->expiry_timer.cancel();
    });
    impl_->thread.join();  // every wait of it is bounded by a deadline
}

Task<NewCardResult> Intake::store(CheckedCard card, Deadline deadline) {
    return common::wait_in_turn<Waiter>(std::move(card), deadline,
                                        [this](Waiter waiter) { impl_->begin(std::move(waiter)); });
}

}  // namespace vault::cards
