// New cards of many callers at once: who comes while others are being stored is stored with those who come
// then, so that HSM, audit log and COMMIT cost a share and not a turn each. Every caller's answer still means
// that his card is durable.
#pragma once

#include <memory>

#include "vault/cards/card_batch.h"

namespace vault::cards {

class Intake {
  public:
    struct Options {
        std::chrono::microseconds company{2'000};  // how long a batch waits for those just answered
        std::size_t batch_max = 256;
        std::size_t batches_max = 3;  // under way at once
        std::size_t queue_max = 4096;
    };
    // Has one thread of its own. `batch` must outlive it.
    Intake(CardBatch& batch, Options options);
    ~Intake();  // stores what waits, then ends

    // From any single-threaded io_context, which must outlive the intake. Errors are those of
    // CardVault::store, and 503 Cause::overloaded when the queue is full.
    common::Task<NewCardResult> store(CheckedCard card, common::Deadline deadline);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vault::cards
