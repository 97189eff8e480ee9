// portcullis-vault purge: what the vault does by itself every now and then, by hand or as a rehearsal.
#include "vault/cards/purge.h"

#include <iostream>

#include "vault/commands/command.h"
#include "vault/commands/toolbox.h"
#include "vault/settings.h"

namespace vault::commands {
namespace {

using common::Fail;
using common::Status;

Status purge(const common::Config& config, bool dry_run, bool as_json) {
    auto tools = Toolbox::open(config);
    if (!tools) return Fail{std::move(tools).error()};
    auto& bench = **tools;
    store::Retention retention{bench.pool()};
    store::Leases leases{bench.pool()};
    cards::Purge job{{retention, leases, bench.clock(), bench.metrics(), &bench.log(), bench.caller().actor},
                     retention_rules(config)};
    const auto report = bench.wait(job.run(dry_run));
    if (!report) return Fail{report.error()};
    if (as_json)
        std::cout << report->json() << '\n';
    else
        std::cout << (dry_run ? "Would be erased:\n" : "Erased:\n")  //
                  << report->unused_cards << " cards that were not used\n"
                  << report->expired_cards << " cards that had expired\n"
                  << report->tombstones << " marks of erased cards\n"
                  << report->bulk_chunks << " chunks of bulks\n"
                  << report->velocity_counters << " counters of how often a number came\n";
    return {};
}

}  // namespace

Command add_purge(CLI::App& program, const std::function<void(CLI::App*)>& add_sources) {
    auto* const command =
        program.add_subcommand("purge", "Erase what the retention rules no longer allow to be kept");
    add_sources(command);
    const auto dry_run = std::make_shared<bool>(false), as_json = std::make_shared<bool>(false);
    command->add_flag("--dry-run", *dry_run, "Count only");
    command->add_flag("--json", *as_json, "Print the counts as JSON");
    return {command,
            [dry_run, as_json](const common::Config& config) { return purge(config, *dry_run, *as_json); }};
}

}  // namespace vault::commands
