// The link to the acquirer: keeps one connection signed on, writes requests to it and finds the answer of
// each. Several requests are on their way at a time, and answers come in any order.
#pragma once

#include <array>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/clock.h"
#include "common/http/server.h"
#include "common/metrics.h"
#include "common/task.h"
#include "vault/iso8583/message.h"
#include "vault/relay/numbers.h"
#include "vault/relay/relay.h"

namespace vault::relay {

namespace asio = boost::asio;

class Connection;
struct Pending;

// Lives on one io_context of one thread, and must outlive `run`.
class Link {
  public:
    enum class Outcome : std::uint8_t {
        answered,
        no_answer,  // written, and the time for an answer has passed
        lost,       // written wholly or in part, then the connection ended
        not_sent,   // no byte was written
    };
    struct Reply {
        Outcome outcome = Outcome::not_sent;
        iso8583::Message answer;  // of `answered`
    };

    Link(asio::io_context& io, LinkOptions options, common::http::TlsSource tls, Numbers& numbers,
         const common::Clock& clock, common::Metrics& metrics);
    ~Link();

    // Connects again and again until `stop`.
    asio::awaitable<void> run();
    bool signed_on() const;
    std::size_t in_flight() const;
    // Until signed on or the deadline.
    asio::awaitable<bool> wait_signed_on(common::Deadline deadline);
    // Sends a request and waits for its answer, `answer_max` from the last byte written.
    asio::awaitable<Reply> exchange(iso8583::Message request, std::chrono::milliseconds answer_max);
    // Takes no new requests, waits for those in flight until the deadline, signs off and stops.
    asio::awaitable<void> sign_off(common::Deadline deadline);
    void stop();
    // Called when the link has signed on.
    void on_signed_on(std::function<void()> tell) { tell_signed_on_ = std::move(tell); }

  private:
    using Shared = std::shared_ptr<Connection>;
    asio::awaitable<Reply> exchange_on(Shared connection, iso8583::Message request,
                                       std::chrono::milliseconds answer_max);
    asio::awaitable<void> serve(Shared connection);
    asio::awaitable<void> sign_on(Shared connection);
    asio::awaitable<void> keep_alive(Shared connection);
    asio::awaitable<Reply> manage(Shared connection, std::string_view code,
                                  std::chrono::milliseconds answer_max);
    // false: the connection cannot be used any more.
    bool take(const Shared& connection, const common::SecretText& payload);
    void deliver(const Shared& connection, iso8583::Message answer);
    void answer_host(const Shared& connection, const iso8583::Message& request);
    void refuse_broken(const Shared& connection, const common::SecretText& payload);
    void send(const Shared& connection, const iso8583::Message& message, bool layout_only);
    void tell_late(const iso8583::Message& answer);
    std::chrono::milliseconds back_off(std::size_t failures) const;

    asio::io_context& io_;
    LinkOptions options_;
    common::http::TlsSource tls_;
    Numbers& numbers_;
    const common::Clock& clock_;
    common::Metrics& metrics_;
    Shared connection_;
    asio::steady_timer pause_;  // between two connections
    std::function<void()> tell_signed_on_;
    bool stopping_ = false;
};

std::string_view to_string(Link::Outcome outcome);

}  // namespace vault::relay
