// Seals anew what an older key sealed: card keys after a merchant key was rotated, merchant keys after a
// key-encryption key was, rows after the registry key was. No card record is read, let alone opened. Work is
// done in small transactions, each of which takes only what still has the old version: it may be interrupted
// at any point, done twice, or done by several at once.
#pragma once

#include <functional>

#include "vault/audit/trail.h"
#include "vault/keys/key_ring.h"
#include "vault/keys/row_cursor.h"
#include "vault/store/card_keys.h"

namespace vault::keys {

struct RewrapReport {
    std::int64_t done = 0;
    std::int64_t refused = 0;                     // not what was sealed: left as they are, with an alarm
    std::vector<std::string> refused_names = {};  // the first of them: tokens, or ids of merchant keys
};

class Rewrapper {
  public:
    struct Parts {
        store::CardKeys& card_keys;
        store::MerchantKeys& merchant_keys;
        store::HsmKeys& hsm_keys;
        MerchantKeySafe& safe;
        Registry& registry;
        KeyRing& ring;
        audit::Trail& trail;
        common::Metrics& metrics;
    };
    struct Pace {
        int batch = 500;
        int per_second = 0;                                    // 0 = as fast as it goes
        std::function<void(std::int64_t)> progress = nullptr;  // rows since the last call
        std::function<bool()> stop = [] { return false; };
        std::string actor = "vault";
    };
    explicit Rewrapper(Parts parts) : parts_{parts} {}

    // Card keys from this version of the merchant key to the active one.
    common::Task<RewrapReport> card_keys(MerchantKeyRow from, Pace pace);
    // Merchant keys from this key-encryption key to the active one.
    common::Task<RewrapReport> merchant_keys(hsm::KeyRef from, Pace pace);
    // Rows of the registry from this registry key to the active one.
    common::Task<RewrapReport> registry_rows(hsm::KeyRef from, Pace pace);

  private:
    common::Task<std::int64_t> card_key_batch(const MerchantKeyRow& from, std::string& after,
                                              const Pace& pace, RewrapReport& report);
    common::Task<bool> merchant_key(MerchantKeyRow row, bool reseals, const Pace& pace, RewrapReport& report);
    common::Task<RewrapReport> each_merchant_key(RowCursor::Read read, bool reseals, Pace pace);
    void refuse(RewrapReport& report, std::string name);

    Parts parts_;
};

}  // namespace vault::keys
