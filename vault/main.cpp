// portcullis-vault serve | migrate | check | reference, and the commands of vault/commands/
#include <algorithm>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>

#include "common/log.h"
#include "common/runtime.h"
#include "vault/app.h"
#include "vault/commands/audit.h"
#include "vault/commands/command.h"
#include "vault/settings.h"

namespace {

constexpr int exit_failure = 1, exit_configuration = 2;

int report(const common::Error& error) {
    common::log::failure("vault cannot go on", error);
    common::log::flush();
    std::cerr << "portcullis-vault: " << (error.log_detail().empty() ? error.message() : error.log_detail())
              << '\n';
    return exit_failure;
}

int serve(const common::Config& config) {
    common::Metrics metrics;
    if (const auto port = metrics.serve(static_cast<unsigned short>(config.integer("metrics.port"))); !port)
        return report(port.error());
    auto app = vault::App::make(config, metrics);
    if (!app) return report(app.error());
    (*app)->handle_signals();
    if (const auto port = (*app)->start(); !port) return report(port.error());
    (*app)->run();
    common::log::info("vault stopped");
    common::log::flush();
    return 0;
}

int migrate(const common::Config& config) {
    const auto applied = vault::migrate(config);
    if (!applied) return report(applied.error());
    std::cout << *applied << " migrations applied\n";
    return 0;
}

int check(const common::Config& config) {
    if (const auto files = vault::check_files(config); !files) return report(files.error());
    std::cout << "The configuration is valid.\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto hardened = common::harden_process();
    CLI::App cli{"The vault keeps cards, and sends them to the acquirer and nowhere else."};
    cli.require_subcommand(0, 1);
    common::Config::Sources sources;
    bool only_check = false;
    const auto add_options = [&](CLI::App* command) {
        command->add_option("--config", sources.file, "TOML file");
        command
            ->add_option("--set", sources.settings,
                         "section.key=value, over the file and the environment; may be repeated")
            ->allow_extra_args(false);
    };
    add_options(&cli);
    cli.add_flag("--check", only_check, "Validate the configuration and end");
    auto* const serve_command = cli.add_subcommand("serve", "Take requests until SIGTERM");
    auto* const migrate_command =
        cli.add_subcommand("migrate", "Bring the schema up to date, as database.owner_url");
    auto* const check_command = cli.add_subcommand("check", "Validate the configuration and end");
    auto* const reference_command =
        cli.add_subcommand("reference", "Print the configuration keys as a Markdown table");
    for (auto* const command : {serve_command, migrate_command, check_command})
        add_options(command);
    auto commands = vault::commands::add_custodians(cli, add_options);
    commands.push_back(vault::commands::add_purge(cli, add_options));
    std::ranges::move(vault::commands::add_keys(cli, add_options), std::back_inserter(commands));
    std::ranges::move(vault::commands::add_cards(cli, add_options), std::back_inserter(commands));
    const vault::commands::AuditCommands audit{cli, add_options};
    CLI11_PARSE(cli, argc, argv);

    if (cli.get_subcommands().empty() && !only_check) {
        std::cerr << cli.help();
        return exit_configuration;
    }
    if (*reference_command) {
        std::cout << common::config_reference(vault::config_keys());
        return 0;
    }
    const auto config = common::Config::load(vault::config_keys(), sources);
    if (!config) {
        for (const auto& problem : config.error())
            std::cerr << "portcullis-vault: " << problem << '\n';
        return exit_configuration;
    }
    // What a tool has to say it prints; its log is for what went wrong.
    const bool is_tool =
        audit.chosen() || std::ranges::any_of(commands, [](const auto& one) { return one.app->parsed(); });
    common::log::open("vault", is_tool ? "error" : config->text("log.level"));
    if (only_check || *check_command) return check(*config);
    if (*migrate_command) return migrate(*config);
    if (!hardened) {
        const int code = report(hardened.error());
        return audit.chosen() ? exit_configuration : code;  // nothing was found bad
    }
    if (audit.chosen()) return audit.run(*config);
    for (const auto& command : commands)
        if (command.app->parsed()) {
            const auto done = command.run(*config);
            return done ? 0 : report(done.error());
        }
    return serve(*config);
}
