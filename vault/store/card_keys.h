// Rows of card_key as a change of the merchant key sees them: sealed keys, never a card.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/keys/merchant_key.h"

namespace vault::store {

struct SealedCardKey {
    std::string token;
    std::vector<std::uint8_t> id, sealed, commitment;
};

// A part of the walk over an account's card keys; `next` is where the following part begins, empty after the
// last.
struct SealedCardKeys {
    std::vector<SealedCardKey> rows;
    std::string next;
};

// The card keys of one account and mode that one version of its merchant key seals.
struct CardKeyScope {
    common::AccountId account;
    bool livemode = false;
    unsigned version = 0;
};

class CardKeys {
  public:
    explicit CardKeys(common::db::Pool& pool) : pool_{pool} {}
    // Those among the next `limit` card keys of the account behind the token `after`.
    common::Task<SealedCardKeys> sealed_by(CardKeyScope scope, std::string after, int limit,
                                           common::Deadline deadline);
    // Puts the new seals in, where the old version still stands; how many. Cause::conflict: the version that
    // made them is no longer the active one.
    common::Task<std::int64_t> reseal(CardKeyScope from, std::string merchant_key_id, unsigned version,
                                      std::vector<SealedCardKey> rows, common::Deadline deadline);
    common::Task<std::int64_t> count(CardKeyScope scope, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
