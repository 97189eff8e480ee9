// Sends webhooks: what is due, at once when it was written by this process, and found by a poll otherwise.
// Leases are in the rows, so any number of gateways may do this on one database, and what a dead one had
// begun is taken over.
#pragma once

#include <functional>
#include <memory>

#include "common/clock.h"
#include "common/db/pool.h"
#include "gateway/webhooks/secrets.h"
#include "gateway/webhooks/sender.h"

namespace gateway::webhooks {

struct DelivererOptions {
    SenderOptions sender;
    std::chrono::milliseconds attempt_max{20'000};
    std::chrono::milliseconds lease{40'000};  // > attempt_max and a transaction
    std::chrono::milliseconds poll_every{1'000};
    std::size_t endpoints_at_once = 64;  // half of them for those that are slow or do not answer
    int of_endpoint_at_once = 4;  // once it has a backlog; before, one by one in the order of the events
};

// Lives on one io_context, and may be destroyed while it works: what it had begun is sent again when the
// lease has run out.
class Deliverer {
  public:
    // The options' limits hold for all endpoints together. `network` outlives the io_context's last handler.
    Deliverer(boost::asio::io_context& io, common::db::Pool& database, Network& network,
              common::http::TlsSource tls, const Secrets& secrets, const common::Clock& clock,
              common::Metrics& metrics, DelivererOptions options);
    ~Deliverer();
    // On the io_context's thread, or before it runs.
    void start();
    // From any thread: takes nothing new, and calls back on the io_context when nothing is under way any
    // more, or when it has waited for so long.
    void drain(std::chrono::milliseconds wait, std::function<void()> done);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace gateway::webhooks
