// The whole simulator, from its configuration.
#pragma once

#include <span>

#include "common/config.h"

namespace simulator {

std::span<const common::ConfigKey> config_keys();
common::Status check(const common::Config& config);  // reads every file, binds nothing
common::Status serve(const common::Config& config);  // returns after SIGTERM

}  // namespace simulator
