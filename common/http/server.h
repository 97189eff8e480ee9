// HTTP/1.1 server over TLS: one coroutine a connection, everything bounded, strict about message boundaries.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include "common/http/message.h"
#include "common/metrics.h"

namespace common::http {

namespace asio = boost::asio;

// Whoever accepts a connection asks for the context, so a reload needs no restart (certs/tls.h).
using TlsSource = std::function<std::shared_ptr<asio::ssl::context>()>;
using Handler = std::function<asio::awaitable<Response>(Request&)>;
// An answer as long as nothing was written to the stream; nothing when the stream has it all. An error in the
// middle closes the connection, so that the answer is seen to be cut off.
using StreamHandler = std::function<asio::awaitable<Result<std::optional<Response>>>(Request&, BodyStream&)>;

struct ServerOptions {
    std::string address = "127.0.0.1";
    unsigned short port = 0;                                             // 0 = any free one
    std::size_t request_line_max = 16 * 1024;                            // longer: 414
    std::size_t header_bytes_max = 32 * 1024;                            // all fields; more: 431
    std::size_t header_fields_max = 64;                                  // more: 431
    std::function<std::size_t(Method, std::string_view path)> body_max;  // more: 413; default 1 MiB
    // What a larger body is answered with; nothing: the 413.
    std::function<std::optional<Error>(Method, std::string_view path)> body_refusal;
    // Bodies over 1 MiB, where body_max lets them in, at once and until they are answered; more: 503.
    std::size_t large_bodies_max = 16;              // of this listener
    std::size_t connections_max = 4096;             // of this listener; further ones are closed at accept
    std::size_t connections_per_address_max = 512;  // of this listener; an IPv6 /64 counts as one address
    std::chrono::milliseconds handshake_max{5000};
    std::chrono::milliseconds header_max{10000};
    std::chrono::milliseconds body_time_max{15000};
    std::chrono::milliseconds write_max{15000};
    std::chrono::milliseconds idle_max{60000};
    std::chrono::milliseconds request_max{30000};  // Request::deadline; the handler's answer must come before
    std::chrono::milliseconds connection_max{3600000};
    std::vector<std::pair<std::string, std::string>> fixed_headers;  // sent with every answer
    std::function<std::string(Method, std::string_view path)>
        route_label;                          // for metrics: a pattern, never the path
    bool request_client_certificate = false;  // fills Request::peer_identity
    // Requests whose bodies are not read before they are handled, and by whom they are. Request::deadline is
    // not theirs: each bit that is read or written has body_time_max or write_max.
    std::function<bool(Method, std::string_view path)> streams;
    StreamHandler stream_handler;
    std::string stream_type = "application/x-ndjson";
    std::size_t stream_bytes_max = std::size_t{4} << 30;
};

// One listener a thread: make one Server for each io_context with the same port (SO_REUSEPORT). Start, drain
// and destroy it on the thread of its io_context, or while that does not run. Not found, not allowed and the
// like are the handler's business; what does not get as far as the handler is answered here, in the API's
// error form.
class Server {
  public:
    Server(asio::io_context& io, ServerOptions options, TlsSource tls, Handler handler, Metrics& metrics);
    ~Server();
    // Binds and starts accepting. 500 with the reason when the address is taken, by another process at least.
    Result<unsigned short> start();
    // Stops accepting, lets requests finish and closes idle connections; calls `done` on the io_context when
    // the last one is gone or after `wait`.
    void drain(std::chrono::milliseconds wait, std::function<void()> done);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace common::http
