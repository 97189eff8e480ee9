// HTTP/1.1 client over TLS with kept-alive connections, for calls between the project's own processes and
// outwards.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "common/http/message.h"
#include "common/http/server.h"

namespace common::http {

struct ClientOptions {
    std::string host;     // name that the certificate must carry, and SNI
    std::string address;  // where to connect; "" = host
    unsigned short port = 443;
    std::string peer_identity;         // URI SAN that the server's certificate must carry; "" = any
    std::size_t connections_max = 64;  // further calls wait, within their deadline
    std::chrono::milliseconds connect_max{5000};
    std::chrono::milliseconds idle_max{30000};
    std::size_t response_bytes_max = 1 << 20;
};

struct ClientRequest {
    Method method = Method::get;
    std::string target;  // path and query
    Headers headers;
    SecretText body;
    std::string content_type = "application/json";
    bool idempotent = false;  // may be sent again when a kept connection turns out to be closed
};

// Lives on one io_context.
class Client {
  public:
    Client(asio::io_context& io, ClientOptions options, TlsSource tls, Metrics& metrics);
    ~Client();
    // Cause::unavailable: nothing was sent. Cause::outcome_unknown: sent, no whole answer. A request that is
    // not idempotent is sent at most once.
    Task<Response> send(ClientRequest request, Deadline deadline);
    // Closes kept connections, so that the next ones are made with the present certificates.
    void reset();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace common::http
