// One try at one webhook: a POST to an address that the guard let pass, and nothing of the answer but its
// status.
#pragma once

#include <string>

#include "common/http/server.h"
#include "gateway/webhooks/network.h"
#include "gateway/webhooks/target.h"

namespace gateway::webhooks {

struct SenderOptions {
    UrlRules rules;
    std::string user_agent = "Stripe/1.0";
    std::chrono::milliseconds connect_max{5'000};  // of each address
    std::size_t answer_bytes_max = 64 * 1024;      // read, and thrown away
};

struct Message {
    std::string url, body, signature;
    bool livemode = false;
};

enum class Fault : std::uint8_t {
    none,
    url,          // not what the rules allow now
    unresolved,   // no such name, or no answer of the name server
    forbidden,    // an address that the guard refuses
    unreachable,  // no connection
    tls,          // certificate or handshake
    timeout,      // not done within the deadline
    no_answer,    // hung up, or something that is not HTTP
    secret,       // the signing secret does not open
};
std::string_view to_string(Fault fault);

struct Reply {
    int status = 0;  // of HTTP; 0: none, see fault
    Fault fault = Fault::none;
    bool accepted() const { return status >= 200 && status < 300; }
    // Whether another delivery would meet the same: nobody is there, or nobody answers.
    bool dead() const {
        return fault == Fault::unresolved || fault == Fault::unreachable || fault == Fault::tls ||
               fault == Fault::timeout;
    }
};

// Lives on one io_context.
class Sender {
  public:
    Sender(boost::asio::io_context& io, Network& network, common::http::TlsSource tls, SenderOptions options);
    // Never throws. Redirects are answers like others, and no success.
    boost::asio::awaitable<Reply> send(Message message, common::Deadline deadline);

  private:
    class Exchange;
    boost::asio::io_context& io_;
    Network* network_;
    common::http::TlsSource tls_;
    SenderOptions options_;
};

}  // namespace gateway::webhooks
