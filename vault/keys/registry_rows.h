// What the registry says of a key of the HSM.
#pragma once

#include <cstdint>
#include <vector>

#include "hsm/hsm.h"
#include "vault/keys/key_state.h"

namespace vault::keys {

struct HsmKeyRow {
    hsm::KeyRef key;
    KeyState state = KeyState::pending;
    std::vector<std::uint8_t> id;  // CKA_ID, 16 bytes; empty while pending
    std::int64_t created_ms = 0, changed_ms = 0;
    unsigned registry_version = 1;  // of the registry key that made the MAC
    std::vector<std::uint8_t> registry_mac;
};

}  // namespace vault::keys
