// The checkpoints of one stream in order of their numbers, out of the database and the file at once: what
// both say alike, and what is wrong with either.
#pragma once

#include <deque>
#include <optional>

#include "vault/audit/checkpoint_file.h"
#include "vault/audit/cut.h"
#include "vault/audit/verifier.h"

namespace vault::audit {

class CheckpointWalk {
  public:
    // `newest`: number of the last checkpoint of the database that counts. `cut`: where the stream begins, if
    // it was cut off; what either place has of before is not looked at.
    CheckpointWalk(store::AuditRows& rows, hsm::Hsm& hsm, std::string stream, std::int64_t newest,
                   std::optional<CheckpointReader> file, std::optional<Cut> cut)
        : rows_{rows},
          hsm_{hsm},
          stream_{std::move(stream)},
          newest_{newest},
          file_{std::move(file)},
          cut_{std::move(cut)},
          table_read_{cut_ ? cut_->checkpoint - 1 : 0},
          number_{table_read_} {}

    struct Step {
        std::optional<Checkpoint> genuine;  // signed by an audit key, and the next of its chain
        bool of_file_only = false;
        std::vector<Finding> findings;
    };
    // Nothing at the end. 503: database, HSM or file cannot be read, or the HSM lacks a key that is named.
    common::Task<std::optional<Step>> next();

  private:
    // Both copies of one number.
    struct Pair {
        std::optional<Checkpoint> table, file;
        bool is_broken_line = false;  // the file has it, but as something that is no checkpoint
    };
    common::Task<bool> fill();
    common::Status read_line();
    std::optional<Pair> take_pair(Step& step);
    common::Task<bool> judge(Pair pair, Step& step);
    common::Task<bool> take_genuine(const std::optional<Checkpoint>& candidate, const char* place,
                                    Step& step);
    Finding finding(Defect defect, const char* place) const;

    store::AuditRows& rows_;
    hsm::Hsm& hsm_;
    std::string stream_;
    std::int64_t newest_;
    std::optional<CheckpointReader> file_;
    std::optional<Cut> cut_;
    std::deque<Checkpoint> table_;  // read ahead
    std::int64_t table_read_;       // number of the last one of them
    std::optional<CheckpointReader::Line> line_;
    bool table_ended_ = false, file_ended_ = false, end_missing_ = false;
    std::int64_t number_;             // of the last step
    std::optional<Checkpoint> last_;  // genuine one
};

}  // namespace vault::audit
