// TLS contexts with the two profiles, made from PEM files and replaced without dropping a connection.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "common/result.h"

namespace certs {

// public_server: TLS 1.2 and 1.3, tickets whose keys are renewed every 12 hours, no client certificate.
// internal_server: TLS 1.3 only, client certificate required, no tickets: a full handshake each time.
// internal_client: the other end of internal_server. outward_client: TLS 1.2+, system trust.
enum class Profile : std::uint8_t { public_server, internal_server, internal_client, outward_client };

struct TlsFiles {
    std::string certificate;  // PEM chain, leaf first
    std::string key;          // PEM, 0600
    std::string ca = {};      // PEM bundle that peers must chain to; "" for public_server and system trust
    std::string trust_domain = "portcullis";  // of internal peers: spiffe://portcullis/…
    std::string crl = {};  // PEM revocation list of the CA; "" = none. Read again at reload
};

// Holds the present context. `current` may be called from any thread.
class TlsContext {
  public:
    // 500 naming the file and reason: unreadable, key does not match, expired, chain broken.
    static common::Result<std::shared_ptr<TlsContext>> load(Profile profile, TlsFiles files);
    std::shared_ptr<boost::asio::ssl::context> current() const;
    // Reads the files again; a bad pair keeps the old context and returns the reason. The identity (URI SAN)
    // must not change. Connections that exist go on with the context they began with.
    common::Status reload();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// Why the peer's certificate was refused in this handshake; "" when it was not, or none was sent. It is
// logged as "tls_peer_refused" as well.
std::string refusal_of(const SSL* connection);

}  // namespace certs
