// The life of a key, of the HSM or of a merchant. PCI DSS 4.0.1 requirements 3.7.4, 3.7.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vault::keys {

enum class KeyState : std::uint8_t {
    pending,       // being made
    active,        // seals and signs what is new; one of its kind
    decrypt_only,  // opens and verifies what is old
    compromised,   // the same, and everything it sealed is to be sealed anew
    destroyed,     // gone: what it sealed is gone with it
};

std::string_view to_string(KeyState state);
std::optional<KeyState> key_state_of(std::string_view text);

// No way leads back to `active`, and none out of `destroyed`.
bool may_become(KeyState from, KeyState to);

inline bool seals(KeyState state) {
    return state == KeyState::active;
}
inline bool opens(KeyState state) {
    return state != KeyState::pending && state != KeyState::destroyed;
}

}  // namespace vault::keys
