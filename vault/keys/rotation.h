// Changes of keys: who follows whom, in which state the old one stays, and what has to be true before it is
// destroyed. Each change is recorded before it happens and written in one transaction. What the old key
// sealed is sealed anew by keys/rewrap.h. PCI DSS 4.0.1 requirements 3.7.4, 3.7.5, 3.7.6.
#pragma once

#include "vault/audit/trail.h"
#include "vault/keys/dual_control.h"
#include "vault/keys/key_ring.h"
#include "vault/store/card_keys.h"
#include "vault/store/fingerprints.h"

namespace vault::keys {

// Where a merchant key is needed by name.
struct MerchantScope {
    common::AccountId account;
    bool livemode = false;
};

class Rotation {
  public:
    struct Parts {
        hsm::Hsm& hsm;
        store::HsmKeys& hsm_keys;
        store::MerchantKeys& merchant_keys;
        store::CardKeys& card_keys;
        store::Fingerprints& fingerprints;
        MerchantKeySafe& safe;
        Registry& registry;
        KeyRing& ring;
        audit::Trail& trail;
        const common::Clock& clock;
        common::Metrics& metrics;
        std::string actor = "vault";          // whom the trail names
        std::string origin = "vault";         // "command line"
        std::chrono::days backup_window{35};  // for so long a backup may still need a key that is out of use
    };
    explicit Rotation(Parts parts) : parts_{std::move(parts)} {}

    // The successor, active now. The old one only opens, or is compromised. 404 when the account has no key.
    common::Task<MerchantKeyRow> rotate(MerchantScope scope, bool old_is_compromised,
                                        common::Deadline deadline);
    // Without a successor: the account takes no new cards until `rotate`.
    common::Task<MerchantKeyRow> retire(MerchantScope scope, common::Deadline deadline);
    // A version that is not active any more. 409 key_active.
    common::Task<MerchantKeyRow> compromise(MerchantKeyRow row, common::Deadline deadline);
    // Its bytes are deleted. 409 key_in_use while a card key is sealed by it, 409 key_active, and 409
    // backup_window while a backup may need it, unless `now`.
    common::Task<bool> destroy(MerchantKeyRow row, bool now, common::Deadline deadline);

    // A key of the HSM is changed in three steps, because only an operator's program makes and destroys
    // objects on the token; each step may be repeated after an interruption.
    //   plan_successor: the next version, entered as pending  → then it is made on the token
    //   activate:       the new one is active, the old one only opens or is compromised
    common::Task<hsm::KeyRef> next_version(hsm::Purpose purpose, common::Deadline deadline);
    common::Task<hsm::KeyRef> plan_successor(hsm::Purpose purpose, common::Deadline deadline);
    common::Task<HsmKeyRow> activate(hsm::KeyRef key, bool old_is_compromised, common::Deadline deadline);
    common::Task<HsmKeyRow> compromise(hsm::KeyRef key, common::Deadline deadline);
    // The row says destroyed, and the object may be destroyed on the token. 409 as above, with what still
    // needs it.
    common::Task<HsmKeyRow> may_be_destroyed(hsm::KeyRef key, bool now, common::Deadline deadline);
    common::Task<HsmKeyRow> plan_destruction(hsm::KeyRef key, bool now, common::Deadline deadline);

    // How much is sealed or signed by it: merchant keys, card fingerprints, rows of the registry.
    common::Task<std::int64_t> uses(hsm::KeyRef key, common::Deadline deadline);

    std::chrono::days backup_window() const { return parts_.backup_window; }

  private:
    common::Task<bool> note(std::string action, std::string object,
                            std::span<const std::uint8_t> registry_mac, common::Deadline deadline);
    common::Task<HsmKeyRow> in_state(HsmKeyRow row, KeyState state, common::Deadline deadline);
    common::Task<HsmKeyRow> change(HsmKeyRow row, KeyState state, std::string action,
                                   common::Deadline deadline);
    bool in_backup_window(std::int64_t since_ms) const;

    Parts parts_;
};

}  // namespace vault::keys
