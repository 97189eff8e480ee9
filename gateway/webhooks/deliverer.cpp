#include "gateway/webhooks/deliverer.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <random>

#include <boost/json/serialize.hpp>

#include "common/log.h"
#include "common/started.h"
#include "gateway/events/render.h"
#include "gateway/store/webhooks.h"
#include "gateway/webhooks/doorbell.h"
#include "gateway/webhooks/schedule.h"
#include "gateway/webhooks/signature.h"

namespace gateway::webhooks {
namespace {

namespace asio = boost::asio;
using common::Deadline;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;
using store::Transaction;

constexpr int polled_lanes_max = 1024;
constexpr int backlog_counted_max = 10'000;
constexpr int backlog_every = 10;  // polls
constexpr int purge_every = 60;    // polls
constexpr int purged_at_once_max = 1'000;
constexpr std::int64_t kept_ms = std::chrono::milliseconds{std::chrono::days{30}}.count();
// After so many in a row an endpoint counts as one with a backlog, and after so many it lets others have its
// place.
constexpr int rounds_one_by_one = 8, rounds_max = 64;
constexpr std::chrono::milliseconds slow{5'000};
constexpr std::chrono::milliseconds pause_first{1'000}, pause_last{60'000};

}  // namespace

struct Deliverer::Impl : std::enable_shared_from_this<Deliverer::Impl> {
    // What this process knows of an endpoint besides the rows.
    struct Place {
        bool waiting = false, running = false;
        bool again = false;     // something came while it ran
        bool strained = false;  // it was slow, or nobody answered
        int dead = 0;           // tries in a row that met nobody
        std::int64_t paused_until_ms = 0;
    };
    struct Tried {
        Delivery delivery;
        Reply reply;
        milliseconds took{0};
    };
    // What a transaction did.
    struct Booked {
        std::vector<Delivery> leased;
        int delivered = 0, failed = 0;
        bool disabled = false;  // the endpoint
    };
    using Steady = std::chrono::steady_clock;

    Impl(asio::io_context& context, common::db::Pool& pool, Network& network, common::http::TlsSource tls,
         const Secrets& keys, const common::Clock& time, common::Metrics& counters, DelivererOptions given)
        : io{context},
          database{&pool},
          secrets{&keys},
          clock{&time},
          metrics{&counters},
          options{std::move(given)},
          sender{context, network, std::move(tls), options.sender} {}

    std::int64_t now_ms() const { return clock->now().time_since_epoch().count(); }

    void want(const Lane& lane);
    void begin_what_fits();
    asio::awaitable<void> run(Lane lane);
    asio::awaitable<void> work(const Lane& lane, Place& place);
    void leave(const Lane& lane);

    Task<Booked> book_and_lease(const Lane& lane, std::vector<Tried> tried, int limit);
    void book(Transaction& tx, const Tried& tried, Booked& booked) const;
    void tell(const Lane& lane, const Booked& booked) const;
    Task<Tried> attempt(Delivery delivery);
    void judge(Place& place, const Tried& tried);

    asio::awaitable<void> poll();
    asio::awaitable<void> look_for_due();
    asio::awaitable<void> measure();
    asio::awaitable<void> purge();

    asio::io_context& io;
    common::db::Pool* database;
    const Secrets* secrets;
    const common::Clock* clock;
    common::Metrics* metrics;
    DelivererOptions options;
    Sender sender;
    std::map<Lane, Place> places;
    std::deque<Lane> queue;
    std::size_t running = 0, running_strained = 0;
    std::vector<Lane> last_due;  // of the last poll that worked
    std::shared_ptr<void> ears;
    bool failing = false, looking = false;
    std::atomic<bool> draining{false};
};

Deliverer::Deliverer(asio::io_context& io, common::db::Pool& database, Network& network,
                     common::http::TlsSource tls, const Secrets& secrets, const common::Clock& clock,
                     common::Metrics& metrics, DelivererOptions options)
    : impl_{std::make_shared<Impl>(io, database, network, std::move(tls), secrets, clock, metrics,
                                   std::move(options))} {}

Deliverer::~Deliverer() {
    impl_->ears = nullptr;
    impl_->draining = true;
}

void Deliverer::start() {
    const std::weak_ptr<Impl> weak = impl_;
    impl_->ears = Doorbell::of_process().listen([weak, &io = impl_->io](const std::vector<Lane>& lanes) {
        asio::post(io, [weak, lanes] {
            const auto impl = weak.lock();
            if (!impl) return;
            for (const auto& lane : lanes)
                impl->want(lane);
        });
    });
    asio::co_spawn(impl_->io, impl_->poll(), common::log_exceptions("webhooks"));
}

void Deliverer::drain(std::chrono::milliseconds wait, std::function<void()> done) {
    auto end = [](std::shared_ptr<Impl> impl, Deadline deadline,
                  std::function<void()> then) -> asio::awaitable<void> {
        impl->draining = true;
        asio::steady_timer timer{impl->io};
        while ((impl->running > 0 || impl->looking) && !deadline.passed()) {
            timer.expires_after(std::chrono::milliseconds{20});
            co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        then();
    };
    asio::co_spawn(impl_->io, end(impl_, Deadline::in(wait), std::move(done)),
                   common::log_exceptions("webhooks drain"));
}

// — which endpoint has its turn —

void Deliverer::Impl::want(const Lane& lane) {
    auto& place = places[lane];
    if (place.running) {
        place.again = true;
        return;
    }
    if (place.waiting || draining || place.paused_until_ms > now_ms()) return;
    place.waiting = true;
    queue.push_back(lane);
    begin_what_fits();
}

void Deliverer::Impl::begin_what_fits() {
    // Those that hold their place for long may not have them all.
    const auto strained_max = std::max<std::size_t>(options.endpoints_at_once / 2, 1);
    for (auto at = queue.begin(); at != queue.end() && running < options.endpoints_at_once && !draining;) {
        auto& place = places[*at];
        if (place.strained && running_strained >= strained_max) {
            ++at;
            continue;
        }
        const auto lane = *at;
        at = queue.erase(at);
        place.waiting = false;
        place.running = true;
        place.again = false;
        ++running;
        if (place.strained) ++running_strained;
        asio::co_spawn(io, run(lane), common::log_exceptions("webhook delivery"));
    }
}

asio::awaitable<void> Deliverer::Impl::run(Lane lane) {
    const auto self = shared_from_this();
    auto& place = places[lane];  // stays while it runs
    const bool strained = place.strained;
    co_await work(lane, place);
    --running;
    if (strained) --running_strained;
    place.running = false;
    leave(lane);
    begin_what_fits();
}

void Deliverer::Impl::leave(const Lane& lane) {
    const auto at = places.find(lane);
    const bool again = std::exchange(at->second.again, false);
    if (again) want(lane);
    if (!at->second.waiting && !at->second.running && !at->second.strained) places.erase(at);
}

// Takes what is due, the oldest first: one at a time while the endpoint keeps up, so that events come in
// their order, and a few at a time when it has a backlog. What came of one batch is booked with the lease of
// the next.
asio::awaitable<void> Deliverer::Impl::work(const Lane& lane, Place& place) {
    const bool strained = place.strained;
    std::vector<Tried> tried;
    for (int round = 0;; ++round) {
        // Others have their turn; one that turned out to be slow goes on among its like.
        const bool turn_over = round == rounds_max || (place.strained && !strained);
        if (turn_over) place.again = true;
        // The first of a run finds out whether anybody is there again.
        const bool dead = round > 0 && place.dead > 0;
        if (dead) place.again = false;
        const bool stop = turn_over || draining || dead;
        const int limit = stop ? 0 : round < rounds_one_by_one ? 1 : options.of_endpoint_at_once;
        if (limit == 0 && tried.empty()) co_return;
        auto booked = co_await book_and_lease(lane, std::exchange(tried, {}), limit);
        if (!booked) {
            common::log::failure("webhooks not leased", booked.error());
            co_return;
        }
        if (booked->leased.empty()) co_return;
        std::vector<common::Started<Tried>> attempts;
        for (auto& delivery : booked->leased)
            attempts.emplace_back(io.get_executor(), attempt(std::move(delivery)));
        for (auto& each : attempts) {
            auto result = co_await each.wait();
            if (!result) continue;  // its lease runs out
            judge(place, *result);
            tried.push_back(*std::move(result));
        }
    }
}

// An endpoint that does not answer is left alone for a while; its deliveries wait without losing a try.
void Deliverer::Impl::judge(Place& place, const Tried& tried) {
    const bool dead = tried.reply.dead();
    place.strained = dead || tried.took > slow;
    if (!dead) {
        place.dead = 0;
        place.paused_until_ms = 0;
        return;
    }
    const auto pause = std::min(pause_first * (1 << std::min(place.dead, 6)), pause_last);
    ++place.dead;
    place.paused_until_ms = now_ms() + pause.count();
}

// — one delivery —

Task<Deliverer::Impl::Tried> Deliverer::Impl::attempt(Delivery delivery) {
    const auto self = shared_from_this();
    const auto began = Steady::now();
    Tried tried;
    if (delivery.enabled) {
        const auto keys = secrets->open(delivery.lane.endpoint, delivery.secrets, now_ms());
        if (keys.empty()) {
            common::log::error("webhook secret does not open",
                               {{"endpoint", Safe::id(delivery.lane.endpoint)}});
            tried.reply.fault = Fault::secret;
        } else {
            Message message;
            message.url = delivery.url;
            message.livemode = delivery.event.scope.livemode;
            message.body = boost::json::serialize(render_event(delivery.event, delivery.endpoints));
            message.signature = signature_header(clock->unix_seconds(), message.body, keys);
            tried.reply = co_await sender.send(std::move(message), Deadline::in(options.attempt_max));
        }
        const auto took = Steady::now() - began;
        const auto result = tried.reply.accepted() ? "delivered" : "failed";
        metrics->count("webhook_attempts_total", {{"result", result}});
        metrics->observe("webhook_attempt_seconds", took, {{"result", result}});
        tried.took = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    }
    tried.delivery = std::move(delivery);
    co_return tried;
}

Task<Deliverer::Impl::Booked> Deliverer::Impl::book_and_lease(const Lane& lane, std::vector<Tried> tried,
                                                              int limit) {
    auto job = [this, lane, done = std::move(tried), limit](Transaction& tx) -> Result<Booked> {
        store::enter(tx, lane.account);
        Booked booked;
        for (const auto& each : done)
            book(tx, each, booked);
        const auto now = now_ms();
        if (limit > 0)
            booked.leased = store::lease_deliveries(tx, lane, now, now + options.lease.count(), limit);
        return booked;
    };
    for (int time = 1;; ++time) {
        auto booked = co_await database->transaction(job);
        if (booked) tell(lane, *booked);
        // Booked again it changes nothing; what was perhaps leased is sent when its lease has run out.
        const bool again = !booked && booked.error().cause() == common::Cause::outcome_unknown && time < 3;
        if (!again) co_return booked;
    }
}

void Deliverer::Impl::book(Transaction& tx, const Tried& tried, Booked& booked) const {
    const auto& delivery = tried.delivery;
    Outcome outcome;
    outcome.now_ms = outcome.due_ms = now_ms();
    if (tried.reply.status != 0) outcome.status = tried.reply.status;
    outcome.fault = to_string(tried.reply.fault);
    if (!delivery.enabled) {
        outcome.state = DeliveryState::canceled;
        store::finish(tx, delivery, outcome);
        return;
    }
    if (tried.reply.accepted()) {
        outcome.state = DeliveryState::delivered;
        if (store::finish(tx, delivery, outcome)) ++booked.delivered;
        store::note_working(tx, delivery.lane);
        return;
    }
    const Tries tries{.livemode = delivery.event.scope.livemode,
                      .made = delivery.attempts,
                      .since_first = milliseconds{outcome.now_ms - delivery.began_ms}};
    const auto pause = pause_before_next(tries, random_jitter());
    outcome.state = pause ? DeliveryState::pending : DeliveryState::failed;
    if (pause) outcome.due_ms += pause->count();
    if (!store::finish(tx, delivery, outcome)) return;
    store::note_failing(tx, delivery.lane, tries.made == 1 ? delivery.began_ms : outcome.now_ms);
    if (pause) return;
    ++booked.failed;
    // It had all its tries, and nothing else got through since the first of them, or for three days.
    const auto three_days_ago = outcome.now_ms - given_up_after.count();
    const auto since = tries.livemode ? std::max(delivery.began_ms, three_days_ago) : three_days_ago;
    booked.disabled = store::disable_failing(tx, delivery.lane, since) || booked.disabled;
    if (booked.disabled) store::cancel_deliveries(tx, delivery.lane, outcome.now_ms);
}

void Deliverer::Impl::tell(const Lane& lane, const Booked& booked) const {
    if (booked.delivered > 0)
        metrics->count("webhook_deliveries_total", {{"result", "delivered"}}, booked.delivered);
    if (booked.failed > 0) metrics->count("webhook_deliveries_total", {{"result", "failed"}}, booked.failed);
    if (!booked.disabled) return;
    metrics->count("webhook_endpoints_disabled_total");
    common::log::warning("webhook endpoint disabled after failing for days",
                         {{"endpoint", Safe::id(lane.endpoint)}});
}

// — the poll —

asio::awaitable<void> Deliverer::Impl::poll() {
    const auto self = shared_from_this();
    asio::steady_timer timer{io};
    for (int number = 0; !draining; ++number) {
        looking = true;
        co_await look_for_due();
        if (number % backlog_every == 0) co_await measure();
        if (number % purge_every == 0) co_await purge();
        looking = false;
        timer.expires_after(options.poll_every);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> Deliverer::Impl::look_for_due() {
    auto scan = [this](Transaction& tx) -> Result<std::vector<Lane>> {
        store::enter_scan(tx, store::Scan::webhook_deliveries);
        return store::lanes_with_due_deliveries(tx, now_ms(), polled_lanes_max);
    };
    auto due = co_await database->transaction(scan);
    if (due) {
        failing = false;
        last_due = *std::move(due);
        // Several gateways begin at different endpoints.
        std::ranges::shuffle(last_due, std::minstd_rand{std::random_device{}()});
    } else if (!std::exchange(failing, true)) {
        common::log::failure("webhooks not looked for", due.error());
    }
    // A sharded database may know nothing of all accounts while it still answers for most of them.
    for (const auto& lane : last_due)
        want(lane);
}

asio::awaitable<void> Deliverer::Impl::measure() {
    auto count = [this](Transaction& tx) -> Result<store::Backlog> {
        store::enter_scan(tx, store::Scan::webhook_deliveries);
        return store::backlog(tx, now_ms(), backlog_counted_max);
    };
    const auto counted = co_await database->transaction(count);
    if (!counted) co_return;
    const auto waited_ms = counted->due == 0 ? 0 : now_ms() - counted->oldest_due_ms;
    metrics->gauge("webhook_backlog", static_cast<double>(counted->due));
    metrics->gauge("webhook_oldest_seconds", static_cast<double>(waited_ms) / 1000);
}

asio::awaitable<void> Deliverer::Impl::purge() {
    auto remove = [this](Transaction& tx) -> Result<std::int64_t> {
        store::enter_scan(tx, store::Scan::webhook_purge);
        return store::purge_deliveries(tx, now_ms() - kept_ms, purged_at_once_max);
    };
    const auto removed = co_await database->transaction(remove);
    if (!removed) common::log::failure("old webhook deliveries not removed", removed.error());
}

}  // namespace gateway::webhooks
