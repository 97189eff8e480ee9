#include "vault/audit/entry_walk.h"

#include <algorithm>

namespace vault::audit {
namespace {

using common::Deadline;
using common::Fail;
using common::Task;

constexpr std::int64_t page = 2000;

}  // namespace

void EntryWalk::add(Defect defect, std::int64_t sequence, std::int64_t last) {
    findings_.push_back({defect, stream_, sequence, last});
}

// A replaced entry breaks the chain behind it, and before it too unless it kept its link.
void EntryWalk::check_link(const Record& record) {
    const bool follows = link_unknown_ || record.previous == hash_;
    if (break_at_ != 0) {
        add(Defect::replaced, follows ? break_at_ - 1 : break_at_, follows ? break_at_ - 1 : break_at_);
        break_at_ = 0;
    } else if (!follows && record.sequence == begin_ + 1) {
        add(Defect::replaced, record.sequence, record.sequence);
    } else if (!follows) {
        break_at_ = record.sequence;
    }
}

void EntryWalk::take(const Record& record) {
    if (record.sequence > position_ + 1) {
        finish();
        add(Defect::missing, position_ + 1, record.sequence - 1);
        link_unknown_ = true;
    }
    if (hash_of(record) == record.hash) {
        check_link(record);
        link_unknown_ = false;
    } else {
        finish();
        add(Defect::edited, record.sequence, record.sequence);
        link_unknown_ = true;
    }
    position_ = record.sequence;
    hash_ = record.hash;
    ++entries_read_;
}

Task<bool> EntryWalk::advance(std::int64_t until) {
    while (position_ < until && !is_full()) {
        if (ahead_.empty()) {
            const auto after = position_;
            auto records =
                co_await rows_.entries(stream_, after, page, Deadline::in(std::chrono::seconds{30}));
            if (!records) co_return Fail{std::move(records).error()};
            if (records->empty()) co_return true;
            if (read_) read_(static_cast<std::int64_t>(records->size()));
            ahead_.assign(std::move_iterator{records->begin()}, std::move_iterator{records->end()});
        }
        if (ahead_.front().sequence > until) co_return true;
        take(ahead_.front());
        ahead_.pop_front();
    }
    co_return true;
}

void EntryWalk::compare(const common::crypto::Digest& hash, std::int64_t covered) {
    if (hash == hash_) {
        finish();
        return;
    }
    if (break_at_ == position_) {
        add(Defect::replaced, position_, position_);
        break_at_ = 0;
        link_unknown_ = true;
        return;
    }
    const bool known = !findings_.empty() && findings_.back().last == position_;
    if (!known) add(Defect::rewritten, covered + 1, position_);
}

void EntryWalk::finish() {
    if (break_at_ != 0) add(Defect::replaced, break_at_ - 1, break_at_ - 1);
    break_at_ = 0;
}

}  // namespace vault::audit
