// Deletes what the retention rules no longer allow to be kept. PCI DSS 4.0.1 requirement 3.2.1.
#pragma once

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/audit/trail.h"
#include "vault/store/leases.h"
#include "vault/store/retention.h"

namespace vault::cards {

// Days by class of data; 0 = kept for ever.
struct RetentionRules {
    std::int64_t unused_card_days = 0;   // since a card was stored or last opened for the acquirer
    std::int64_t expired_card_days = 0;  // since the end of the month in which it expired
    std::int64_t tombstone_days = 0;     // since the card was erased
    // How often card numbers come is kept for thirty days, whatever the configuration; what was answered to
    // the lines of a bulk, for as long as one may take to send it again.
    static constexpr std::int64_t velocity_days = 30, bulk_days = 7;
};

// In a dry run: how many are due by each rule. A card may be due by two of them.
struct PurgeReport {
    bool dry_run = false;
    std::int64_t unused_cards = 0, expired_cards = 0, tombstones = 0, bulk_chunks = 0, velocity_counters = 0;
    std::string json() const;  // {"dry_run": …, "unused_cards": …, …}
};

class Purge {
  public:
    struct Parts {
        store::Retention& store;
        store::Leases& leases;
        const common::Clock& clock;
        common::Metrics& metrics;
        audit::Trail* trail = nullptr;  // nullptr: no trail is kept
        std::string actor = "vault";    // whom the trail names
    };
    Purge(Parts parts, RetentionRules rules);

    // 409 Cause::conflict: another process is at it. Work done before a failure stays done; it goes on in
    // transactions of at most 500 cards.
    common::Task<PurgeReport> run(bool dry_run);

  private:
    struct Run;
    common::Task<bool> record(audit::Outcome outcome, std::string detail);
    common::Task<bool> keep_lease(Run& run);
    boost::asio::awaitable<void> give_lease_back();
    common::Task<bool> all_accounts(Run& run);
    common::Task<bool> account(Run& run, common::AccountId account);
    common::Task<bool> cards(Run& run, common::AccountId account, store::Retention::Rule rule,
                             std::int64_t& count);
    common::Task<bool> tombstones(Run& run, common::AccountId account);
    common::Task<bool> bulk_chunks(Run& run, common::AccountId account);
    common::Task<bool> velocity(Run& run);

    Parts parts_;
    RetentionRules rules_;
    std::string owner_;
};

}  // namespace vault::cards
