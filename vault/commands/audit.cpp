#include "vault/commands/audit.h"

#include <iostream>

#include <boost/json.hpp>

#include "vault/audit/reader.h"
#include "vault/audit/verifier.h"
#include "vault/commands/progress.h"

namespace vault::commands {
namespace json = boost::json;
using audit::Outcome;
using audit::StreamReport;
using common::Config;

json::object to_json(const audit::Record& record) {
    return {{"time", audit::time_text(record.recorded_at)},
            {"stream", record.stream},
            {"sequence", record.sequence},
            {"actor", record.entry.actor},
            {"action", record.entry.action},
            {"object", record.entry.object},
            {"origin", record.entry.origin},
            {"outcome", audit::to_string(record.entry.outcome)},
            {"detail", record.entry.detail}};
}

namespace {

json::object to_json(const StreamReport& report) {
    json::array findings;
    for (const auto& each : report.findings)
        findings.push_back(json::object{{"defect", audit::to_string(each.defect)},
                                        {"sequence", each.sequence},
                                        {"last", std::max(each.sequence, each.last)},
                                        {"checkpoint", each.checkpoint},
                                        {"text", audit::describe(each)}});
    return {{"stream", report.stream},     {"entries", report.entries}, {"checkpoints", report.checkpoints},
            {"unsealed", report.unsealed}, {"pruned", report.pruned},   {"findings", std::move(findings)},
            {"unknown", report.unknown}};
}

int code_of(const std::vector<StreamReport>& reports) {
    const auto has = [&](auto member) {
        return std::ranges::any_of(reports, [&](const auto& report) { return !(report.*member).empty(); });
    };
    if (has(&StreamReport::findings)) return exit_bad;
    return has(&StreamReport::unknown) || reports.empty() ? exit_unknown : 0;
}

const char* word(int code) {
    return code == 0 ? "sound" : code == exit_bad ? "bad" : "unknown";
}

void print(const std::vector<StreamReport>& reports, int code) {
    for (const auto& report : reports) {
        std::cout << report.stream << ": " << report.entries << " entries, " << report.checkpoints
                  << " checkpoints, " << report.unsealed << " entries not covered yet"
                  << (report.pruned == 0 ? "" : "; pruned up to entry " + std::to_string(report.pruned))
                  << '\n';
        for (const auto& finding : report.findings)
            std::cout << "  BAD: " << audit::describe(finding) << '\n';
        if (!report.unknown.empty()) std::cout << "  CANNOT TELL: " << report.unknown << '\n';
    }
    if (reports.empty()) std::cout << "There is no such stream.\n";
    std::cout << (code == 0 ? "The audit log is sound.\n"
                  : code == exit_bad
                      ? "The audit log was tampered with; the first bad record of a stream is named "
                        "first. Keep database and checkpoints as they are, and find out who.\n"
                      : "Whether the audit log is sound cannot be told.\n");
}

// What was found, in the log itself: the first of it.
std::string summary(const std::vector<StreamReport>& reports, int code) {
    for (const auto& report : reports)
        if (!report.findings.empty()) return report.stream + ": " + audit::describe(report.findings.front());
    return word(code);
}

}  // namespace

AuditCommands::AuditCommands(CLI::App& cli, const AddOptions& add_options)
    : audit_{cli.add_subcommand("audit", "Verify, show or prune the audit log")},
      verify_{audit_->add_subcommand(
          "verify",
          "Check every entry and checkpoint; exit code 0: sound, 1: tampered with, 2: cannot tell")},
      show_{audit_->add_subcommand("show", "Print entries in the order of their times; is recorded itself")},
      prune_{audit_->add_subcommand(
          "prune", "Remove entries that need not be kept any longer, as the owner of the schema")} {
    audit_->require_subcommand(1);
    verify_->add_option("--checkpoints", checkpoints_,
                        "Directory of the checkpoint files, in place of audit.checkpoint_directory");
    show_->add_option("--from", from_, "First time, as 2026-11-25 or 2026-11-25T10:30:00Z");
    show_->add_option("--to", to_, "First time that is not shown any more");
    show_->add_option("--object", object_, "Token, key or id");
    show_->add_option("--actor", actor_, "Who did it");
    show_->add_option("--action", action_, "What was done, as card.open");
    prune_->add_option("--before", order_.before, "Remove what is older than this day, as 2025-06-30")
        ->required();
    prune_->add_option("--archive", order_.archive, "New file that gets the entries before they are removed");
    prune_->add_option("--stream", order_.stream, "Only this stream");
    prune_->add_flag("--dry-run", order_.dry_run, "Count only");
    add_options(prune_);
    for (auto* command : {verify_, show_}) {
        command->add_option("--stream", stream_, "Only this stream");
        command->add_flag("--json", as_json_, "As JSON; show: one object a line");
        add_options(command);
    }
}

int AuditCommands::run(const Config& config) const {
    if (prune_->parsed()) return prune_audit(config, order_);
    return verify_->parsed() ? verify(config) : show(config);
}

int AuditCommands::verify(const Config& config) const {
    auto tools = Toolbox::open(config);
    if (!tools) {
        complain(tools.error());
        return exit_unknown;
    }
    // A log that takes no entry is the more reason to look at it.
    if (const auto recorded = (*tools)->record("audit.verify", stream_, Outcome::begun); !recorded)
        complain(recorded.error());
    (*tools)->wait_until_covered();
    store::AuditRows rows{(*tools)->pool()};
    store::AuditCuts cuts{(*tools)->pool()};
    const auto directory = checkpoints_.empty() ? config.text("audit.checkpoint_directory") : checkpoints_;
    common::Result<std::vector<StreamReport>> reports;
    {
        Progress bar{"entries", 0};
        audit::Verifier verifier{rows, cuts, (*tools)->hsm(), directory,
                                 [&](std::int64_t done, std::int64_t total) { bar.at(done, total); }};
        reports = (*tools)->wait(verifier.run(stream_));
    }
    if (!reports) {
        complain(reports.error());
        return exit_unknown;
    }
    const int code = code_of(*reports);
    if (as_json_) {
        json::array streams;
        for (const auto& report : *reports)
            streams.push_back(to_json(report));
        std::cout << json::object{{"result", word(code)}, {"streams", std::move(streams)}} << '\n';
    } else {
        print(*reports, code);
    }
    const auto outcome = code == 0 ? Outcome::done : Outcome::failed;
    if (const auto recorded = (*tools)->record("audit.verify", stream_, outcome, summary(*reports, code));
        !recorded)
        complain(recorded.error());
    return code;
}

int AuditCommands::show(const Config& config) const {
    store::AuditFilter filter;
    for (const auto& [text, time] : {std::pair{&from_, &filter.from}, std::pair{&to_, &filter.to}}) {
        if (text->empty()) continue;
        const auto parsed = audit::time_of(*text);
        if (!parsed) {
            std::cerr << "portcullis-vault: " << *text
                      << " is no time; write 2026-11-25 or 2026-11-25T10:30:00Z\n";
            return exit_unknown;
        }
        *time = *parsed;
    }
    filter.object = object_, filter.actor = actor_, filter.action = action_;
    auto tools = Toolbox::open(config);
    if (!tools) {
        complain(tools.error());
        return exit_unknown;
    }
    const auto asked = json::serialize(json::object{
        {"from", from_}, {"to", to_}, {"object", object_}, {"actor", actor_}, {"action", action_}});
    if (const auto recorded = (*tools)->record("audit.show", stream_, Outcome::begun, asked); !recorded) {
        complain(recorded.error());
        return exit_unknown;
    }
    store::AuditRows rows{(*tools)->pool()};
    const auto tell = [&](const audit::Record& record) {
        const auto& entry = record.entry;
        if (as_json_)
            std::cout << to_json(record) << '\n';
        else
            std::cout << audit::time_text(record.recorded_at) << "  " << record.stream << " #"
                      << record.sequence << "  " << entry.actor << " (" << entry.origin << ")  "
                      << entry.action << ' ' << entry.object << "  " << audit::to_string(entry.outcome)
                      << "  " << entry.detail << '\n';
    };
    const auto told = (*tools)->wait(audit::read_entries(rows, filter, stream_, tell));
    if (!told) {
        complain(told.error());
        return exit_unknown;
    }
    return 0;
}

}  // namespace vault::commands
