// How often one card number may be given to the vault in an hour, by all accounts together: who tries stolen
// numbers, or the security codes of one, spreads them over merchants. The number is told by an HMAC that only
// the HSM can make. PCI DSS 4.0.1 requirement 3.5.1.1.
#pragma once

#include "common/clock.h"
#include "vault/cards/pan.h"
#include "vault/keys/registry.h"
#include "vault/store/velocity_counters.h"

namespace vault::cards {

// Slots of five minutes since 1970.
std::int64_t velocity_slot_of(common::TimePoint time);

class Velocity {
  public:
    // `per_hour` 0: nothing is counted, and no call of the HSM is made.
    Velocity(hsm::Hsm& hsm, keys::Registry& registry, store::VelocityCounters& counters,
             const common::Clock& clock, std::int64_t per_hour)
        : hsm_{hsm}, registry_{registry}, counters_{counters}, clock_{clock}, per_hour_{per_hour} {}

    // Counts one more. 402 card_declined, decline_code `card_velocity_exceeded`, when the hour (the present
    // slot and the eleven before it) has as many as it may; that try is not counted, so that whoever goes on
    // trying does not keep the holder out.
    common::Task<bool> allow(const Pan& pan, common::Deadline deadline);

  private:
    hsm::Hsm& hsm_;
    keys::Registry& registry_;
    store::VelocityCounters& counters_;
    const common::Clock& clock_;
    std::int64_t per_hour_;
};

}  // namespace vault::cards
