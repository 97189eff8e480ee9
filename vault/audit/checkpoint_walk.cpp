#include "vault/audit/checkpoint_walk.h"

#include <algorithm>

namespace vault::audit {
namespace {

using common::Deadline;
using common::Error;
using common::Fail;
using common::Safe;
using common::Task;

constexpr std::int64_t page = 1000;
constexpr std::int64_t none = INT64_MAX;
constexpr const char* in_table = "database";
constexpr const char* in_file = "file";

Deadline query_limit() {
    return Deadline::in(std::chrono::seconds{30});
}

}  // namespace

Finding CheckpointWalk::finding(Defect defect, const char* place) const {
    return {defect, stream_, last_ ? last_->sequence + 1 : 1, 0, number_, place};
}

Task<bool> CheckpointWalk::fill() {
    if (table_.empty() && !table_ended_) {
        auto rows = co_await rows_.checkpoints(stream_, table_read_, page, query_limit());
        if (!rows) co_return Fail{std::move(rows).error()};
        for (auto& row : *rows)
            if (row.number <= newest_) table_.push_back(std::move(row));
        table_ended_ = table_.empty();
        if (!table_.empty()) table_read_ = table_.back().number;
    }
    if (file_ && !line_ && !file_ended_)
        if (auto read = read_line(); !read) co_return Fail{std::move(read).error()};
    co_return true;
}

// The file is never cut off: its lines of before are passed over, whatever they are.
common::Status CheckpointWalk::read_line() {
    do {
        auto line = file_->next();
        if (!line) return Fail{std::move(line).error()};
        line_ = std::move(*line);
    } while (line_ && cut_ && number_ < cut_->checkpoint &&
             (!line_->checkpoint || line_->checkpoint->number < cut_->checkpoint));
    file_ended_ = !line_;
    return {};
}

// The copies of the lowest number that either place has next.
std::optional<CheckpointWalk::Pair> CheckpointWalk::take_pair(Step& step) {
    const auto expected = number_ + 1;
    const auto* written = line_ && line_->checkpoint ? &*line_->checkpoint : nullptr;
    const bool broken = line_ && (!written || written->stream != stream_ || written->number < expected);
    const auto of_table = table_.empty() ? none : table_.front().number;
    const auto of_file = broken ? expected : written ? written->number : none;
    const auto number = std::min(of_table, of_file);
    if (number == none) return std::nullopt;
    if (number > expected) {
        number_ = expected;
        step.findings.push_back(finding(Defect::checkpoint_missing, "database and file"));
    }
    number_ = number;
    Pair pair;
    if (of_table == number) {
        pair.table = std::move(table_.front());
        table_.pop_front();
    }
    if (of_file == number) {
        pair.is_broken_line = broken;
        if (!broken) pair.file = std::move(line_->checkpoint);
        line_.reset();
    }
    return pair;
}

// Keeps the candidate when it is signed and follows the one before; what follows a gap follows anything.
Task<bool> CheckpointWalk::take_genuine(const std::optional<Checkpoint>& candidate, const char* place,
                                        Step& step) {
    if (!candidate) co_return true;
    const auto genuine = co_await is_signed(hsm_, candidate->key_version, signed_part(*candidate),
                                            candidate->mac, query_limit());
    if (!genuine) co_return Fail{genuine.error()};
    const bool is_next = last_ ? last_->number + 1 == candidate->number : candidate->number == 1;
    const auto before = last_ ? last_->mac : common::crypto::Digest{};
    const bool is_first = cut_ && candidate->number == cut_->checkpoint;
    const bool follows = is_first ? cut_->is_at(*candidate) : !is_next || candidate->previous == before;
    if (*genuine && follows && (!last_ || candidate->sequence >= last_->sequence)) {
        if (!step.genuine)
            step.genuine = candidate;
        else if (*step.genuine != *candidate)
            step.findings.push_back(finding(Defect::older_copy, "database and file"));
    } else {
        step.findings.push_back(finding(Defect::checkpoint_changed, place));
    }
    co_return true;
}

Task<bool> CheckpointWalk::judge(Pair pair, Step& step) {
    step.of_file_only = !pair.table;
    if (pair.is_broken_line) step.findings.push_back(finding(Defect::checkpoint_changed, in_file));
    if (pair.table && pair.table == pair.file)
        co_return co_await take_genuine(pair.table, "database and file", step);
    for (const auto& [candidate, place] : {std::pair{&pair.table, in_table}, std::pair{&pair.file, in_file}})
        if (auto taken = co_await take_genuine(*candidate, place, step); !taken) co_return taken;
    if (!pair.table && step.genuine && (!table_.empty() || !table_ended_))
        step.findings.push_back(finding(Defect::checkpoint_missing, in_table));
    if (!file_ || pair.file || pair.is_broken_line) co_return true;
    // A vault that runs has the newest in the database a moment earlier than in the file.
    const bool is_under_way = file_ended_ && !end_missing_ && number_ == newest_;
    if (!is_under_way && !end_missing_) step.findings.push_back(finding(Defect::checkpoint_missing, in_file));
    end_missing_ = file_ended_;
    co_return true;
}

Task<std::optional<CheckpointWalk::Step>> CheckpointWalk::next() {
    if (const auto filled = co_await fill(); !filled) co_return Fail{filled.error()};
    Step step;
    auto pair = take_pair(step);
    if (!pair) co_return std::nullopt;
    // So that it is known whether the table goes on.
    if (const auto filled = co_await fill(); !filled) co_return Fail{filled.error()};
    if (const auto judged = co_await judge(std::move(*pair), step); !judged) co_return Fail{judged.error()};
    if (step.genuine) last_ = step.genuine;
    co_return step;
}

}  // namespace vault::audit
