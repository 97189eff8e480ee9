// What has to happen to keys without anyone asking: merchant keys are rotated when their time is over, what
// an older key still seals is sealed anew, versions that nothing needs any more are destroyed after the
// backup window, and keys of the HSM that are overdue raise an alarm. PCI DSS 4.0.1 requirement 3.7.4.
#pragma once

#include "vault/keys/rewrap.h"
#include "vault/keys/rotation.h"
#include "vault/store/leases.h"

namespace vault::keys {

// How long a key may seal and sign. NIST SP 800-57 part 1, 5.3.6.
struct Cryptoperiods {
    std::chrono::days merchant{90};
    std::chrono::days kek{365};
    std::chrono::days fingerprint{900};  // a change opens every card
    std::chrono::days velocity{90};
    std::chrono::days signing{365};  // audit, proof and registry keys

    std::chrono::days of(hsm::Purpose purpose) const;
};

class Housekeeping {
  public:
    struct Parts {
        store::Leases& leases;
        store::MerchantKeys& merchant_keys;
        Registry& registry;
        Rotation& rotation;
        Rewrapper& rewrapper;
        const common::Clock& clock;
        common::Metrics& metrics;
        std::string owner;  // of the lease: one vault of the group does this at a time
        Cryptoperiods periods{};
        int rewraps_per_second = 2000;
    };
    explicit Housekeeping(Parts parts) : parts_{std::move(parts)} {}

    // One round. false: another vault has the lease.
    common::Task<bool> run(std::function<bool()> stop);

  private:
    using Stop = std::function<bool()>;
    common::Task<bool> rotate_overdue(const Stop& stop);
    common::Task<bool> rewrap_cards(const Stop& stop);
    common::Task<bool> rewrap_keys(const Stop& stop);
    common::Task<bool> destroy_unneeded(const Stop& stop);
    common::Task<bool> report_overdue();
    bool may_go_on(const common::Error& failure, const MerchantKeyRow& row);

    Parts parts_;
};

}  // namespace vault::keys
