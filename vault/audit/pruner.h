// Removes the beginning of each stream of the audit log, as far as it is older than a given time. It is cut
// off exactly at a checkpoint, and the cut is signed, so that the verifier knows what is gone by right. PCI
// DSS 4.0.1 requirements 10.3.4, 10.5.1.
#pragma once

#include <functional>
#include <map>

#include "common/clock.h"
#include "vault/audit/trail.h"
#include "vault/audit/verifier.h"

namespace vault::audit {

class Pruner {
  public:
    struct Parts {
        store::AuditRows& rows;
        store::AuditCuts& cuts;        // as the service's role
        store::AuditCuts& owner_cuts;  // as the owner of the tables
        hsm::Hsm& hsm;
        Trail& trail;
        const common::Clock& clock;
        std::string checkpoint_directory;
        std::string actor, origin;          // of what it records
        std::int64_t entries_max = 50'000;  // of one transaction
    };
    struct Order {
        std::int64_t before = 0;  // entries of this time are kept, milliseconds of the unix epoch
        std::string stream = {};  // only this one
        bool dry_run = false;
        // Told each entry before it goes, and after those of one transaction the checkpoint that vouches for
        // the last of them. An error ends the work, and they stay.
        std::function<common::Status(const Record&)> entry = {};
        std::function<common::Status(const Checkpoint&)> checkpoint = {};
    };
    struct Report {
        std::string stream;
        std::int64_t entries = 0;   // that were removed
        std::int64_t until = 0;     // the last of them
        std::string left_out = {};  // why nothing of this stream was removed; "" = it was looked at
    };

    explicit Pruner(Parts parts) : parts_{std::move(parts)} {}
    // 400: nothing so young may go. Verifies the log first. Cause::integrity: it is not sound, and nothing
    // was removed. At least one checkpoint and one entry of each stream stay, whatever their age.
    common::Task<std::vector<Report>> run(Order order);

  private:
    struct Mark {
        std::string action, detail, stream;
        std::int64_t sequence = 0;
    };
    using Marks = std::map<std::string, Mark>;  // the last record of each key
    common::Task<bool> prune(Report& report, const Order& order, Marks& marks);
    common::Task<std::optional<Checkpoint>> next_place(const Cut& from, std::int64_t before,
                                                       std::int64_t bound);
    common::Task<std::int64_t> bound_of(const std::string& stream);
    common::Task<bool> tell_entries(const Cut& from, const Checkpoint& until, const Order& order);
    common::Task<bool> carry_marks(const Checkpoint& until, Marks& marks);
    common::Task<Cut> cut_off(const Cut& from, const Checkpoint& until, std::int64_t before);
    common::Task<Marks> read_marks();
    common::Task<bool> record(std::string action, std::string object, Outcome outcome, std::string detail);

    Parts parts_;
};

}  // namespace vault::audit
