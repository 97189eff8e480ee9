#include "gateway/webhooks/doorbell.h"

namespace gateway::webhooks {

Doorbell& Doorbell::of_process() {
    static Doorbell bell;
    return bell;
}

std::shared_ptr<void> Doorbell::listen(Listener listener) {
    const std::lock_guard lock{mutex_};
    const auto at = listeners_.insert(listeners_.end(), std::move(listener));
    return {&*at, [this, at](void*) {
                const std::lock_guard unlisten{mutex_};
                listeners_.erase(at);
            }};
}

void Doorbell::ring(const std::vector<Lane>& lanes) {
    const std::lock_guard lock{mutex_};
    for (const auto& listener : listeners_)
        listener(lanes);
}

}  // namespace gateway::webhooks
