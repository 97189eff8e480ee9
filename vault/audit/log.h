// The audit log: entries of all callers, chained in one stream, many to a COMMIT; and its checkpoints. PCI
// DSS 4.0.1 requirements 10.2.1.6, 10.3, 10.7.2.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/db/pool.h"
#include "common/metrics.h"
#include "hsm/hsm.h"
#include "vault/audit/trail.h"

namespace vault::audit {

// What keeps the log from taking entries.
enum class Trouble : std::uint8_t {
    none,
    database,         // refuses entries or checkpoints
    checkpoint_file,  // cannot be written
    behind,           // the database ends before a checkpoint in the file, or differs from it: an older copy
    unsealed,         // no checkpoint for too long: HSM or database
    stopped,
};
std::string_view to_string(Trouble trouble);

// Has one thread of its own; `record` may be called from any single-threaded io_context, which must outlive
// the log. Pool, HSM, clock and metrics must outlive it too.
class Log final : public Trail {
  public:
    struct Options {
        std::string stream;                // of this process alone (is_stream_name)
        std::string checkpoint_directory;  // must exist
        std::string actor = "vault";       // of the log's own entries
        bool announce = true;              // entries "audit.start" and "audit.stop"
        std::chrono::milliseconds checkpoint_every{1000};
        std::chrono::milliseconds unsealed_max{10'000};  // then no entry is taken until there is a checkpoint
        std::chrono::milliseconds write_max{3'000};      // of one COMMIT
        std::chrono::microseconds company{2'000};        // how long a batch waits for those just answered
        std::size_t batch_max = 512;
        std::size_t queue_max = 8192;
    };
    struct Health {
        Trouble trouble = Trouble::none;
        // Age of the oldest entry that no checkpoint covers; 0: there is none.
        std::chrono::milliseconds lag{0};
    };

    Log(Options options, common::db::Pool& pool, hsm::Hsm& hsm, const common::Clock& clock,
        common::Metrics& metrics);
    ~Log() override;  // stops

    // Begins to open the stream; entries wait for that. 500: the name is none, or the directory is missing.
    common::Status start();
    // Takes no more entries, writes those that wait and the last checkpoint. Blocks, `wait` at most.
    void stop(std::chrono::milliseconds wait = std::chrono::milliseconds{5'000});

    // 503 at once while there is trouble; 503 Cause::overloaded when the queue is full; 503
    // Cause::deadline_exceeded when the deadline passes first (the entry may still be written).
    common::Task<bool> record_all(std::vector<Entry> entries, common::Deadline deadline) override;
    Health health() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vault::audit
