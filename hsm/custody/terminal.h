// What a custodian types: never an argument, which every user of the machine could see.
#pragma once

#include <string>

#include "common/result.h"
#include "common/secret.h"

namespace hsm::custody {

// From `file` (mode 0600) when one is named, otherwise from the terminal without echo; twice when `fresh`.
common::Result<common::SecretBytes> passphrase(const std::string& file, const std::string& whose, bool fresh);

// Shows `question` and waits for "yes" on the terminal. An error when something else is typed, or when there
// is no terminal.
common::Status confirm(const std::string& question);

}  // namespace hsm::custody
