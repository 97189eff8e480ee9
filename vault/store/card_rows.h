// Rows of card and card_key: what is shown of a card, its sealed record, and the sealed key whose deletion
// erases it.
#pragma once

#include <future>
#include <map>

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/cards/card_vault.h"
#include "vault/cards/sealer.h"
#include "vault/store/bulk_chunks.h"

namespace vault::store {

struct CardRow {
    cards::CardScope scope;
    cards::CardFacts facts;
    unsigned fingerprint_key_version = 0;
    cards::SealedCard sealed;
    std::int64_t last_used_day = 0;  // since 1970
};

// Cards of one account and mode that are sealed by the same version of its key.
struct CardInsertion {
    std::vector<CardRow> rows;
    std::optional<BulkChunk> chunk;
    // COMMIT waits for this until then, and is not sent after an error: what the audit log has made durable
    // of the act.
    std::shared_future<common::Result<bool>> recorded;
    std::chrono::steady_clock::time_point recorded_by;
};

// Cards of an account and mode in the order of their tokens.
struct CardRowPage {
    struct Entry {
        CardRow row;          // with its metadata
        std::string created;  // "2026-07-01"
    };
    std::vector<Entry> cards;
    std::string next;  // "" = this was the last page; a page may have no cards and not be the last
};

class CardRows {
  public:
    explicit CardRows(common::db::Pool& pool) : pool_{pool} {}
    using Insertion = std::shared_ptr<const CardInsertion>;
    // All rows of all cards, or none. Cause::conflict: a token exists, or the merchant key is not active any
    // more; `bulk_chunk_known`: the chunk was stored before; Cause::outcome_unknown: read one.
    common::Task<bool> insert(Insertion insertion, common::Deadline deadline);
    // Cause::not_found: no such token in this account, or erased.
    common::Task<CardRow> find(common::AccountId account, std::string token, common::Deadline deadline);
    // Those of the tokens that are there. Without their metadata.
    common::Task<std::map<std::string, CardRow>> find_all(common::AccountId account,
                                                          std::vector<std::string> tokens,
                                                          common::Deadline deadline);
    // Those behind the token `after`; none that was erased. Looks at `limit` rows of the account at most.
    common::Task<CardRowPage> page(common::AccountId account, bool livemode, std::string after, int limit,
                                   common::Deadline deadline);
    common::Task<std::int64_t> count(common::AccountId account, bool livemode, common::Deadline deadline);
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
