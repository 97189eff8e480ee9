// What happens to rows of cards after they were inserted: sealed anew, marked as used, found by what is shown
// of them, erased.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/cards/card_vault.h"
#include "vault/cards/sealer.h"

namespace vault::store {

enum class ErasureReason : std::uint8_t { requested, unused, expired };
std::string_view to_string(ErasureReason reason);

class CardChanges {
  public:
    struct NewSeal {
        std::vector<std::uint8_t> replaced_key_id;  // of the card key that sealed it until now
        cards::SealedCard sealed;
        cards::Expiry expiry;
    };

    explicit CardChanges(common::db::Pool& pool) : pool_{pool} {}

    // Both in one transaction. Cause::not_found: no such card. 409 Cause::conflict: the card is not sealed by
    // the key that is to be replaced. 400: more keys of metadata than a card may have.
    common::Task<bool> update(common::AccountId account, std::string token, std::optional<NewSeal> seal,
                              cards::Metadata metadata, common::Deadline deadline);
    common::Task<cards::Metadata> metadata(common::AccountId account, std::string token,
                                           common::Deadline deadline);
    // Deletes all of the card and leaves a tombstone. true: it is erased now, or was. Cause::not_found: there
    // is neither. 409 Cause::conflict: an exchange with the acquirer still needs it.
    common::Task<bool> erase(common::AccountId account, std::string token, ErasureReason reason,
                             std::int64_t day, common::Deadline deadline);
    // Of one account. Never sets a day back.
    common::Task<bool> mark_used(common::AccountId account, std::vector<std::string> tokens, std::int64_t day,
                                 common::Deadline deadline);
    common::Task<cards::CardPage> search(cards::CardSearch search, common::Deadline deadline);

    static constexpr int rows_scanned_max = 1000;  // of one page of a search

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
