// Cards after they were stored: another expiry date, metadata, searches, erasure.
#pragma once

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/audit/trail.h"
#include "vault/cards/card_vault.h"
#include "vault/keys/key_ring.h"
#include "vault/store/card_changes.h"
#include "vault/store/card_rows.h"

namespace vault::cards {

class CardKeeper final : public CardKeeping {
  public:
    struct Parts {
        store::CardRows& rows;
        store::CardChanges& changes;
        keys::KeyRing& keys;
        keys::KeyMaterial& material;
        const common::Clock& clock;
        common::Metrics& metrics;
        audit::Trail& trail;
    };
    explicit CardKeeper(Parts parts) : parts_{parts} {}

    common::Task<CardFacts> update(CardUpdate change, common::Deadline deadline) override;
    common::Task<bool> erase(common::AccountId account, std::string token, audit::Caller caller,
                             common::Deadline deadline) override;
    common::Task<CardPage> search(CardSearch search, common::Deadline deadline) override;

  private:
    common::Task<bool> record(const char* action, std::string token, audit::Caller caller, const char* what,
                              common::Deadline deadline);
    common::Error noted(common::Error error);
    common::Task<store::CardChanges::NewSeal> seal_anew(const store::CardRow& row, Expiry expiry,
                                                        common::Deadline deadline);

    Parts parts_;
};

}  // namespace vault::cards
