// One TLS connection of the client, and what came of an exchange on it.
#pragma once

#include <memory>
#include <string>

#include "common/http/client.h"
#include "common/http/parser.h"
#include "common/http/stream.h"
#include "common/http/watchdog.h"
#include "common/http/wire.h"

namespace common::http {

class ClientConnection {
  public:
    enum class Outcome : std::uint8_t {
        answered,
        not_sent,     // the other end cannot have the whole request
        no_answer,    // sent; the connection ended before a byte of the answer
        half_answer,  // sent; the answer is cut off, malformed or too large
    };

    ClientConnection(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls,
                     std::size_t response_bytes_max);
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    // TCP, TLS with the host's name or address checked, and the identity when `options` ask for one.
    asio::awaitable<Status> open(const ClientOptions& options, Deadline deadline);
    asio::awaitable<Outcome> exchange(const ClientRequest& request, std::string_view host_field,
                                      Response& response, Deadline deadline);
    bool reusable() const { return reusable_; }
    // Nothing may have arrived on a connection that waits for a request: bytes or an end mean that it was
    // closed.
    bool gone_stale();
    void close();
    // Closes and calls back when nobody took the connection for so long.
    void close_when_idle(std::chrono::milliseconds limit, std::function<void()> closed);
    void taken();
    std::uint64_t generation = 0;

  private:
    asio::awaitable<Status> connect(const ClientOptions& options, Deadline deadline);
    asio::awaitable<Status> shake_hands(const ClientOptions& options);
    asio::awaitable<bool> write(const ClientRequest& request, std::string_view host_field);
    asio::awaitable<Outcome> read(Response& response);

    asio::io_context& io_;
    std::shared_ptr<asio::ssl::context> tls_;
    TlsStream stream_;
    Watchdog watchdog_;
    ResponseParser parser_;
    WireBuffer in_;
    std::function<void()> closed_;
    bool reusable_ = false;
};

}  // namespace common::http
