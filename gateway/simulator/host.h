// The acquirer's end of the ISO 8583 link: TLS 1.3 with client certificates, framing, sign-on, and faults on
// demand.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "certs/tls.h"
#include "common/metrics.h"
#include "gateway/simulator/issuer.h"
#include "gateway/simulator/journal.h"

namespace simulator {

namespace asio = boost::asio;

struct HostOptions {
    std::string address = "127.0.0.1";
    unsigned short port = 0;
    std::size_t connections_max = 64;
    vault::iso8583::Profile profile = vault::iso8583::Profile::gw87a;
    common::SecretBytes mac_key;                    // empty: no message authentication
    std::map<std::string, std::string> forwarders;  // identity of the certificate → field 33
    std::chrono::milliseconds echo_after{60000};    // silence before an echo
    std::chrono::milliseconds echo_answer{10000};   // of three echoes, each
};

class Session;

class Host {
  public:
    Host(asio::io_context& io, HostOptions options, std::shared_ptr<certs::TlsContext> tls, Issuer& issuer,
         Journal& journal, common::Metrics& metrics);
    ~Host();
    common::Result<unsigned short> start();
    void stop();  // closes the listener and every connection

    // For sessions.
    const HostOptions& options() const { return options_; }
    Issuer& issuer() { return issuer_; }
    Journal& journal() { return journal_; }
    common::Metrics& metrics() { return metrics_; }
    std::string next_stan();
    void forget(const std::shared_ptr<Session>& session);

  private:
    asio::awaitable<void> accept();

    asio::io_context& io_;
    HostOptions options_;
    std::shared_ptr<certs::TlsContext> tls_;
    Issuer& issuer_;
    Journal& journal_;
    common::Metrics& metrics_;
    asio::ip::tcp::acceptor acceptor_;
    std::set<std::shared_ptr<Session>> sessions_;
    int stan_ = 899999;
};

}  // namespace simulator
