// One accepted connection of the server.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/http/parser.h"
#include "common/http/server.h"
#include "common/http/stream.h"
#include "common/http/watchdog.h"
#include "common/http/wire.h"

namespace common::http {

class Connection;

// What the connections of a server share. Lives on the server's io_context.
struct ServerCore {
    ServerOptions options;
    Handler handler;
    Metrics& metrics;
    bool draining = false;
    std::list<Connection*> connections;
    std::unordered_map<std::string, std::size_t> per_address;
    std::size_t large_bodies = 0;
    std::function<void()> connection_gone;

    void count_rejected(std::string_view reason);
    // Whether one more refusal may be logged: strangers must not fill the log. All are counted.
    bool may_log();
    std::int64_t log_second = 0;
    unsigned logged_in_second = 0;
};

class Connection {
  public:
    Connection(asio::io_context& io, std::shared_ptr<ServerCore> core, TcpSocket socket,
               std::shared_ptr<asio::ssl::context> tls, std::string peer_address, std::string address_key);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The whole life of `connection`.
    static asio::awaitable<void> run(std::unique_ptr<Connection> connection);
    // Closes when idle, otherwise after the present request. A new connection has a second for its first one.
    void drain();
    void abort();  // close now

  private:
    enum class Phase : std::uint8_t { handshake, idle, head, body, handling, writing, goodbye, closing };
    enum class Read : std::uint8_t { bytes, end, timeout };
    class LargeBody;

    asio::awaitable<bool> handshake();
    asio::awaitable<void> serve();
    asio::awaitable<bool> serve_one();                  // false: no further request
    asio::awaitable<bool> read_head(Request& request);  // false: answered or gone
    asio::awaitable<bool> read_body(Request& request, LargeBody& large);
    asio::awaitable<bool> serve_stream(Request& request);
    asio::awaitable<Response> handle(Request& request);
    asio::awaitable<Read> read_more();
    asio::awaitable<bool> write_out();
    asio::awaitable<void> answer(const Request& request, Response response);
    asio::awaitable<void> refuse(const Request& request, const Reject& why);
    asio::awaitable<void> close_gently();

    class Stream;
    void count(const Request& request, int status);
    void enter(Phase phase, std::chrono::milliseconds limit);
    void rest();  // while a handler works
    // No further request is taken.
    bool is_leaving() const;
    void expired();
    bool certificate_expired() const;
    std::size_t body_max(const Request& request) const;
    bool may_be_large(const Request& request) const;
    Error error_for(const Request& request, const Reject& why) const;
    std::string_view route_of(const Request& request);

    std::shared_ptr<ServerCore> core_;
    std::shared_ptr<asio::ssl::context> tls_;  // its callbacks belong to the object, not to OpenSSL's context
    TlsStream stream_;
    Watchdog watchdog_;
    RequestParser parser_;
    WireBuffer in_;
    WipedBytes out_;
    PeerCertificate peer_;
    std::string peer_address_, address_key_, route_;
    std::chrono::steady_clock::time_point began_, request_began_;
    std::list<Connection*>::iterator place_;
    Phase phase_ = Phase::handshake;
    std::uint64_t requests_ = 0;  // whose heads arrived
    bool timed_out_ = false, leave_ = false, keep_alive_ = true, peer_gone_ = false;
};

}  // namespace common::http
