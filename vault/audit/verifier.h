// Walks the audit log and names the first bad record: an entry that was edited, deleted, replaced or moved, a
// tail that is missing, a checkpoint that was changed or taken out, a database older than its checkpoints.
// PCI DSS 4.0.1 requirements 10.3.4, 10.4.1.1.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hsm/hsm.h"
#include "vault/store/audit_cuts.h"
#include "vault/store/audit_rows.h"

namespace vault::audit {

// Of several at one entry the first of these is told first.
enum class Defect : std::uint8_t {
    cut_forged,          // the record of a prune is not the audit key's, or is of what had to be kept
    edited,              // the entry's hash does not fit its fields
    replaced,            // its hash fits, but the next entry was chained to another one
    missing,             // entries are not there
    rewritten,           // the chain is whole, but another one than the checkpoint saw
    older_copy,          // the database ends before a checkpoint of the file
    checkpoint_changed,  // its MAC is not the audit key's
    checkpoint_missing,
    put_back,  // entries are there that a prune had removed
};
std::string_view to_string(Defect defect);

struct Finding {
    Defect defect;
    std::string stream;
    std::int64_t sequence = 0;    // of the first entry that is bad, or that the checkpoint covers
    std::int64_t last = 0;        // of the last one of a range
    std::int64_t checkpoint = 0;  // its number; 0: the finding is about entries
    std::string place = {};       // of the checkpoint: "database", "file"
};
std::string describe(const Finding& finding);

struct StreamReport {
    std::string stream;
    std::int64_t entries = 0;      // that were read
    std::int64_t checkpoints = 0;  // whose MAC was found right
    std::int64_t pruned = 0;       // the last entry that was lawfully removed, with all before it
    std::int64_t unsealed = 0;     // entries behind the last checkpoint: nothing vouches for them yet
    // The first bad record first; the rest of a stream with many is not told.
    std::vector<Finding> findings;
    std::string unknown;  // what kept this from being certain; "" = nothing
};

class Verifier {
  public:
    // Called with entries read so far and the number that there are.
    using Progress = std::function<void(std::int64_t, std::int64_t)>;
    Verifier(store::AuditRows& rows, store::AuditCuts& cuts, hsm::Hsm& hsm, std::string checkpoint_directory,
             Progress progress = {})
        : rows_{rows},
          cuts_{cuts},
          hsm_{hsm},
          directory_{std::move(checkpoint_directory)},
          progress_{std::move(progress)} {}

    // All streams of database and directory, or one. Memory does not grow with the log; entries that come
    // meanwhile are left out. 503: database or HSM cannot be used.
    common::Task<std::vector<StreamReport>> run(std::string only_stream = "");

  private:
    common::Task<std::vector<std::string>> streams(const std::string& only_stream);
    common::Task<StreamReport> walk(const std::string& stream, const std::function<void(std::int64_t)>& read);
    store::AuditRows& rows_;
    store::AuditCuts& cuts_;
    hsm::Hsm& hsm_;
    std::string directory_;
    Progress progress_;
};

}  // namespace vault::audit
