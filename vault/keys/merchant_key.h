// The key of one merchant, mode and version that seals card keys. In the database it is sealed by the HSM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/secret.h"
#include "vault/keys/key_state.h"

namespace vault::keys {

struct MerchantKey {
    common::AccountId account;
    bool livemode = false;
    unsigned version = 0;
    std::string id;  // "mk_…"
    KeyState state = KeyState::active;
    common::SecretBytes bytes;  // 32
};

// As the database has it. At most one is active per account and mode.
struct MerchantKeyRow {
    common::AccountId account;
    bool livemode = false;
    unsigned version = 0;
    std::string id;
    KeyState state = KeyState::active;
    std::string kek;                         // label of the HSM key that sealed it
    std::vector<std::uint8_t> sealed;        // iv(12) ‖ ciphertext(32) ‖ tag(16)
    std::vector<std::uint8_t> registry_mac;  // HMAC-SHA-256 of the row under the registry key, in the HSM
    unsigned registry_version = 1;           // of that registry key
    std::int64_t created_ms = 0;             // of the unix epoch
};

}  // namespace vault::keys
