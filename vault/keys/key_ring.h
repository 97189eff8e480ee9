// Merchant keys: made on first use, kept open in locked memory for a limited time and number of uses. PCI
// DSS 4.0.1 requirements 3.6.1.2, 3.7.4, 3.7.7.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/task.h"
#include "vault/audit/trail.h"
#include "vault/keys/merchant_key_safe.h"
#include "vault/store/merchant_keys.h"

namespace vault::keys {

class KeyRing {
  public:
    using Key = std::shared_ptr<const MerchantKey>;
    struct Limits {
        std::chrono::milliseconds life{std::chrono::minutes{5}};
        std::uint64_t uses_max = 1 << 20;
        std::size_t keys_max = 8192;
    };

    KeyRing(store::MerchantKeys& store, MerchantKeySafe& safe, audit::Trail& trail,
            const common::Clock& clock, common::Metrics& metrics, Limits limits);
    KeyRing(store::MerchantKeys& store, MerchantKeySafe& safe, audit::Trail& trail,
            const common::Clock& clock, common::Metrics& metrics)
        : KeyRing{store, safe, trail, clock, metrics, Limits{}} {}

    // The key that seals new cards; made when the account never had one in this mode. 409 key_retired.
    common::Task<Key> active(common::AccountId account, bool livemode, common::Deadline deadline);
    // The key of a stored card. 500 Cause::integrity: missing, destroyed or not what was sealed.
    common::Task<Key> version(common::AccountId account, bool livemode, unsigned version,
                              common::Deadline deadline);
    // What is cached may not be the active key any more: the next call reads the database.
    void forget(common::AccountId account, bool livemode);
    // Forgets what has lived too long; call now and then.
    void purge();
    std::size_t cached() const;

  private:
    using Scope = std::tuple<common::AccountId, bool, unsigned>;  // version 0: the active one
    struct Entry {
        Key key;
        common::TimePoint expires;
        std::uint64_t uses = 0;
    };

    Key cached_key(const Scope& scope);
    void remember(const Scope& scope, const Key& key);
    common::Task<Key> create(common::AccountId account, bool livemode, common::Deadline deadline);

    store::MerchantKeys& store_;
    MerchantKeySafe& safe_;
    audit::Trail& trail_;
    const common::Clock& clock_;
    common::Metrics& metrics_;
    Limits limits_;
    mutable std::mutex mutex_;
    std::map<Scope, Entry> entries_;
};

}  // namespace vault::keys
