// Rows of card and card_key: what is shown of a card, its sealed record, and the sealed key whose deletion
// erases it.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/cards/card_vault.h"
#include "vault/cards/sealer.h"

namespace vault::store {

struct CardRow {
    cards::CardScope scope;
    cards::CardFacts facts;
    unsigned fingerprint_key_version = 0;
    cards::SealedCard sealed;
    std::int64_t last_used_day = 0;  // since 1970
};

class CardRows {
  public:
    explicit CardRows(common::db::Pool& pool) : pool_{pool} {}
    // Both rows in one statement, and those of the metadata. Cause::conflict: the token exists, or the
    // merchant key is not active any more; Cause::outcome_unknown: read it.
    common::Task<bool> insert(CardRow row, common::Deadline deadline);
    // Cause::not_found: no such token in this account, or erased. Without its metadata.
    common::Task<CardRow> find(common::AccountId account, std::string token, common::Deadline deadline);
    // Whether the account's token belonged to a card that was erased.
    common::Task<bool> was_erased(common::AccountId account, std::string token, common::Deadline deadline);
    // A statement that touches no table; true when the database answers.
    common::Task<bool> ping(common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

common::Error no_such_card(std::string_view token);  // 404, Cause::not_found
common::Error erased_card(std::string_view token);   // the same with the field `cause` "erased"

}  // namespace vault::store
