#include "vault/audit/verifier.h"

#include <algorithm>

#include "vault/audit/checkpoint_walk.h"
#include "vault/audit/entry_walk.h"

namespace vault::audit {
namespace {

using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;

Deadline query_limit() {
    return Deadline::in(std::chrono::seconds{30});
}

std::string entries_text(const Finding& finding) {
    const auto first = std::to_string(finding.sequence);
    if (finding.last <= finding.sequence) return "entry " + first;
    return "entries " + first + " to " + std::to_string(finding.last);
}

// One stream, checkpoint by checkpoint.
class StreamWalk {
  public:
    StreamWalk(store::AuditRows& rows, hsm::Hsm& hsm, std::string stream,
               const std::function<void(std::int64_t)>& read)
        : rows_{rows}, hsm_{hsm}, entries_{rows, stream, read} {
        report_.stream = std::move(stream);
    }

    Task<StreamReport> run(const std::string& directory, std::optional<Cut> cut) {
        if (auto begun = co_await begin(cut); !begun) co_return Fail{std::move(begun).error()};
        // In this order, for the log may be written meanwhile: what is in the file is in the table of
        // checkpoints, and what that vouches for is in the table of entries.
        auto file = CheckpointReader::open(directory, report_.stream);
        if (!file) co_return Fail{std::move(file).error()};
        const bool has_file = file->has_value();
        const auto last = co_await rows_.last_checkpoint(report_.stream, query_limit());
        if (!last) co_return Fail{last.error()};
        const auto head = co_await rows_.head(report_.stream, query_limit());
        if (!head) co_return Fail{head.error()};
        head_ = std::max(head->sequence, report_.pruned);
        CheckpointWalk checkpoints{
            rows_, hsm_, report_.stream, *last ? (*last)->number : 0, std::move(*file), std::move(cut)};
        while (!is_full()) {
            auto step = co_await checkpoints.next();
            if (!step) co_return Fail{std::move(step).error()};
            if (!*step) break;
            if (auto done = co_await take(std::move(**step)); !done) co_return Fail{std::move(done).error()};
        }
        if (!is_full())
            if (auto done = co_await entries_.advance(head_); !done) co_return Fail{std::move(done).error()};
        entries_.finish();
        co_return finished(has_file);
    }

  private:
    // A cut that is none is left out of account, so that what it would hide is told too.
    Task<bool> begin(std::optional<Cut>& cut) {
        if (!cut) co_return true;
        const auto genuine =
            co_await is_signed(hsm_, cut->key_version, signed_part(*cut), cut->mac, query_limit());
        if (!genuine) co_return genuine;
        if (!*genuine || !cut->is_lawful()) {
            report_.findings.push_back({Defect::cut_forged, report_.stream, 1, cut->sequence});
            cut.reset();
            co_return true;
        }
        const auto first = co_await rows_.entries(report_.stream, 0, 1, query_limit());
        if (!first) co_return Fail{first.error()};
        if (!first->empty() && first->front().sequence <= cut->sequence)
            report_.findings.push_back(
                {Defect::put_back, report_.stream, first->front().sequence, cut->sequence});
        report_.pruned = covered_ = cut->sequence;
        entries_.begin_behind(cut->sequence, cut->hash);
        co_return true;
    }

    bool is_full() const { return report_.findings.size() >= findings_max || entries_.is_full(); }

    Task<bool> take(CheckpointWalk::Step step) {
        std::ranges::move(step.findings, std::back_inserter(report_.findings));
        if (!step.genuine) co_return true;
        ++report_.checkpoints;
        const auto& checkpoint = *step.genuine;
        if (step.of_file_only && step.findings.empty() && lost_ == 0) lost_ = checkpoint.number;
        if (checkpoint.sequence > head_) {
            missing_ = std::max(missing_, checkpoint.sequence);
            co_return true;
        }
        if (auto done = co_await entries_.advance(checkpoint.sequence); !done) co_return done;
        if (entries_.position() == checkpoint.sequence) entries_.compare(checkpoint.hash, covered_);
        covered_ = checkpoint.sequence;
        co_return true;
    }

    StreamReport finished(bool has_file) {
        auto& findings = report_.findings;
        std::ranges::move(entries_.findings(), std::back_inserter(findings));
        // The file goes on where both tables end: an older copy; where only one does, it was cut.
        if (missing_ > head_)
            findings.push_back(
                {lost_ != 0 ? Defect::older_copy : Defect::missing, report_.stream, head_ + 1, missing_});
        else if (lost_ != 0)
            findings.push_back(
                {Defect::checkpoint_missing, report_.stream, covered_, covered_, lost_, "database"});
        std::ranges::sort(findings, {},
                          [](const Finding& each) { return std::pair{each.sequence, each.defect}; });
        report_.entries = entries_.entries_read();
        report_.unsealed = std::max<std::int64_t>(0, head_ - covered_);
        if (!has_file)
            report_.unknown = "its file of checkpoints is missing";
        else if (report_.checkpoints == 0 && head_ > 0)
            report_.unknown = "no checkpoint vouches for it";
        return std::move(report_);
    }

    store::AuditRows& rows_;
    hsm::Hsm& hsm_;
    EntryWalk entries_;
    StreamReport report_;
    std::int64_t head_ = 0;
    std::int64_t covered_ = 0;  // by a genuine checkpoint
    std::int64_t missing_ = 0;  // the last entry that a checkpoint saw beyond the head
    std::int64_t lost_ = 0;     // the first checkpoint of those that the file has behind the table's last
};

}  // namespace

std::string_view to_string(Defect defect) {
    switch (defect) {
        case Defect::edited:
            return "edited";
        case Defect::replaced:
            return "replaced";
        case Defect::missing:
            return "missing";
        case Defect::rewritten:
            return "rewritten";
        case Defect::older_copy:
            return "older_copy";
        case Defect::checkpoint_changed:
            return "checkpoint_changed";
        case Defect::checkpoint_missing:
            return "checkpoint_missing";
        case Defect::put_back:
            return "put_back";
        case Defect::cut_forged:
            return "cut_forged";
    }
    return "edited";
}

std::string describe(const Finding& finding) {
    const auto checkpoint = "checkpoint " + std::to_string(finding.checkpoint) + " (" + finding.place + ")";
    const auto subject = entries_text(finding);
    switch (finding.defect) {
        case Defect::edited:
            return subject + ": was edited, its hash does not fit its fields";
        case Defect::replaced:
            return subject +
                   ": was replaced, the entries around it were chained to another one; those before it, up "
                   "to "
                   "the checkpoint before, may have been too";
        case Defect::missing:
            return subject + ": missing";
        case Defect::rewritten:
            return subject + ": rewritten, the checkpoint saw others";
        case Defect::older_copy:
            if (finding.checkpoint != 0)
                return checkpoint +
                       ": signed twice, the database was replaced by an older copy and written on";
            return subject + ": missing, the database is an older copy: checkpoints in the file go on";
        case Defect::checkpoint_changed:
            return checkpoint + ": changed or forged, the audit key did not sign it";
        case Defect::checkpoint_missing:
            return checkpoint + ": missing";
        case Defect::put_back:
            return subject + ": there again, wholly or in part, though they were pruned";
        case Defect::cut_forged:
            return subject +
                   ": the record that says they were pruned is forged: the audit key did not sign it, or "
                   "they were younger than twelve months";
    }
    return subject;
}

Task<std::vector<std::string>> Verifier::streams(const std::string& only_stream) {
    auto of_directory = streams_of_directory(directory_);
    if (!of_directory) co_return Fail{std::move(of_directory).error()};
    auto all = co_await rows_.streams(query_limit());
    if (!all) co_return all;
    std::ranges::move(*of_directory, std::back_inserter(*all));
    std::ranges::sort(*all);
    const auto doubled = std::ranges::unique(*all);
    all->erase(doubled.begin(), doubled.end());
    if (!only_stream.empty()) std::erase_if(*all, [&](const auto& name) { return name != only_stream; });
    co_return all;
}

// Once more when the stream was cut off meanwhile.
Task<StreamReport> Verifier::walk(const std::string& stream, const std::function<void(std::int64_t)>& read) {
    for (;;) {
        const auto cut = co_await cuts_.find(stream, query_limit());
        if (!cut) co_return Fail{cut.error()};
        StreamWalk walk{rows_, hsm_, stream, read};
        auto report = co_await walk.run(directory_, *cut);
        if (!report || report->findings.empty()) co_return report;
        const auto now = co_await cuts_.find(stream, query_limit());
        if (!now) co_return Fail{now.error()};
        if (*now == *cut) co_return report;
    }
}

Task<std::vector<StreamReport>> Verifier::run(std::string only_stream) {
    const auto names = co_await streams(only_stream);
    if (!names) co_return Fail{names.error()};
    std::int64_t total = 0, so_far = 0;
    for (const auto& name : *names) {
        const auto head = co_await rows_.head(name, query_limit());
        if (!head) co_return Fail{head.error()};
        const auto cut = co_await cuts_.find(name, query_limit());
        if (!cut) co_return Fail{cut.error()};
        total += head->sequence - (*cut ? (*cut)->sequence : 0);
    }
    std::vector<StreamReport> reports;
    for (const auto& name : *names) {
        const auto read = [&](std::int64_t entries) {
            so_far += entries;
            if (progress_) progress_(so_far, std::max(total, so_far));
        };
        auto report = co_await walk(name, read);
        if (!report) co_return Fail{std::move(report).error()};
        reports.push_back(std::move(*report));
    }
    co_return reports;
}

}  // namespace vault::audit
