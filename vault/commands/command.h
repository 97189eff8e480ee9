// A command of portcullis-vault in a file of its own: it adds its options to the program's, and runs once the
// configuration is read and the process is hardened.
#pragma once

#include <functional>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/config.h"
#include "common/result.h"

namespace vault::commands {

struct Command {
    CLI::App* app;
    std::function<common::Status(const common::Config&)> run;
};

// `add_sources` gives a command --config and --set.
Command add_purge(CLI::App& program, const std::function<void(CLI::App*)>& add_sources);
std::vector<Command> add_keys(CLI::App& program, const std::function<void(CLI::App*)>& add_sources);
std::vector<Command> add_cards(CLI::App& program, const std::function<void(CLI::App*)>& add_sources);
std::vector<Command> add_custodians(CLI::App& program, const std::function<void(CLI::App*)>& add_sources);

}  // namespace vault::commands
