// What the vault does with cards, for its own API and for the relay. Every call may come from any io_context;
// blocking work runs on the pools of the HSM and the database, and the call comes back to where it was made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/ids.h"
#include "common/secret.h"
#include "common/task.h"
#include "vault/cards/pan.h"

namespace vault::cards {

struct NewCardInput {
    common::AccountId account;
    bool livemode = false;
    common::SecretText number;  // as it was typed
    common::SecretText cvc;     // empty = not given
    std::int64_t exp_month = 0;
    std::int64_t exp_year = 0;  // four digits, or two
    std::string sandbox_id;     // test mode: an id of the sandbox card table instead of number and expiry
};

// What may be known of a card outside the vault.
struct CardFacts {
    std::string token;  // "vt_test_…", "vt_live_…"
    std::string brand, last4, funding, country, fingerprint;
    int exp_month = 0;
    int exp_year = 0;
    std::string authentication;  // optional, required, required_unless_set_up, required_on_session
    std::string risk;            // normal, elevated, highest, blocked
};

struct NewCardResult {
    CardFacts facts;
    std::string cvc_handle;  // "" = no security code is held
};

// An opened card, on its way into one message to the acquirer.
struct OpenCard {
    Pan pan;
    Expiry expiry;
    std::optional<Cvc> cvc;  // taken out of memory by this call: a second one does not get it
};

class CardVault {
  public:
    virtual ~CardVault() = default;

    // 402 card errors of the merchant API; 400 for an unknown sandbox id; 503 when HSM or database cannot be
    // used.
    virtual common::Task<NewCardResult> store(NewCardInput card, common::Deadline deadline) = 0;
    // Cause::not_found (404): no such token in this account and mode, or erased. Cause::integrity (500): the
    // row was tampered with. 503: HSM or database cannot be used. `cvc_handle` "" or unknown or expired: no
    // security code.
    virtual common::Task<OpenCard> open(common::AccountId account, bool livemode, std::string token,
                                        std::string cvc_handle, common::Deadline deadline) = 0;
    // Without opening it. Cause::not_found as above.
    virtual common::Task<CardFacts> facts(common::AccountId account, std::string token,
                                          common::Deadline deadline) = 0;
};

}  // namespace vault::cards
