// Tells the deliverers of this process that an event with something to deliver was committed, so that it goes
// out at once. Whoever misses it finds the delivery in the next poll.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "gateway/webhooks/endpoint.h"

namespace gateway::webhooks {

class Doorbell {
  public:
    using Listener = std::function<void(const std::vector<Lane>&)>;
    static Doorbell& of_process();

    // Hears until the handle is gone. Called on the thread that committed, so it only hands on.
    std::shared_ptr<void> listen(Listener listener);
    void ring(const std::vector<Lane>& lanes);

  private:
    std::mutex mutex_;
    std::list<Listener> listeners_;
};

}  // namespace gateway::webhooks
