// The socket types of server and client, and what is taken from the other end's certificate.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace common::http {

namespace asio = boost::asio;

using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using TlsStream = asio::ssl::stream<TcpSocket>;

struct PeerCertificate {
    std::string
        identity;  // the only URI SAN; "" without a certificate, without URI SAN, and with more than one
    std::int64_t not_after = std::numeric_limits<std::int64_t>::max();  // Unix seconds
};

// Of a finished handshake. Says nothing about trust: the context verifies the chain.
PeerCertificate peer_certificate(SSL* connection);

// Before the handshake of a client: the certificate must chain and be for this name or address (RFC 9525),
// whatever the context's own mode is. Sends the name (SNI). False when it is neither.
bool expect_host(SSL* connection, const std::string& host);

}  // namespace common::http
