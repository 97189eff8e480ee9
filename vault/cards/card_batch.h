// Stores cards of one account and mode together: they share their turns at the HSM, one wait for the audit
// log and one COMMIT.
#pragma once

#include <functional>

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/audit/trail.h"
#include "vault/cards/bin_table.h"
#include "vault/cards/checked_card.h"
#include "vault/cards/cvc_store.h"
#include "vault/cards/fingerprinter.h"
#include "vault/keys/key_ring.h"
#include "vault/store/card_rows.h"

namespace vault::cards {

class CardBatch {
  public:
    struct Parts {
        store::CardRows& rows;
        keys::KeyRing& keys;
        keys::KeyMaterial& material;
        Fingerprinter& fingerprinter;
        CvcStore& codes;
        const LiveBinTable& bins;
        audit::Trail& trail;
        const common::Clock& clock;
        common::Metrics& metrics;
        std::function<std::string(std::string_view)> draw_digits;  // of the last four
    };
    explicit CardBatch(Parts parts) : parts_{std::move(parts)} {}

    using Stored = std::vector<NewCardResult>;  // in the order of the cards
    // What the audit log gets before the cards that will have these tokens are stored.
    using EntriesOf = std::function<std::vector<audit::Entry>(const std::vector<std::string>& tokens)>;
    // What is to be stored with them, in the same transaction; it may be empty.
    using JournalOf = std::function<std::optional<store::BulkChunk>(const std::vector<std::string>& tokens)>;

    // All of them or, after an error, none. Not empty, and all of one account and mode.
    common::Task<Stored> store(const std::vector<CheckedCard>& cards, EntriesOf entries, JournalOf journal,
                               common::Deadline deadline);
    // With an entry for each card, and nothing else.
    common::Task<Stored> store(const std::vector<CheckedCard>& cards, common::Deadline deadline);

  private:
    common::Task<std::string> given_token(const CheckedCard& card, common::Deadline deadline);
    common::Task<std::string> free_token(const CheckedCard& card, common::Deadline deadline);
    common::Task<std::vector<std::string>> free_tokens(const std::vector<CheckedCard>& cards,
                                                       common::Deadline deadline);
    common::Task<std::vector<store::CardRow>> sealed(const std::vector<CheckedCard>& cards,
                                                     const std::vector<Fingerprint>& fingerprints,
                                                     std::vector<std::string> tokens,
                                                     common::Deadline deadline);
    store::CardRow row_of(const CheckedCard& card, std::string token, const Fingerprint& fingerprint,
                          const keys::MerchantKey& merchant_key, const common::SecretBytes& card_key) const;
    std::shared_future<common::Result<bool>> begin_to_record(const boost::asio::any_io_executor& executor,
                                                             std::vector<audit::Entry> entries,
                                                             common::Deadline deadline);
    common::Task<bool> insert(const store::CardRows::Insertion& insertion, common::Deadline deadline);
    Stored finished(const std::vector<CheckedCard>& cards, const store::CardRows::Insertion& insertion);

    Parts parts_;
};

}  // namespace vault::cards
