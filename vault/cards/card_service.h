// The vault's cards for real: rules, envelope, fingerprint, rows.
#pragma once

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/cards/bin_table.h"
#include "vault/cards/card_vault.h"
#include "vault/cards/cvc_store.h"
#include "vault/cards/fingerprinter.h"
#include "vault/cards/sandbox_cards.h"
#include "vault/keys/key_ring.h"
#include "vault/store/card_rows.h"

namespace vault::cards {

class CardService final : public CardVault {
  public:
    struct Parts {
        store::CardRows& rows;
        keys::KeyRing& keys;
        keys::KeyMaterial& material;
        Fingerprinter& fingerprinter;
        CvcStore& codes;
        const SandboxCards& sandbox;
        const BinTable& bins;
        const common::Clock& clock;
        common::Metrics& metrics;
        bool sandbox_enabled = false;  // false: cards of test mode are refused
    };
    explicit CardService(Parts parts) : parts_{parts} {}

    common::Task<NewCardResult> store(NewCardInput card, common::Deadline deadline) override;
    common::Task<OpenCard> open(common::AccountId account, bool livemode, std::string token,
                                std::string cvc_handle, common::Deadline deadline) override;
    common::Task<CardFacts> facts(common::AccountId account, std::string token,
                                  common::Deadline deadline) override;

  private:
    struct Checked;
    common::Result<Checked> check(const NewCardInput& card) const;
    common::Result<Checked> check_sandbox_id(const NewCardInput& card) const;
    common::Task<store::CardRow> find(common::AccountId account, std::string token,
                                      common::Deadline deadline);
    common::Task<bool> insert(store::CardRow row, common::Deadline deadline);

    Parts parts_;
};

}  // namespace vault::cards
