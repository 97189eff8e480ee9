#include "vault/relay/relay.h"

#include <map>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/ids.h"
#include "common/log.h"
#include "common/runtime.h"
#include "vault/relay/advices.h"
#include "vault/relay/board.h"
#include "vault/relay/link.h"
#include "vault/relay/messages.h"
#include "vault/store/exchange_store.h"

namespace vault::relay {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using common::Task;
namespace log = common::log;

namespace {

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);

Deadline database_limit() {
    return Deadline::in(std::chrono::seconds{10});
}

Error stopping() {
    return Error::unavailable("the relay is stopping");
}

Error other_content() {
    return Error{409, ErrorType::invalid_request, "", "This request id was used with other content."}
        .with_cause(Cause::conflict);
}

Error no_such_capture() {
    return Error{404, ErrorType::invalid_request, "resource_missing", "No such capture."}.with_cause(
        Cause::not_found);
}

Error not_captured() {
    return Error{409, ErrorType::invalid_request, "", "The acquirer did not take this capture."}.with_cause(
        Cause::conflict);
}

bool is_institution(std::string_view id) {
    return !id.empty() && id.size() <= 11 && id.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_loopback(const std::string& host) {
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(host, not_an_address);
    return not_an_address ? host == "localhost" : address.is_loopback();
}

Status check(const Options& options) {
    const auto& link = options.link;
    if (!is_institution(options.acquirer_id)) return Fail{Error::internal("acquirer id: 1 to 11 digits")};
    if (!is_institution(link.forwarder_id)) return Fail{Error::internal("forwarder id: 1 to 11 digits")};
    if (link.host.empty() || link.port == 0)
        return Fail{Error::internal("acquirer: host and port are needed")};
    if (link.plain && !is_loopback(link.host))
        return Fail{Error::internal("acquirer: only a loopback address may be reached without TLS")};
    if (link.back_off.empty() || options.repeats.empty() || link.in_flight_max == 0 ||
        options.advices_max == 0)
        return Fail{Error::internal("acquirer: a limit or schedule is empty")};
    return {};
}

// What a refund is about is told by number and time of the capture: they are the payment's own.
bool same_order(const Record& a, const Record& b) {
    return a.kind == b.kind && a.authorization_id == b.authorization_id &&
           a.original_stan == b.original_stan && a.original_sent_at == b.original_sent_at &&
           a.amount == b.amount && a.currency == b.currency && a.card_token == b.card_token &&
           a.livemode == b.livemode && a.reason == b.reason && a.capture_sequence == b.capture_sequence &&
           a.capture_count == b.capture_count;
}

Exchange pending_exchange(std::string request_id, Exchange::Kind kind) {
    Exchange exchange;
    exchange.request_id = std::move(request_id);
    exchange.kind = kind;
    return exchange;
}

// The machine is part of it: two of them may listen on the same port of any address.
std::string instance_of(const Options& options) {
    if (options.instance.empty()) return common::new_id("relay_", common::new_account_id());
    boost::system::error_code unknown;
    return asio::ip::host_name(unknown) + '/' + options.instance;
}

}  // namespace

struct Relay::Impl {
    Options options;
    std::string instance;
    cards::CardVault& cards;
    const common::Clock& clock;
    common::Metrics& metrics;
    asio::io_context io{1};
    store::ExchangeStore store;
    Numbers numbers;
    Link link;
    Board board;
    Advices advices;
    std::map<Board::Key, Exchange::Kind> running;  // authorizations and refunds of this process
    asio::steady_timer recovery_timer;
    std::int64_t started_at = 0;
    std::atomic<bool> draining = false;
    bool stop_recovery = false;
    std::atomic<bool> signed_on = false;
    std::atomic<std::size_t> in_flight = 0;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
    std::thread thread;

    Impl(Options given, common::db::Pool& pool, cards::CardVault& card_vault, common::http::TlsSource tls,
         const common::Clock& given_clock, common::Metrics& given_metrics)
        : options{std::move(given)},
          instance{instance_of(options)},
          cards{card_vault},
          clock{given_clock},
          metrics{given_metrics},
          store{pool},
          numbers{store},
          link{io, options.link, std::move(tls), numbers, clock, metrics},
          board{io},
          advices{io,    options, instance,
                  link,  store,   cards,
                  clock, metrics, [this](const Record& ended) { post(ended); }},
          recovery_timer{io} {
        link.on_signed_on([this] { advices.wake_all(); });
    }

    std::int64_t now() const { return clock.now().time_since_epoch().count(); }
    static Board::Key key_of(const Record& record) { return {record.account.value, record.request_id}; }
    void post(const Record& ended) { board.post(key_of(ended), exchange_of(ended)); }

    // Authorizations and refunds: written once, and reversed when there is no answer.
    struct Order {
        Record record;
        audit::Caller caller;
        std::string cvc_handle = {};
        Transient transient = {};
    };
    Task<Exchange> authorize(AuthorizationRequest request, audit::Caller caller, Deadline deadline);
    Task<Exchange> refund(RefundRequest request, audit::Caller caller, Deadline deadline);
    Task<Exchange> ask(Order order, Deadline deadline);
    asio::awaitable<void> execute(Order order);
    Task<Exchange> perform(Order order);
    Task<Exchange> send(const Order& order);
    asio::awaitable<Result<Record>> end(const Record& record, State state, Answer answer);
    Task<Exchange> await_other(Record record, Deadline deadline);
    // Advices.
    Task<Exchange> advise(AccountId account, std::string request_id, std::string authorization_id,
                          std::function<Record(const Record&)> compose, Deadline deadline);
    Task<Exchange> find(AccountId account, std::string request_id, Deadline deadline);
    // Exchanges of processes that are gone.
    asio::awaitable<void> recover();
    asio::awaitable<void> recover_once(const std::string& owner);
    asio::awaitable<void> watch();
    asio::awaitable<void> drain(Deadline deadline);
};

Task<Exchange> Relay::Impl::authorize(AuthorizationRequest request, audit::Caller caller, Deadline deadline) {
    auto record = record_of(request, options.acquirer_id, options.link.forwarder_id);
    if (!record) co_return Fail{std::move(record.error())};
    Order order{*std::move(record),
                std::move(caller),
                std::move(request.cvc_handle),
                {std::move(request.postal_code), std::move(request.address_digits)}};
    co_return co_await ask(std::move(order), deadline);
}

Task<Exchange> Relay::Impl::refund(RefundRequest request, audit::Caller caller, Deadline deadline) {
    const auto capture =
        co_await store.find(request.account, request.capture_id, deadline.at_most(std::chrono::seconds{10}));
    if (!capture) co_return Fail{capture.error()};
    if (capture->kind != Kind::capture) co_return Fail{no_such_capture()};
    if (!exchange_of(*capture).approved()) co_return Fail{not_captured()};
    auto record = refund_of(*capture, request);
    if (!record) co_return Fail{std::move(record.error())};
    co_return co_await ask({*std::move(record), std::move(caller)}, deadline);
}

Task<Exchange> Relay::Impl::ask(Order order, Deadline deadline) {
    order.caller.detail = order.record.request_id;
    const auto pending = pending_exchange(order.record.request_id, exchange_of(order.record).kind);
    auto key = key_of(order.record);
    // Whoever is second waits for the first.
    if (running.emplace(key, pending.kind).second)
        asio::co_spawn(io, execute(std::move(order)), common::log_exceptions("order"));
    auto outcome = co_await board.wait(std::move(key), deadline);
    if (!outcome) co_return pending;
    co_return *std::move(outcome);
}

asio::awaitable<void> Relay::Impl::execute(Order order) {
    // Even if an exception ends it: recovery passes over what runs.
    struct Running {
        std::map<Board::Key, Exchange::Kind>& all;
        Board::Key key;
        ~Running() { all.erase(key); }
    };
    Running ours{running, key_of(order.record)};
    const auto outcome = co_await perform(std::move(order));
    board.post(ours.key, outcome);
}

Task<Exchange> Relay::Impl::perform(Order order) {
    auto& record = order.record;
    co_await link.wait_signed_on(Deadline::in(options.link_wait));
    const auto stan = co_await numbers.next(database_limit());
    if (!stan) co_return Fail{stan.error()};
    const auto lease =
        options.open_card_max + options.link.write_max + options.authorization_max + options.lease_slack;
    record.stan = *stan;
    record.rrn = retrieval_reference(clock.now(), *stan);
    record.sent_at = transmission_time(clock.now());
    record.created_at = now();
    record.lease_owner = instance;
    record.lease_until = now() + lease.count();
    auto kept = co_await store.insert_intent(record, database_limit());
    if (!kept && kept.error().cause() == Cause::outcome_unknown) {
        // If the row is ours, nothing was written to the acquirer yet.
        auto found = co_await store.find(record.account, record.request_id, database_limit());
        if (!found) co_return Fail{kept.error()};
        kept =
            store::ExchangeStore::Kept{found->stan == record.stan && found->state == State::intent, *found};
    }
    if (!kept) co_return Fail{kept.error()};
    if (kept->fresh) co_return co_await send(order);
    if (kept->record.kind == Kind::refused) co_return exchange_of(kept->record);
    if (!same_order(kept->record, record)) co_return Fail{other_content()};
    if (kept->record.state != State::intent) co_return exchange_of(kept->record);
    co_return co_await await_other(std::move(kept->record), Deadline::in(options.authorization_max));
}

// Another process is at it, or was.
Task<Exchange> Relay::Impl::await_other(Record record, Deadline deadline) {
    while (!deadline.passed() && !draining) {
        if (record.lease_until < now()) {
            auto ended = co_await end(record, State::reversed, {});
            if (!ended) co_return Fail{std::move(ended.error())};
            co_return exchange_of(*ended);
        }
        asio::steady_timer pause{io, std::min(options.poll_every, std::chrono::milliseconds{200})};
        [[maybe_unused]] const auto woken = co_await pause.async_wait(quiet);
        auto found = co_await store.find(record.account, record.request_id, database_limit());
        if (!found) co_return Fail{std::move(found.error())};
        record = *std::move(found);
        if (record.state != State::intent) break;
    }
    co_return exchange_of(record);
}

Task<Exchange> Relay::Impl::send(const Order& order) {
    const auto& record = order.record;
    auto card = co_await cards.open(record.account, record.livemode, record.card_token, order.cvc_handle,
                                    order.caller, Deadline::in(options.open_card_max));
    if (!card) {
        const auto ended = co_await end(record, State::not_sent, {});
        co_return Fail{ended ? card.error() : ended.error()};
    }
    auto message = request_message(record, *card, order.transient);
    card = cards::OpenCard{};
    Link::Reply reply;
    // Nothing may be written that another process would take for abandoned while it is on its way.
    const auto latest = 2 * options.link.write_max + options.authorization_max;  // queued, written, answered
    if (now() + latest.count() < record.lease_until)
        reply = co_await link.exchange(std::move(message), options.authorization_max);
    Answer answer;
    State state = State::reversed;
    if (reply.outcome == Link::Outcome::answered) {
        answer = answer_of(reply.answer, record);
        state = State::answered;
        if (is_approval(answer.response_code) && answer.authorization_code.empty())
            log::warning("approval_without_code", {{"request", Safe::id(record.request_id)}});
    } else if (reply.outcome == Link::Outcome::not_sent) {
        state = State::not_sent;
    }
    auto ended = co_await end(record, state, std::move(answer));
    if (!ended) co_return Fail{std::move(ended.error())};
    co_return exchange_of(*ended);
}

// Goes on until the outcome is written down. If it never can be, another process finds the intent and
// reverses it.
asio::awaitable<Result<Record>> Relay::Impl::end(const Record& record, State state, Answer answer) {
    auto pause = std::chrono::milliseconds{50};
    for (;;) {
        std::optional<Error> failure;
        std::optional<Record> reversal;
        if (state == State::reversed) {
            const auto stan = co_await numbers.next(database_limit());
            if (stan) {
                reversal = reversal_of(record, reversal_id(record.request_id), "68");
                reversal->stan = *stan;
                reversal->sent_at = transmission_time(clock.now());
                reversal->created_at = now();
            } else {
                failure = stan.error();
            }
        }
        if (!failure) {
            auto ended = co_await store.end_intent(record, state, answer, std::move(reversal), now(),
                                                   database_limit());
            if (ended) {
                metrics.count("acquirer_exchanges_total",
                              {{"kind", to_string(ended->kind)}, {"state", to_string(ended->state)}});
                if (ended->state == State::reversed) {
                    log::warning("unanswered_request_reversed", {{"request", Safe::id(record.request_id)}});
                    advices.wake(record.account);
                }
                co_return std::move(ended);
            }
            failure = std::move(ended.error());
        }
        log::failure("outcome_not_written", *failure, record.request_id);
        if (draining) co_return Fail{std::move(*failure).with_cause(Cause::outcome_unknown)};
        asio::steady_timer timer{io, pause};
        [[maybe_unused]] const auto woken = co_await timer.async_wait(quiet);
        pause = std::min(pause * 2, std::chrono::milliseconds{2000});
    }
}

Task<Exchange> Relay::Impl::advise(AccountId account, std::string request_id, std::string authorization_id,
                                   std::function<Record(const Record&)> compose, Deadline deadline) {
    const auto stan = co_await numbers.next(deadline.at_most(std::chrono::seconds{10}));
    if (!stan) co_return Fail{stan.error()};
    std::optional<Record> ours;
    auto numbered = [&, compose = std::move(compose)](const Record& authorization) {
        Record advice = compose(authorization);
        advice.stan = *stan;
        advice.sent_at = transmission_time(clock.now());
        advice.created_at = now();
        return advice;
    };
    const auto wanted = numbered;
    auto kept = co_await store.insert_advice(account, request_id, authorization_id, std::move(numbered),
                                             deadline.at_most(std::chrono::seconds{10}));
    if (!kept) co_return Fail{std::move(kept.error())};
    Record record = kept->record;
    if (record.kind == Kind::refused) co_return exchange_of(record);
    if (!kept->fresh) {
        const auto authorization = co_await store.find(account, authorization_id, database_limit());
        if (!authorization || !same_order(wanted(*authorization), record)) co_return Fail{other_content()};
    }
    Board::Key key{account.value, request_id};
    while (record.state == State::queued && !deadline.passed() && !draining) {
        if (kept->fresh) advices.wake(account);
        kept->fresh = false;
        // In slices, since another process may get the answer.
        auto outcome = co_await board.wait(key, deadline.at_most(options.poll_every));
        if (outcome) co_return *std::move(outcome);
        const auto found = co_await store.find(account, request_id, database_limit());
        if (found) record = *found;
    }
    co_return exchange_of(record);
}

Task<Exchange> Relay::Impl::find(AccountId account, std::string request_id, Deadline deadline) {
    if (const auto ours = running.find({account.value, request_id}); ours != running.end())
        co_return pending_exchange(request_id, ours->second);
    auto found =
        co_await store.find_or_refuse(account, request_id, now(), deadline.at_most(std::chrono::seconds{10}));
    if (!found) co_return Fail{std::move(found.error())};
    if (found->kind == Kind::refused)
        co_return Fail{Error{404,
                             ErrorType::invalid_request,
                             "resource_missing",
                             "No such exchange: {}",
                             {Safe::id(request_id)}}
                           .with_cause(Cause::not_found)};
    if (found->state == State::intent && found->lease_until < now()) {
        auto ended = co_await end(*found, State::reversed, {});
        if (!ended) co_return Fail{std::move(ended.error())};
        co_return exchange_of(*ended);
    }
    co_return exchange_of(*found);
}

asio::awaitable<void> Relay::Impl::recover_once(const std::string& owner) {
    auto keys = co_await store.abandoned_intents(now(), owner, started_at, database_limit());
    if (!keys) {
        log::failure("recovery_failed", keys.error());
        co_return;
    }
    for (const auto& key : *keys) {
        if (running.contains({key.account.value, key.request_id})) continue;
        const auto found = co_await store.find(key.account, key.request_id, database_limit());
        if (!found || found->state != State::intent) continue;
        const auto ended = co_await end(*found, State::reversed, {});
        if (!ended) co_return;
        log::warning("abandoned_request_reversed", {{"request", Safe::id(key.request_id)}});
        post(*ended);
    }
}

asio::awaitable<void> Relay::Impl::recover() {
    auto released = co_await store.release_leases(instance, database_limit());
    while (!released && !stop_recovery) {
        log::failure("recovery_failed", released.error());
        recovery_timer.expires_after(options.recover_every);
        [[maybe_unused]] const auto woken = co_await recovery_timer.async_wait(quiet);
        const auto again = co_await store.release_leases(instance, database_limit());
        if (again) break;
    }
    // The name stands for all that was begun before this start, however long the database was away.
    while (!stop_recovery) {
        co_await recover_once(instance);
        recovery_timer.expires_after(options.recover_every);
        [[maybe_unused]] const auto woken = co_await recovery_timer.async_wait(quiet);
    }
}

// What `health` may read from another thread.
asio::awaitable<void> Relay::Impl::watch() {
    asio::steady_timer timer{io};
    while (!stop_recovery) {
        signed_on = link.signed_on();
        in_flight = link.in_flight();
        timer.expires_after(std::chrono::milliseconds{50});
        [[maybe_unused]] const auto woken = co_await timer.async_wait(quiet);
    }
    signed_on = false;
}

asio::awaitable<void> Relay::Impl::drain(Deadline deadline) {
    advices.stop();
    while (!deadline.passed() && (!running.empty() || !advices.idle())) {
        asio::steady_timer pause{io, std::chrono::milliseconds{10}};
        [[maybe_unused]] const auto woken = co_await pause.async_wait(quiet);
    }
    co_await link.sign_off(deadline);
    stop_recovery = true;
    recovery_timer.cancel();
    work.reset();  // the thread ends with the last coroutine
}

Relay::Relay(Options options, common::db::Pool& pool, cards::CardVault& cards, common::http::TlsSource tls,
             const common::Clock& clock, common::Metrics& metrics)
    : impl_{std::make_unique<Impl>(std::move(options), pool, cards, std::move(tls), clock, metrics)} {}

Relay::~Relay() {
    stop();
}

Status Relay::start() {
    auto& impl = *impl_;
    if (auto checked = check(impl.options); !checked) return checked;
    impl.started_at = impl.now();
    impl.work.emplace(impl.io.get_executor());
    asio::co_spawn(impl.io, impl.link.run(), common::log_exceptions("acquirer link"));
    asio::co_spawn(impl.io, impl.advices.run(), common::log_exceptions("advices"));
    asio::co_spawn(impl.io, impl.recover(), common::log_exceptions("recovery"));
    asio::co_spawn(impl.io, impl.watch(), common::log_exceptions("health"));
    impl.thread = std::thread{[&io = impl.io] {
        for (;;) {
            try {
                io.run();
                return;
            } catch (...) {
                common::log_exceptions("relay")(std::current_exception());
            }
        }
    }};
    return {};
}

Task<Exchange> Relay::authorize(AuthorizationRequest order, audit::Caller caller, Deadline deadline) {
    if (impl_->draining) co_return Fail{stopping()};
    co_return co_await common::run_on(impl_->io.get_executor(),
                                      impl_->authorize(std::move(order), std::move(caller), deadline));
}

Task<Exchange> Relay::refund(RefundRequest order, audit::Caller caller, Deadline deadline) {
    if (impl_->draining) co_return Fail{stopping()};
    co_return co_await common::run_on(impl_->io.get_executor(),
                                      impl_->refund(std::move(order), std::move(caller), deadline));
}

Task<Exchange> Relay::capture(CaptureRequest order, Deadline deadline) {
    if (impl_->draining) co_return Fail{stopping()};
    if (order.amount <= 0 || order.sequence < 1 || order.sequence > 99 || order.count < 1 || order.count > 99)
        co_return Fail{
            Error::invalid("parameter_invalid", "amount", "This capture cannot be sent to the acquirer.")};
    const auto account = order.account;
    auto request_id = order.request_id;
    auto authorization_id = order.authorization_id;
    auto compose = [order = std::move(order)](const Record& authorization) {
        return capture_of(authorization, order);
    };
    co_return co_await common::run_on(
        impl_->io.get_executor(), impl_->advise(account, std::move(request_id), std::move(authorization_id),
                                                std::move(compose), deadline));
}

Task<Exchange> Relay::reverse(ReversalRequest order, Deadline deadline) {
    if (impl_->draining) co_return Fail{stopping()};
    if (order.reason != "17" && order.reason != "22" && order.reason != "34")
        co_return Fail{Error::invalid("parameter_invalid", "reason", "No such reason for a reversal.")};
    const auto account = order.account;
    auto request_id = order.request_id;
    auto authorization_id = order.authorization_id;
    auto compose = [id = request_id, reason = order.reason](const Record& authorization) {
        return reversal_of(authorization, id, reason);
    };
    co_return co_await common::run_on(
        impl_->io.get_executor(), impl_->advise(account, std::move(request_id), std::move(authorization_id),
                                                std::move(compose), deadline));
}

Task<Exchange> Relay::find(AccountId account, std::string request_id, Deadline deadline) {
    if (impl_->draining) co_return Fail{stopping()};
    co_return co_await common::run_on(impl_->io.get_executor(),
                                      impl_->find(account, std::move(request_id), deadline));
}

Health Relay::health() const {
    const auto oldest = impl_->advices.oldest_created_at();
    const auto age = oldest == 0 ? 0 : std::max<std::int64_t>(impl_->now() - oldest, 0);
    return {impl_->signed_on, impl_->in_flight, static_cast<std::size_t>(impl_->advices.queued()),
            std::chrono::seconds{age / 1000}};
}

void Relay::stop(milliseconds wait) {
    if (impl_->draining.exchange(true) || !impl_->thread.joinable()) return;
    asio::co_spawn(impl_->io, impl_->drain(Deadline::in(wait)), common::log_exceptions("drain"));
    impl_->thread.join();
}

}  // namespace vault::relay
