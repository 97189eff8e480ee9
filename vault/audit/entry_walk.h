// The entries of one stream in order, each held against its own hash and the one before.
#pragma once

#include <deque>
#include <functional>

#include "vault/audit/verifier.h"

namespace vault::audit {

inline constexpr std::size_t findings_max = 20;  // of one stream

class EntryWalk {
  public:
    // `read` is told how many entries came with each page.
    EntryWalk(store::AuditRows& rows, std::string stream, std::function<void(std::int64_t)> read)
        : rows_{rows}, stream_{std::move(stream)}, read_{std::move(read)} {}

    // Begins behind an entry that is known, though it is not there any more.
    void begin_behind(std::int64_t sequence, const common::crypto::Digest& hash) {
        position_ = begin_ = sequence;
        hash_ = hash;
    }

    // Reads up to the entry `until`, or until there are findings enough.
    common::Task<bool> advance(std::int64_t until);
    // A checkpoint vouches for the entry where `advance` ended and those before; `covered`: what the last one
    // vouched for.
    void compare(const common::crypto::Digest& hash, std::int64_t covered);
    // Nothing vouches for the last entries.
    void finish();

    std::int64_t position() const { return position_; }  // of the last entry that was read
    std::int64_t entries_read() const { return entries_read_; }
    bool is_full() const { return findings_.size() >= findings_max; }
    std::vector<Finding>& findings() { return findings_; }

  private:
    void take(const Record& record);
    void check_link(const Record& record);
    void add(Defect defect, std::int64_t sequence, std::int64_t last);

    store::AuditRows& rows_;
    std::string stream_;
    std::function<void(std::int64_t)> read_;
    std::deque<Record> ahead_;
    std::int64_t begin_ = 0, position_ = 0, entries_read_ = 0;
    common::crypto::Digest hash_{};  // of the last entry, as it is stored
    bool link_unknown_ = false;      // the last entry is missing or was edited: the next may follow anything
    // This entry does not follow the one before. Which of the two was replaced is seen at the next one.
    std::int64_t break_at_ = 0;
    std::vector<Finding> findings_;
};

}  // namespace vault::audit
