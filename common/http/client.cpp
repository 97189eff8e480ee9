#include "common/http/client.h"

#include <list>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/http/client_connection.h"
#include "common/http/text.h"

namespace common::http {
namespace {

using Pooled = std::shared_ptr<ClientConnection>;
using Outcome = ClientConnection::Outcome;

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

std::string host_field_of(const ClientOptions& options) {
    auto host = options.host.contains(':') ? '[' + options.host + ']' : options.host;
    return options.port == 443 ? host : host + ':' + std::to_string(options.port);
}

bool is_sendable(std::string_view target) {
    return target.starts_with('/') &&
           std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
    Impl(asio::io_context& context, ClientOptions given, TlsSource source, Metrics& counters)
        : io{context},
          options{std::move(given)},
          tls{std::move(source)},
          metrics{counters},
          host_field{host_field_of(options)} {}

    // A caller that waits its turn. It gets a place, with or without a connection in it.
    struct Waiter {
        explicit Waiter(asio::io_context& io) : timer{io} {}
        enum class State : std::uint8_t { waiting, granted, taken };
        asio::steady_timer timer;
        State state = State::waiting;
        Pooled connection;
    };

    // One of connections_max places, given back however the caller's coroutine ends.
    struct Place {
        explicit Place(std::shared_ptr<Impl> owner) : pool{std::move(owner)} {}
        Place(Place&& other) noexcept = default;
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (pool) pool->give_back(std::move(connection));
        }
        std::shared_ptr<Impl> pool;
        Pooled connection;  // null: still to be opened
    };

    Task<Response> send(ClientRequest request, Deadline deadline);
    Task<Place> take_place(Deadline deadline);
    Task<bool> open(Place& place,
                    Deadline deadline);  // makes the place's connection usable; true: it was kept
    void give_back(Pooled connection);
    Pooled take_idle();
    void keep(Pooled connection);
    void drop_idle();
    void close_all();
    Error failure(bool sent, Outcome outcome, Deadline deadline);

    asio::io_context& io;
    ClientOptions options;
    TlsSource tls;
    Metrics& metrics;
    std::string host_field;
    std::list<Pooled> idle;  // latest first
    std::list<Waiter*> waiters;
    std::size_t places_taken = 0;
    std::uint64_t generation = 0;
    bool closed = false;
};

Client::Client(asio::io_context& io, ClientOptions options, TlsSource tls, Metrics& metrics)
    : impl_{std::make_shared<Impl>(io, std::move(options), std::move(tls), metrics)} {}

Client::~Client() {
    impl_->closed = true;
    impl_->close_all();
    for (auto* waiter : impl_->waiters)
        waiter->timer.cancel();
}

void Client::reset() {
    impl_->close_all();
}

Task<Response> Client::send(ClientRequest request, Deadline deadline) {
    const auto pool = impl_;  // outlives the client while a call runs
    try {
        co_return co_await pool->send(std::move(request), deadline);
    } catch (const std::exception&) {
        // A cancelled caller: Asio throws at its next operation.
    }
    co_return Fail{Error::unavailable("call was cancelled", Cause::outcome_unknown)};
}

void Client::Impl::close_all() {
    ++generation;
    drop_idle();
}

void Client::Impl::drop_idle() {
    for (const auto& connection : idle) {
        connection->taken();
        connection->close();
    }
    idle.clear();
}

Pooled Client::Impl::take_idle() {
    while (!idle.empty()) {
        auto connection = std::move(idle.front());
        idle.pop_front();
        connection->taken();
        if (!connection->gone_stale()) return connection;
        metrics.count("http_client_stale_total");
        connection->close();
    }
    return nullptr;
}

void Client::Impl::keep(Pooled connection) {
    auto* raw = connection.get();
    raw->close_when_idle(options.idle_max, [this, raw] {
        // Ends the connection whose watchdog is calling, so it goes after this call.
        const auto at = std::ranges::find(idle, raw, &Pooled::get);
        if (at == idle.end()) return;
        asio::post(io, [ended = std::move(*at)] {});
        idle.erase(at);
    });
    idle.push_front(std::move(connection));
}

void Client::Impl::give_back(Pooled connection) {
    if (connection && (!connection->reusable() || connection->generation != generation || closed)) {
        connection->close();
        connection = nullptr;
    }
    if (!waiters.empty() && !closed) {
        auto* next = waiters.front();
        waiters.pop_front();
        next->state = Waiter::State::granted;
        next->connection = std::move(connection);
        next->timer.cancel();
        return;
    }
    --places_taken;
    if (connection) keep(std::move(connection));
}

Task<Client::Impl::Place> Client::Impl::take_place(Deadline deadline) {
    if (closed) co_return Fail{Error::unavailable("HTTP client is closed")};
    if (places_taken < options.connections_max) {
        ++places_taken;
        Place place{shared_from_this()};
        place.connection = take_idle();
        co_return place;
    }
    struct Entry {
        explicit Entry(std::shared_ptr<Impl> owner) : pool{std::move(owner)}, waiter{pool->io} {
            at = pool->waiters.insert(pool->waiters.end(), &waiter);
        }
        ~Entry() {
            if (waiter.state == Waiter::State::waiting) pool->waiters.erase(at);
            if (waiter.state == Waiter::State::granted) pool->give_back(std::move(waiter.connection));
        }
        std::shared_ptr<Impl> pool;
        Waiter waiter;
        std::list<Waiter*>::iterator at;
    } entry{shared_from_this()};
    metrics.count("http_client_waits_total");
    entry.waiter.timer.expires_at(deadline.at());
    [[maybe_unused]] const auto [ignored] = co_await entry.waiter.timer.async_wait(awaited);
    if (entry.waiter.state == Waiter::State::waiting)
        co_return Fail{Error::unavailable("no connection to {} became free", Cause::unavailable,
                                          {Safe::param(options.host)})};
    entry.waiter.state = Waiter::State::taken;
    Place place{shared_from_this()};
    place.connection = std::move(entry.waiter.connection);
    if (place.connection && place.connection->gone_stale()) {
        place.connection->close();
        place.connection = nullptr;
    }
    co_return place;
}

Task<bool> Client::Impl::open(Place& place, Deadline deadline) {
    if (place.connection) co_return true;
    std::shared_ptr<asio::ssl::context> context;
    try {
        context = tls();
    } catch (const std::exception&) {
        metrics.count("http_exceptions_total");
    }
    if (!context)
        co_return Fail{
            Error::unavailable("no TLS context for {}", Cause::unavailable, {Safe::param(options.host)})};
    auto connection = std::make_shared<ClientConnection>(io, std::move(context), options.response_bytes_max);
    connection->generation = generation;
    auto opened = co_await connection->open(options, deadline);
    metrics.count("http_client_connections_total", {{"result", opened ? "open" : "failed"}});
    if (!opened) co_return Fail{std::move(opened.error())};
    place.connection = std::move(connection);
    co_return false;
}

Error Client::Impl::failure(bool sent, Outcome outcome, Deadline deadline) {
    const auto cause = sent ? Cause::outcome_unknown : Cause::unavailable;
    metrics.count("http_client_failures_total", {{"sent", sent ? "yes" : "no"}});
    const auto host = Safe::param(options.host);
    if (deadline.passed()) return Error::unavailable("{} did not answer in time", cause, {host});
    switch (outcome) {
        case Outcome::not_sent:
            return Error::unavailable("request to {} could not be sent", cause, {host});
        case Outcome::no_answer:
            return Error::unavailable("{} closed the connection without an answer", cause, {host});
        case Outcome::answered:
        case Outcome::half_answer:
            break;
    }
    return Error::unavailable("answer of {} was cut off, malformed or too large", cause, {host});
}

Task<Response> Client::Impl::send(ClientRequest request, Deadline deadline) {
    if (!is_sendable(request.target) || request.method == Method::other)
        co_return Fail{Error::internal("request target {} cannot be sent", {Safe::param(request.target)})};
    auto place = co_await take_place(deadline);
    if (!place) co_return Fail{std::move(place.error())};
    bool sent = false;
    for (bool again = false;; again = true) {
        auto kept = co_await open(*place, deadline);
        if (!kept && sent) co_return Fail{std::move(kept.error()).with_cause(Cause::outcome_unknown)};
        if (!kept) co_return Fail{std::move(kept.error())};
        auto outcome = Outcome::not_sent;
        Response response;
        if (!deadline.passed())
            outcome = co_await place->connection->exchange(request, host_field, response, deadline);
        if (outcome == Outcome::answered) co_return response;
        sent = sent || outcome != Outcome::not_sent;
        place->connection = nullptr;
        const bool stale =
            *kept && !again && !deadline.passed() &&
            (outcome == Outcome::not_sent || (outcome == Outcome::no_answer && request.idempotent));
        if (!stale) co_return Fail{failure(sent, outcome, deadline)};
        // The others of its age are probably closed as well.
        metrics.count("http_client_stale_total");
        drop_idle();
    }
}

}  // namespace common::http
