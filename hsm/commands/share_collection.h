// Shares of several custodians on their way into one process: each opened here, one custodian after the
// other, or on his own machine and sealed again to a key that lives no longer than this process.
#pragma once

#include <CLI/CLI.hpp>

#include "hsm/custody/share_set.h"

namespace hsm::commands {

struct ShareArguments {
    std::string set_file;
    std::vector<std::string> shares, keys, certificates,
        passphrase_files;  // those at one position belong together
    std::string exchange;  // folder; "" = none
    unsigned wait_seconds = 3600;
};

void add_share_options(CLI::App* command, ShareArguments& arguments);
common::Result<custody::ShareSet> read_set(const std::string& path);
// Says on standard output whose share was taken, and on standard error what is wrong with another.
common::Result<common::SecretBytes> collect_secret(const custody::ShareSet& set,
                                                   const ShareArguments& arguments);

}  // namespace hsm::commands
