// Appends to one stream. After a collision or a COMMIT without an answer it finds out what is there, so that
// nothing is doubled and no chain forks.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/metrics.h"
#include "vault/store/audit_rows.h"

namespace vault::audit {

// Lives on the log's io_context.
class ChainWriter {
  public:
    using Head = store::AuditRows::Head;
    ChainWriter(store::AuditRows& rows, const common::Clock& clock, common::Metrics& metrics,
                std::string stream, std::chrono::milliseconds write_max)
        : rows_{rows}, clock_{clock}, metrics_{metrics}, stream_{std::move(stream)}, write_max_{write_max} {}

    // Where the stream ends; before the first `write`, and after each that failed.
    common::Task<Head> open();
    // All of them are durable when it returns true; after an error none is, or ever will be. Goes on until
    // one of both is certain, or `give_up`.
    common::Task<bool> write(std::vector<Entry> entries);
    void give_up() { giving_up_ = true; }

    const Head& head() const { return head_; }
    // From any thread: what came of a COMMIT is not known, and the database does not say.
    bool uncertain() const { return uncertain_; }

  private:
    enum class Found : std::uint8_t { written, absent, taken };
    store::AuditRows::Records chain(std::vector<Entry> entries) const;
    common::Task<Found> find_out(const Record& first);

    store::AuditRows& rows_;
    const common::Clock& clock_;
    common::Metrics& metrics_;
    std::string stream_;
    std::chrono::milliseconds write_max_;
    Head head_;
    std::atomic<bool> uncertain_ = false, giving_up_ = false;
};

}  // namespace vault::audit
