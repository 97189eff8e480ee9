// Many cards from one caller, chunk by chunk. A chunk that comes again, after a connection was lost or a
// vault killed, is answered as it was the first time, and stores nothing.
#pragma once

#include "vault/cards/card_batch.h"
#include "vault/cards/card_vault.h"
#include "vault/store/bulk_chunks.h"

namespace vault::cards {

// The rules for what a caller sends, without storing anything.
class CardCheck {
  public:
    virtual ~CardCheck() = default;
    virtual common::Result<CheckedCard> check(const NewCardInput& card) const = 0;
    // Its number alone, whatever else is wrong with it.
    virtual common::Result<Pan> pan_of(const NewCardInput& card) const = 0;
};

class BulkService final : public BulkVault {
  public:
    struct Parts {
        CardCheck& check;
        CardBatch& batch;
        store::CardRows& rows;
        store::BulkChunks& chunks;
        Fingerprinter& fingerprinter;
        const common::Clock& clock;
        common::Metrics& metrics;
    };
    explicit BulkService(Parts parts) : parts_{parts} {}

    common::Task<std::vector<LineResult>> store(BulkScope scope, BulkLines lines,
                                                common::Deadline deadline) override;

  private:
    struct Sorted;
    Sorted sort(std::vector<Line>& lines) const;
    common::Task<std::vector<LineResult>> store_new(const BulkScope& scope, BulkLines& lines,
                                                    common::Deadline deadline);
    common::Task<std::vector<LineResult>> answer_again(const store::BulkChunk& known,
                                                       const std::vector<Line>& lines,
                                                       common::Deadline deadline);
    common::Task<bool> compare(const store::BulkChunk& known, const std::vector<Line>& lines,
                               const std::map<std::string, store::CardRow>& rows, common::Deadline deadline);
    Parts parts_;
};

}  // namespace vault::cards
