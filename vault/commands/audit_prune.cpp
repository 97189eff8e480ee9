// portcullis-vault audit prune: removes what the audit log need not keep any longer.
#include <filesystem>
#include <iostream>

#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "vault/audit/pruner.h"
#include "vault/audit/reader.h"
#include "vault/commands/audit.h"
#include "vault/settings.h"

namespace vault::commands {
namespace {

namespace json = boost::json;
using common::Config;
using common::Error;
using common::Fail;
using common::Safe;
using common::Status;

int refuse(const std::string& what) {
    std::cerr << "portcullis-vault: " << what << '\n';
    return exit_unknown;
}

// A new file of JSON lines: entries with their hashes, and behind those of one cut the checkpoint that
// vouches for the last.
class Archive {
  public:
    // Never one that is there already.
    static common::Result<Archive> create(const std::string& path) {
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0)
            return Fail{Error::internal("the archive {} cannot be made, or is there already (error {})",
                                        {Safe::param(path), Safe::number(errno)})};
        return Archive{file};
    }
    Archive(Archive&& other) noexcept : file_{std::exchange(other.file_, -1)} {}
    Archive& operator=(Archive&&) = delete;
    ~Archive() {
        if (file_ >= 0) ::close(file_);
    }
    Status add(const audit::Record& record) {
        auto line = to_json(record);
        line["recorded_at"] = record.recorded_at;
        line["previous"] = common::crypto::to_hex(record.previous);
        line["hash"] = common::crypto::to_hex(record.hash);
        text_ += json::serialize(line) + '\n';
        return text_.size() < block_size ? Status{} : write_out();
    }
    // Durable when it returns.
    Status add(const audit::Checkpoint& checkpoint) {
        text_ += to_line(checkpoint);
        if (auto done = write_out(); !done) return done;
        return ::fsync(file_) == 0 ? Status{} : Status{failed()};
    }

  private:
    static constexpr std::size_t block_size = 1 << 20;
    explicit Archive(int file) : file_{file} {}
    static Fail failed() {
        return Fail{
            Error::internal("the archive cannot be written (error {}); what it does not have was not removed",
                            {Safe::number(errno)})};
    }
    Status write_out() {
        for (std::string_view left{text_}; !left.empty();) {
            const auto written = ::write(file_, left.data(), left.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return failed();
            left.remove_prefix(static_cast<std::size_t>(written));
        }
        text_.clear();
        return {};
    }
    int file_;
    std::string text_;
};

bool are_in_one_folder(const std::string& file, const std::string& folder) {
    std::error_code unknown;
    return std::filesystem::weakly_canonical(file, unknown).parent_path() ==
           std::filesystem::weakly_canonical(folder, unknown);
}

// Nothing when it is allowed.
std::optional<std::string> problem_of(const Config& config, const PruneOrder& order,
                                      std::optional<std::int64_t> before, common::TimePoint now) {
    if (!before) return "--before is a day such as 2025-06-30";
    // There it would be taken for the checkpoints of a stream.
    if (are_in_one_folder(order.archive, config.text("audit.checkpoint_directory")))
        return "--archive may not be in audit.checkpoint_directory; write it somewhere else";
    if (!config.given("database.owner_url"))
        return "database.owner_url is not set: `audit prune` works as the role that owns the schema, for the "
               "service's own may not delete";
    const auto days = config.integer("audit.keep_days");
    const auto latest = (now - std::chrono::days{days}).time_since_epoch().count();
    if (*before <= latest) return std::nullopt;
    return "entries are kept for " + std::to_string(days) + " days (audit.keep_days): --before may be " +
           audit::time_text(latest) + " at the latest";
}

void print(const std::vector<audit::Pruner::Report>& reports, bool dry_run) {
    for (const auto& report : reports)
        if (!report.left_out.empty())
            std::cout << report.stream << ": left as it is, " << report.left_out << '\n';
        else if (report.entries == 0)
            std::cout << report.stream << ": nothing\n";
        else
            std::cout << report.stream << ": " << report.entries
                      << (dry_run ? " entries would be removed" : " entries removed") << ", up to entry "
                      << report.until << '\n';
    if (reports.empty()) std::cout << "There is no such stream.\n";
}

}  // namespace

int prune_audit(const Config& config, const PruneOrder& order) {
    const auto before = audit::time_of(order.before);
    if (const auto problem = problem_of(config, order, before, common::SystemClock{}.now()))
        return refuse(*problem);
    auto tools = Toolbox::open(config);
    if (!tools) {
        complain(tools.error());
        return exit_unknown;
    }
    auto& bench = **tools;
    audit::Pruner::Order wanted{*before, order.stream, order.dry_run};
    std::optional<Archive> archive;
    if (!order.archive.empty() && !order.dry_run) {
        auto made = Archive::create(order.archive);
        if (!made) {
            complain(made.error());
            return exit_unknown;
        }
        archive.emplace(std::move(*made));
        wanted.entry = [&archive](const audit::Record& record) { return archive->add(record); };
        wanted.checkpoint = [&archive](const audit::Checkpoint& checkpoint) {
            return archive->add(checkpoint);
        };
    }
    bench.wait_until_covered();
    common::db::Pool owner{owner_pool_options(config), bench.metrics()};
    store::AuditRows rows{bench.pool()};
    store::AuditCuts cuts{bench.pool()}, owner_cuts{owner};
    audit::Pruner pruner{{rows, cuts, owner_cuts, bench.hsm(), bench.log(), bench.clock(),
                          config.text("audit.checkpoint_directory"), bench.caller().actor,
                          bench.caller().origin}};
    const auto reports = bench.wait(pruner.run(std::move(wanted)));
    if (!reports) {
        complain(reports.error());
        return reports.error().cause() == common::Cause::integrity ? exit_bad : exit_unknown;
    }
    print(*reports, order.dry_run);
    return 0;
}

}  // namespace vault::commands
