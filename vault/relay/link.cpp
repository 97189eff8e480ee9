#include "vault/relay/link.h"

#include <algorithm>
#include <random>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/log.h"
#include "common/runtime.h"
#include "vault/relay/connection.h"
#include "vault/relay/messages.h"

namespace vault::relay {
namespace {

using common::Deadline;
using common::Safe;
using iso8583::Message;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
namespace log = common::log;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);
constexpr int broken_max = 3;  // payloads in a row, then the stream is not to be trusted
constexpr int echo_misses_max = 3;
constexpr std::size_t outgoing_answers_max = 1024;
constexpr std::string_view sign_on_code = "001", sign_off_code = "002", key_change_code = "101",
                           echo_code = "301";

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Deadline soon() {
    return Deadline::in(std::chrono::seconds{5});
}

// What we say to a request of the host. Disputes and keys come by other ways, so the host keeps what it has.
std::string_view verdict_on(const Message& request) {
    if (!request.mti().starts_with("08")) return "91";
    return request.get(70) == key_change_code ? "96" : "00";
}

}  // namespace

std::string_view to_string(Link::Outcome outcome) {
    switch (outcome) {
        case Link::Outcome::answered:
            return "answered";
        case Link::Outcome::no_answer:
            return "no_answer";
        case Link::Outcome::lost:
            return "lost";
        case Link::Outcome::not_sent:
            return "not_sent";
    }
    return "not_sent";
}

Link::Link(asio::io_context& io, LinkOptions options, common::http::TlsSource tls, Numbers& numbers,
           const common::Clock& clock, common::Metrics& metrics)
    : io_{io},
      options_{std::move(options)},
      tls_{std::move(tls)},
      numbers_{numbers},
      clock_{clock},
      metrics_{metrics},
      pause_{io} {}

Link::~Link() = default;

bool Link::signed_on() const {
    return connection_ && connection_->signed_on;
}

std::size_t Link::in_flight() const {
    return connection_ ? connection_->in_flight.size() : 0;
}

milliseconds Link::back_off(std::size_t failures) const {
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto& waits = options_.back_off;
    const auto wait = waits[std::min(failures, waits.size() - 1)];
    return wait * std::uniform_int_distribution{80, 120}(random) / 100;
}

asio::awaitable<void> Link::run() {
    std::size_t failures = 0;
    while (!stopping_) {
        auto connection = std::make_shared<Connection>(io_, options_, options_.plain ? nullptr : tls_());
        connection_ = connection;
        const auto opened = co_await connection->open();
        bool was_signed_on = false;
        if (opened && connection->open_now) {
            co_await serve(connection);
            was_signed_on = connection->has_signed_on;
            log::warning("acquirer_link_down", {{"signed_on", Safe::number(was_signed_on ? 1 : 0)}});
        } else if (!opened) {
            log::failure("acquirer_unreachable", opened.error());
        }
        connection->close();
        metrics_.gauge("acquirer_link_up", 0);
        failures = was_signed_on ? 0 : failures + 1;
        if (stopping_) break;
        pause_.expires_after(back_off(failures == 0 ? 0 : failures - 1));
        [[maybe_unused]] const auto woken = co_await pause_.async_wait(quiet);
    }
}

// Until the connection ends.
asio::awaitable<void> Link::serve(Shared connection) {
    auto writing = [](Shared on) -> asio::awaitable<void> { co_await on->write_queued(); };
    asio::co_spawn(io_, writing(connection), common::log_exceptions("acquirer link writer"));
    asio::co_spawn(io_, sign_on(connection), common::log_exceptions("acquirer link sign-on"));
    iso8583::FrameReader frames;
    std::array<std::uint8_t, 4096> chunk;
    while (connection->open_now) {
        const auto taken = co_await connection->read(chunk);
        if (taken == 0) break;
        frames.feed(std::span{chunk}.first(taken));
        common::SecretText payload;
        auto state = frames.next(payload);
        for (; state == iso8583::FrameReader::State::frame; state = frames.next(payload))
            if (!take(connection, payload)) co_return;
        if (state == iso8583::FrameReader::State::too_long) {
            log::error("acquirer_frame_too_long");
            co_return;
        }
    }
    if (frames.in_frame()) metrics_.count("acquirer_broken_messages_total", {{"error", "FRAME_TRUNCATED"}});
}

asio::awaitable<Link::Reply> Link::manage(Shared connection, std::string_view code, milliseconds answer_max) {
    const auto stan = co_await numbers_.next(soon());
    if (!stan) {
        log::failure("no_number_for_network_message", stan.error());
        co_return Reply{};
    }
    auto message = network_message(code, *stan, transmission_time(clock_.now()), options_.forwarder_id);
    co_return co_await exchange_on(connection, std::move(message), answer_max);
}

asio::awaitable<void> Link::sign_on(Shared connection) {
    const auto reply = co_await manage(connection, sign_on_code, options_.sign_on_max);
    if (!connection->open_now) co_return;
    if (reply.outcome != Outcome::answered || reply.answer.get(39) != "00") {
        log::error("acquirer_sign_on_failed", {{"outcome", Safe::param(to_string(reply.outcome))},
                                               {"response_code", Safe::id(reply.answer.get(39))}});
        connection->close();
        co_return;
    }
    connection->signed_on = connection->has_signed_on = true;
    log::info("acquirer_signed_on");
    metrics_.gauge("acquirer_link_up", 1);
    if (tell_signed_on_) tell_signed_on_();
    co_await keep_alive(connection);
}

// A silent connection is asked whether it is still there.
asio::awaitable<void> Link::keep_alive(Shared connection) {
    int misses = 0;
    while (connection->open_now) {
        const auto due = connection->last_byte + options_.echo_after;
        if (misses == 0 && Steady::now() < due) {
            connection->echo_timer.expires_at(due);
            [[maybe_unused]] const auto woken = co_await connection->echo_timer.async_wait(quiet);
            continue;
        }
        const auto reply = co_await manage(connection, echo_code, options_.echo_answer_max);
        misses = reply.outcome == Outcome::answered ? 0 : misses + 1;
        if (misses >= echo_misses_max) {
            log::error("acquirer_silent");
            connection->close();
        } else if (reply.outcome == Outcome::not_sent && connection->open_now) {
            connection->echo_timer.expires_after(options_.echo_answer_max);
            [[maybe_unused]] const auto woken = co_await connection->echo_timer.async_wait(quiet);
        }
    }
}

asio::awaitable<bool> Link::wait_signed_on(Deadline deadline) {
    while (!signed_on() && !stopping_ && !deadline.passed()) {
        asio::steady_timer pause{io_, milliseconds{20}};
        [[maybe_unused]] const auto woken = co_await pause.async_wait(quiet);
    }
    co_return signed_on();
}

asio::awaitable<Link::Reply> Link::exchange(Message request, milliseconds answer_max) {
    const auto connection = connection_;
    if (!connection || !connection->signed_on || connection->leaving) co_return Reply{};
    co_return co_await exchange_on(connection, std::move(request), answer_max);
}

asio::awaitable<Link::Reply> Link::exchange_on(Shared connection, Message request, milliseconds answer_max) {
    const std::string stan{request.get(11)};
    const std::string mti = request.mti();
    if (connection->in_flight.size() >= options_.in_flight_max || connection->in_flight.contains(stan)) {
        log::warning("acquirer_link_full",
                     {{"in_flight", Safe::number(static_cast<std::int64_t>(connection->in_flight.size()))}});
        co_return Reply{};
    }
    const auto payload = iso8583::encode(request, options_.profile);
    if (!payload) {
        log::error("acquirer_message_not_encodable",
                   {{"mti", Safe::id(mti)},
                    {"field", Safe::id(payload.error().field)},
                    {"error", Safe::id(iso8583::to_string(payload.error().name))}});
        co_return Reply{};
    }
    auto pending = std::make_shared<Pending>(io_, request);
    request = Message{};  // the card's data is in the frame now, and nowhere else
    pending->answer_max = answer_max;
    pending->timer.expires_after(options_.write_max);
    connection->in_flight.emplace(stan, pending);
    metrics_.gauge("acquirer_in_flight", static_cast<double>(connection->in_flight.size()));
    connection->queue({iso8583::frame(payload->view()), pending});
    while (!pending->outcome) {
        [[maybe_unused]] const auto woken = co_await pending->timer.async_wait(quiet);
        if (pending->outcome || Steady::now() < pending->timer.expiry()) continue;
        if (pending->written)
            connection->end(pending, Outcome::no_answer);
        else if (!pending->begun)
            connection->end(pending, Outcome::not_sent);
        else
            pending->timer.expires_after(options_.write_max);  // the writer closes the connection before that
    }
    metrics_.gauge("acquirer_in_flight", static_cast<double>(connection->in_flight.size()));
    const auto outcome = *pending->outcome;
    metrics_.count("acquirer_requests_total", {{"mti", mti}, {"result", to_string(outcome)}});
    if (outcome == Outcome::answered && pending->written)
        metrics_.observe("acquirer_response_seconds", Steady::now() - pending->written_at, {{"mti", mti}});
    co_return Reply{outcome, std::move(pending->answer)};
}

bool Link::take(const Shared& connection, const common::SecretText& payload) {
    auto message = iso8583::decode(bytes_of(payload.view()), options_.profile);
    if (!message) {
        const auto& error = message.error();
        log::error("acquirer_broken_message",
                   {{"error", Safe::id(iso8583::to_string(error.name))},
                    {"field", Safe::id(error.field)},
                    {"offset", Safe::number(static_cast<std::int64_t>(error.offset))}});
        metrics_.count("acquirer_broken_messages_total", {{"error", iso8583::to_string(error.name)}});
        refuse_broken(connection, payload);
        return ++connection->broken_in_a_row < broken_max;
    }
    connection->broken_in_a_row = 0;
    if (iso8583::is_request(message->mti()))
        answer_host(connection, *message);
    else
        deliver(connection, *std::move(message));
    return connection->open_now;
}

void Link::deliver(const Shared& connection, Message answer) {
    const auto found = connection->in_flight.find(std::string{answer.get(11)});
    if (found == connection->in_flight.end() || !found->second->begun) {
        tell_late(answer);
        return;
    }
    const auto pending = found->second;
    if (!pending->expected.matches(answer)) {
        // As if it had not come: the time-out reverses the request.
        log::error("acquirer_answer_mismatch",
                   {{"mti", Safe::id(answer.mti())}, {"stan", Safe::id(answer.get(11))}});
        metrics_.count("acquirer_answer_mismatch_total");
        return;
    }
    pending->answer = std::move(answer);
    connection->end(pending, Outcome::answered);
}

// Changes nothing: whatever the answer belonged to has been reversed, or is repeated.
void Link::tell_late(const Message& answer) {
    metrics_.count("late_response_total");
    log::warning("acquirer_late_answer", {{"mti", Safe::id(answer.mti())},
                                          {"stan", Safe::id(answer.get(11))},
                                          {"response_code", Safe::id(answer.get(39))}});
}

void Link::answer_host(const Shared& connection, const Message& request) {
    Message answer{iso8583::answer_mti(request.mti())};
    for (const int field : {3, 4, 7, 11, 12, 13, 15, 32, 33, 37, 41, 42, 49, 70})
        if (request.has(field)) answer.set(field, request.get(field));
    answer.set(39, verdict_on(request));
    send(connection, answer, false);
    log::info("acquirer_request", {{"mti", Safe::id(request.mti())}, {"code", Safe::id(request.get(70))}});
}

void Link::refuse_broken(const Shared& connection, const common::SecretText& payload) {
    const auto header = iso8583::readable_header(bytes_of(payload.view()), options_.profile);
    if (!header || !iso8583::is_request(header->mti())) return;
    Message answer{iso8583::answer_mti(header->mti())};
    for (const int field : {7, 11, 33})
        if (header->has(field)) answer.set(field, header->get(field));
    answer.set(39, "30");
    send(connection, answer, true);
}

void Link::send(const Shared& connection, const Message& message, bool layout_only) {
    const auto payload = iso8583::encode(message, options_.profile, {.layout_only = layout_only});
    if (!payload) {
        log::error("acquirer_message_not_encodable",
                   {{"mti", Safe::id(message.mti())}, {"field", Safe::id(payload.error().field)}});
        return;
    }
    if (connection->queued() >= outgoing_answers_max) {
        log::error("acquirer_floods");
        connection->close();
        return;
    }
    connection->queue({iso8583::frame(payload->view()), nullptr});
}

asio::awaitable<void> Link::sign_off(Deadline deadline) {
    const auto connection = connection_;
    if (connection && connection->signed_on) {
        connection->leaving = true;
        while (connection->open_now && !connection->in_flight.empty() && !deadline.passed()) {
            asio::steady_timer pause{io_, milliseconds{10}};
            [[maybe_unused]] const auto woken = co_await pause.async_wait(quiet);
        }
        if (connection->open_now) co_await manage(connection, sign_off_code, std::chrono::seconds{2});
    }
    stop();
}

void Link::stop() {
    stopping_ = true;
    if (connection_) connection_->close();
    pause_.cancel();
}

}  // namespace vault::relay
