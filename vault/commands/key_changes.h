// The changes of keys that an operator orders. Making and destroying a key of the HSM needs custodians.
#pragma once

#include "common/config.h"
#include "vault/commands/key_name.h"

namespace vault::commands {

struct KeyOrder {
    std::optional<KeyName> name;
    bool livemode = false;     // with an account
    bool compromised = false;  // rotate: the old one is
    bool no_rewrap = false;
    bool now = false;  // destroy: in the backup window too
    int per_second = 0;
};

// 500 naming how many rows of the registry are not as the audit log recorded them last; prints which.
common::Status verify_keys(const common::Config& config);

common::Status rotate_key(const common::Config& config, const KeyOrder& order);
common::Status rewrap_keys(const common::Config& config, const KeyOrder& order);
common::Status retire_key(const common::Config& config, const KeyOrder& order);
common::Status compromise_key(const common::Config& config, const KeyOrder& order);
common::Status destroy_key(const common::Config& config, const KeyOrder& order);

}  // namespace vault::commands
