#include "vault/cards/intake.h"

#include <list>
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

// The same waiter, to be answered; what is left in its place counts as answered.
Waiters alone(Waiter& waiter) {
    Waiters one;
    one.push_back({{}, waiter.deadline, waiter.executor, std::exchange(waiter.done, nullptr)});
    return one;
}

}  // namespace

struct Intake::Impl {
    CardBatch& batch;
    Options options;
    Queue queue;
    asio::io_context io{1};
    asio::steady_timer wake_timer{io}, slot_timer{io}, expiry_timer{io};
    std::list<Group*> under_way;  // of the coroutines that carry them out
    std::size_t crowd = 0;        // callers that were last taken off the queue
    Steady::time_point answered_at{};
    std::atomic<bool> ending = false;
    std::thread thread;

    Impl(CardBatch& given, Options chosen) : batch{given}, options{chosen}, queue{chosen.queue_max} {}

    void begin(Waiter waiter);
    awaitable<void> run();
    awaitable<Waiters> gather();
    awaitable<void> free_slot(std::size_t slots);
    awaitable<void> carry_out(Group group);
    Task<CardBatch::Stored> attempt(const std::vector<CheckedCard>& cards, Deadline deadline);
    awaitable<void> one_by_one(Group& group);
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

// Waits until fewer than so many are under way.
awaitable<void> Intake::Impl::free_slot(std::size_t slots) {
    while (under_way.size() >= slots)
        co_await pause(slot_timer, Steady::time_point::max());
}

awaitable<void> Intake::Impl::run() {
    for (;;) {
        co_await free_slot(options.batches_max);
        auto waiters = co_await gather();
        if (waiters.empty() && ending) break;
        crowd = waiters.size();
        for (auto& group : groups_of(std::move(waiters))) {
            co_await free_slot(options.batches_max);
            asio::co_spawn(io, carry_out(std::move(group)), common::log_exceptions("new cards"));
            co_await asio::post(io, asio::use_awaitable);  // until it has its slot
        }
    }
    co_await free_slot(1);
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
    const auto place = under_way.insert(under_way.end(), &group);
    auto stored = co_await attempt(group.cards, group.deadline);
    answered_at = Steady::now();
    if (stored)
        common::answer_each(std::exchange(group.waiters, {}),
                            [&](std::size_t i) -> Waiter::Answer { return std::move((*stored)[i]); });
    else if (stored.error().status() == 500 && group.waiters.size() > 1)
        co_await one_by_one(group);
    else
        common::answer_all(std::exchange(group.waiters, {}), Fail{std::move(stored).error()});
    under_way.erase(place);
    slot_timer.cancel();
}

// Whatever is thrown, as for want of memory, costs these cards and no others.
Task<CardBatch::Stored> Intake::Impl::attempt(const std::vector<CheckedCard>& cards, Deadline deadline) {
    try {
        co_return co_await batch.store(cards, deadline);
    } catch (const std::exception&) {
        common::log::error("exception while cards were stored");
    }
    co_return Fail{Error::internal("exception while cards were stored")};
}

// A card that cannot be stored must not keep those out that came with it. When none of the first can be, it
// is not the cards' fault.
awaitable<void> Intake::Impl::one_by_one(Group& group) {
    constexpr std::size_t failures_max = 3;
    std::size_t failures = 0, successes = 0;
    for (std::size_t i = 0; i < group.cards.size(); ++i) {
        auto& waiter = group.waiters[i];
        if (!waiter.done) continue;  // its caller has gone
        common::Result<CardBatch::Stored> stored = Fail{Error::internal("cards cannot be stored")};
        if (successes > 0 || failures < failures_max) {
            std::vector<CheckedCard> card;
            card.push_back(std::move(group.cards[i]));
            stored = co_await attempt(card, waiter.deadline);
        }
        ++(stored ? successes : failures);
        auto answer = stored ? Waiter::Answer{std::move(stored->front())}
                             : Waiter::Answer{Fail{std::move(stored).error()}};
        common::answer_all(alone(waiter), answer);
    }
}

// Callers whose time has passed do not wait for an HSM or a database that hangs. What is under way for them
// may still be stored, under a token that nobody knows.
awaitable<void> Intake::Impl::expire() {
    while (!ending) {
        co_await pause(expiry_timer, Steady::now() + expire_every);
        common::answer_all(queue.take_expired(), Fail{too_late()});
        for (auto* group : under_way)
            for (auto& waiter : group->waiters)
                if (waiter.done && waiter.deadline.passed())
                    common::answer_all(alone(waiter), Fail{too_late()});
    }
}

Intake::Intake(CardBatch& batch, Options options) : impl_{std::make_unique<Impl>(batch, options)} {
    for (const auto loop : {&Impl::run, &Impl::expire})
        asio::co_spawn(impl_->io, (impl_.get()->*loop)(), common::log_exceptions("intake of cards"));
    impl_->thread = std::thread{[&io = impl_->io] {
        for (;;) {
            try {
                io.run();
                return;
            } catch (...) {
                common::log_exceptions("intake of cards")(std::current_exception());
            }
        }
    }};
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
