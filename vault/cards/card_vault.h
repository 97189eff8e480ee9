// What the vault does with cards, for its own API and for the relay. Every call may come from any io_context;
// blocking work runs on the pools of the HSM and the database, and the call comes back to where it was made.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/secret.h"
#include "common/task.h"
#include "vault/audit/caller.h"
#include "vault/cards/pan.h"
#include "vault/cards/tokens.h"

namespace vault::cards {

using Metadata = std::map<std::string, std::string>;  // vault/cards/metadata.h has its limits

struct NewCardInput {
    common::AccountId account;
    bool livemode = false;
    common::SecretText number;  // as it was typed
    common::SecretText cvc;     // empty = not given
    std::int64_t exp_month = 0;
    std::int64_t exp_year = 0;  // four digits, or two
    std::string sandbox_id;     // test mode: an id of the sandbox card table instead of number and expiry
    TokenFormat format = TokenFormat::standard;
    Metadata metadata = {};
    audit::Caller caller = {};
    // "" = a new one is drawn. A given one is of the standard form; 409 `token_exists` when a card has it.
    std::string token = {};
};

// What may be known of a card outside the vault.
struct CardFacts {
    std::string token;  // vault/cards/tokens.h
    std::string brand, last4, funding, country, fingerprint;
    int exp_month = 0;
    int exp_year = 0;
    std::string authentication;  // optional, required, required_unless_set_up, required_on_session
    std::string risk;            // normal, elevated, highest, blocked
    Metadata metadata = {};      // filled by `facts` and `search`
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

    // 402 card errors of the merchant API; 400 for an unknown sandbox id or bad metadata; 503 when HSM or
    // database cannot be used. The same card again has another token and the same fingerprint.
    virtual common::Task<NewCardResult> store(NewCardInput card, common::Deadline deadline) = 0;
    // Cause::not_found (404 `resource_missing`): no such token in this account and mode, or erased; the
    // latter has a field `cause` "erased", if it was of this account. Cause::integrity (500): the row was
    // tampered with. 503: HSM or database cannot be used. `cvc_handle` "" or unknown or expired: no security
    // code; one is known that was given with this card, or that this account and mode gave alone. Nothing is
    // opened before the audit log has it.
    virtual common::Task<OpenCard> open(common::AccountId account, bool livemode, std::string token,
                                        std::string cvc_handle, audit::Caller caller,
                                        common::Deadline deadline) = 0;
    // The handle of a security code without a card. 402 `invalid_cvc`.
    virtual common::Result<std::string> hold_code(common::AccountId account, bool livemode,
                                                  const common::SecretText& code) = 0;
    // Without opening it. Cause::not_found as above.
    virtual common::Task<CardFacts> facts(common::AccountId account, std::string token,
                                          common::Deadline deadline) = 0;
};

// Whose lines these are. The name is the caller's: at most 64 letters, digits, '_' and '-'.
struct BulkScope {
    common::AccountId account;
    bool livemode = false;
    std::string name;
    audit::Caller caller = {};
};

// Lines that follow each other; an error in place of one that is no card.
using Line = common::Result<NewCardInput>;
struct BulkLines {
    std::int64_t first = 1;
    std::vector<Line> lines;
};
using LineResult = common::Result<CardFacts>;
inline constexpr std::size_t bulk_lines_max = 500;  // of one chunk

class BulkVault {
  public:
    virtual ~BulkVault() = default;
    // What became of each line: a card that is durable, or why it is none. All cards of the chunk are stored
    // or, after an error of the whole, none. The same lines again: the same answer. 409 `bulk_differs`: other
    // lines came under this name and number before.
    virtual common::Task<std::vector<LineResult>> store(BulkScope scope, BulkLines lines,
                                                        common::Deadline deadline) = 0;
};

struct CardUpdate {
    common::AccountId account;
    std::string token;
    std::optional<std::int64_t> exp_month, exp_year;  // both or none
    Metadata metadata = {};                           // sets these keys; an empty value removes its key
    audit::Caller caller = {};
};

// Each member narrows the search down; what is empty does not.
struct CardSearch {
    common::AccountId account;
    bool livemode = false;
    std::string fingerprint, brand, last4;
    std::optional<Expiry> expires_from, expires_to;  // months, both included
    std::string metadata_key, metadata_value;
    std::string after;  // CardPage::next of the page before; "" = the first page
    int limit = 10;     // 1–100
};

struct CardPage {
    std::vector<CardFacts> cards;
    // "" = this was the last page. A page may hold fewer cards than the limit, or none, and not be the last:
    // each looks at a bounded number of rows.
    std::string next;
};

// What happens to a card after it was stored.
class CardKeeping {
  public:
    virtual ~CardKeeping() = default;
    // 402 card errors for the date; 400 for bad metadata; Cause::not_found as above; 409 Cause::conflict when
    // another change of the same card came between. The token stays. Neither this nor an erasure happens
    // before the audit log has it.
    virtual common::Task<CardFacts> update(CardUpdate change, common::Deadline deadline) = 0;
    // Deletes the card's key, its record, fingerprint and metadata; the token stays known as erased. Again:
    // true. Cause::not_found: this account never had it. 409 Cause::conflict while an exchange with the
    // acquirer needs the number.
    virtual common::Task<bool> erase(common::AccountId account, std::string token, audit::Caller caller,
                                     common::Deadline deadline) = 0;
    virtual common::Task<CardPage> search(CardSearch search, common::Deadline deadline) = 0;
};

}  // namespace vault::cards
