// One socket to the acquirer, with TLS or, on loopback, without, and what is waiting on it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/http/stream.h"
#include "vault/relay/link.h"
#include "vault/relay/messages.h"

namespace vault::relay {

// A request between its queueing and its end.
struct Pending {
    Pending(asio::io_context& io, const iso8583::Message& request) : expected{request}, timer{io} {}
    Expected expected;
    asio::steady_timer timer;  // until the next thing that must have happened
    bool begun = false;        // at least a byte may be on its way
    bool written = false;
    std::chrono::milliseconds answer_max{0};  // from the last byte written
    std::optional<Link::Outcome> outcome;
    iso8583::Message answer;
    std::chrono::steady_clock::time_point written_at;
};

class Connection {
  public:
    using Steady = std::chrono::steady_clock;
    struct Outgoing {
        common::SecretText frame;
        std::shared_ptr<Pending> pending;  // none for answers of ours
    };

    Connection(asio::io_context& io, const LinkOptions& options, std::shared_ptr<asio::ssl::context> tls);
    // Connects, and makes the handshake. Afterwards `close` whatever the result.
    asio::awaitable<common::Status> open();
    // Bytes read; 0 = the connection has ended.
    asio::awaitable<std::size_t> read(std::span<std::uint8_t> into);
    // Writes what is queued until the connection is closed; closes it when a write fails or takes too long.
    asio::awaitable<void> write_queued();
    void queue(Outgoing outgoing);
    std::size_t queued() const { return outgoing_.size(); }
    // Ends every request: not_sent if nothing of it was written, lost otherwise.
    void close();
    void end(const std::shared_ptr<Pending>& pending, Link::Outcome outcome);

    bool open_now = true;
    bool signed_on = false;
    bool has_signed_on = false;  // stays when the connection closes
    bool leaving = false;        // signing off
    Steady::time_point last_byte = Steady::now();
    int broken_in_a_row = 0;
    std::unordered_map<std::string, std::shared_ptr<Pending>> in_flight;  // by STAN
    asio::steady_timer echo_timer;

  private:
    asio::awaitable<common::Status> connect();
    asio::awaitable<common::Status> handshake();
    common::http::TcpSocket& socket() { return tls_ ? tls_->next_layer() : *plain_; }

    asio::io_context& io_;
    const LinkOptions& options_;
    std::shared_ptr<asio::ssl::context> context_;
    std::optional<common::http::TcpSocket> plain_;
    std::optional<common::http::TlsStream> tls_;
    asio::steady_timer wake_;
    std::deque<Outgoing> outgoing_;
};

}  // namespace vault::relay
