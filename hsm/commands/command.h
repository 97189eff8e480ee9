// A subcommand of portcullis-hsm in a file of its own: it adds its options to the program's, and runs once
// they are parsed and the process is hardened.
#pragma once

#include <functional>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/result.h"

namespace hsm::commands {

struct Command {
    CLI::App* app;
    std::function<common::Status()> run;
};

std::vector<Command> add_custodian(CLI::App& program);
std::vector<Command> add_ceremonies(CLI::App& program);

}  // namespace hsm::commands
