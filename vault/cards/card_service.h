// The vault's cards for real: rules, envelope, fingerprint, rows.
#pragma once

#include <functional>

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/audit/trail.h"
#include "vault/cards/bin_table.h"
#include "vault/cards/bulk.h"
#include "vault/cards/card_vault.h"
#include "vault/cards/cvc_store.h"
#include "vault/cards/fingerprinter.h"
#include "vault/cards/intake.h"
#include "vault/cards/sandbox_cards.h"
#include "vault/cards/use_marks.h"
#include "vault/cards/velocity.h"
#include "vault/keys/key_ring.h"
#include "vault/store/card_rows.h"

namespace vault::cards {

class CardService final : public CardVault, public CardCheck {
  public:
    struct Parts {
        store::CardRows& rows;
        keys::KeyRing& keys;
        keys::KeyMaterial& material;
        Fingerprinter& fingerprinter;
        CvcStore& codes;
        UseMarks& uses;
        Velocity& velocity;
        const SandboxCards& sandbox;
        const LiveBinTable& bins;
        audit::Trail& trail;
        const common::Clock& clock;
        common::Metrics& metrics;
        bool sandbox_enabled = false;  // false: cards of test mode are refused
        std::function<std::string(std::string_view)> draw_digits = new_digit_token;  // of the last four
    };
    explicit CardService(Parts parts);

    common::Task<NewCardResult> store(NewCardInput card, common::Deadline deadline) override;
    common::Task<OpenCard> open(common::AccountId account, bool livemode, std::string token,
                                std::string cvc_handle, audit::Caller caller,
                                common::Deadline deadline) override;
    common::Result<std::string> hold_code(common::AccountId account, bool livemode,
                                          const common::SecretText& code) override;
    common::Task<CardFacts> facts(common::AccountId account, std::string token,
                                  common::Deadline deadline) override;

    common::Result<CheckedCard> check(const NewCardInput& card) const override;
    common::Result<Pan> pan_of(const NewCardInput& card) const override;
    CardBatch& batch() { return batch_; }

  private:
    std::optional<Cvc> take_code(const CardScope& scope, std::string_view handle);
    common::Result<CheckedCard> check_card(const NewCardInput& card) const;
    common::Result<CheckedCard> check_sandbox_id(const NewCardInput& card) const;
    common::Task<store::CardRow> find(common::AccountId account, std::string token,
                                      common::Deadline deadline);
    common::Error noted(common::Error error);
    boost::asio::awaitable<common::Error> of_other_mode(const store::CardRow& row, common::Deadline deadline);
    // An error: the act must not happen.
    common::Task<bool> record(const char* action, const std::string& token, audit::Caller caller,
                              common::Deadline deadline);

    Parts parts_;
    CardBatch batch_;
    Intake intake_;  // last: it ends before what it uses
};

}  // namespace vault::cards
