// The acquirer's side of the vault: authorizations, captures, refunds and reversals as ISO 8583 messages over
// one link, each exchange written down before it is sent, so that an answer that never comes is reversed and
// an advice is repeated until it is answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/http/server.h"
#include "common/metrics.h"
#include "common/task.h"
#include "vault/api/interfaces.h"
#include "vault/cards/card_vault.h"
#include "vault/iso8583/message.h"

namespace common::db {
class Pool;
}

namespace vault::relay {

using std::chrono::milliseconds;

struct LinkOptions {
    std::string host;  // the name that the acquirer's certificate must carry, and where to connect
    unsigned short port = 0;
    std::string
        peer_identity;  // URI SAN of the acquirer's certificate; "" = its host name is checked instead
    // No TLS: refused by `start` unless the host is a loopback address.
    bool plain = false;
    std::string forwarder_id;  // ISO 8583 field 33, 1–11 digits
    iso8583::Profile profile = iso8583::Profile::gw87a;
    std::size_t in_flight_max = 256;
    milliseconds connect_max{5000}, handshake_max{5000}, write_max{5000}, sign_on_max{10000};
    milliseconds echo_after{60000}, echo_answer_max{10000};
    // Waits before the next attempt to connect, ±20 %; the last one again and again.
    std::vector<milliseconds> back_off{std::chrono::seconds{1},  std::chrono::seconds{2},
                                       std::chrono::seconds{4},  std::chrono::seconds{8},
                                       std::chrono::seconds{16}, std::chrono::seconds{30}};
};

struct Options {
    LinkOptions link;
    std::string acquirer_id;  // ISO 8583 field 32, 1–11 digits
    // A name that no other running process of this machine has, such as the port that it listens on: what
    // this name left open when it died is settled at once at start. "" = made at random; then after the lease
    // has run out.
    std::string instance;
    milliseconds link_wait{3000};  // for a link that is just being made, before an order counts as not sent
    milliseconds authorization_max{20000};  // from the last byte written to the answer of 0100 and 0200
    milliseconds advice_max{30000};         // the same of 0220 and 0420
    milliseconds open_card_max{5000};
    milliseconds lease_slack{15000};  // beyond the times above, before another process takes over
    // Waits before an advice is repeated, ±10 %; the last one again and again.
    std::vector<milliseconds> repeats{std::chrono::seconds{5},   std::chrono::seconds{15},
                                      std::chrono::seconds{30},  std::chrono::seconds{60},
                                      std::chrono::seconds{120}, std::chrono::seconds{300}};
    milliseconds reversal_life{std::chrono::hours{24}};
    milliseconds capture_life{std::chrono::hours{24 * 7}};
    milliseconds poll_every{1000};     // for advices that are due
    milliseconds recover_every{5000};  // for exchanges of processes that are gone
    std::size_t advices_max = 32;      // in flight at a time
};

struct Health {
    bool signed_on = false;
    std::size_t in_flight = 0;
    std::size_t queued_advices = 0;
    std::chrono::seconds oldest_advice{0};  // age
};

// Has one thread of its own; every call may come from any thread. The pool, the card vault, the clock and the
// metrics must outlive it.
class Relay final : public api::Exchanges {
  public:
    // `tls` gives the client context (certs::Profile::internal_client or outward_client); unused when plain.
    Relay(Options options, common::db::Pool& pool, cards::CardVault& cards, common::http::TlsSource tls,
          const common::Clock& clock, common::Metrics& metrics);
    ~Relay() override;  // stops

    // 500 with the reason: an option that cannot be used.
    common::Status start();

    // Exchange::State as in vault/client/client.h; `pending` when the deadline passes first. The same request
    // id never sends twice. 400: a field that no message can carry. 409: the id was used with other content.
    // 404: no such card. 503, Cause::unavailable: nothing was sent.
    common::Task<Exchange> authorize(AuthorizationRequest order, audit::Caller caller,
                                     common::Deadline deadline) override;
    // 404: no such authorization. 409: it was not approved, or the id was used with other content.
    common::Task<Exchange> capture(CaptureRequest order, common::Deadline deadline) override;
    common::Task<Exchange> reverse(ReversalRequest order, common::Deadline deadline) override;
    // As `authorize`. 404: no such capture, or its card is gone. 409: the capture was not taken, or the id
    // was used with other content. 503, Cause::unavailable and field `cause` "refund_open": another refund of
    // the payment is on its way or waits to be reversed: the acquirer may count it, and refuse this one.
    common::Task<Exchange> refund(RefundRequest order, audit::Caller caller,
                                  common::Deadline deadline) override;
    // Cause::not_found for an id that was never seen; from then on that id is refused as not_sent.
    common::Task<Exchange> find(common::AccountId account, std::string request_id,
                                common::Deadline deadline) override;

    Health health() const;
    // Takes no new orders, lets those that run finish, signs off and stops. Blocks; not from an I/O thread.
    void stop(milliseconds wait = milliseconds{25000});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vault::relay
