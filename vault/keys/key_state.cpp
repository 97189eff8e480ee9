#include "vault/keys/key_state.h"

#include <algorithm>
#include <array>
#include <utility>

namespace vault::keys {
namespace {

using enum KeyState;

constexpr std::pair<KeyState, std::string_view> names[] = {{pending, "pending"},
                                                           {active, "active"},
                                                           {decrypt_only, "decrypt_only"},
                                                           {compromised, "compromised"},
                                                           {destroyed, "destroyed"}};

constexpr std::pair<KeyState, KeyState> edges[] = {
    {pending, active},           {pending, destroyed},       // made, or given up
    {active, decrypt_only},      {active, compromised},      // a newer one seals now
    {decrypt_only, compromised}, {decrypt_only, destroyed},  // nothing is sealed by it any more
    {compromised, destroyed},
};

}  // namespace

std::string_view to_string(KeyState state) {
    return std::ranges::find(names, state, &std::pair<KeyState, std::string_view>::first)->second;
}

std::optional<KeyState> key_state_of(std::string_view text) {
    const auto* found = std::ranges::find(names, text, &std::pair<KeyState, std::string_view>::second);
    if (found == std::end(names)) return std::nullopt;
    return found->first;
}

bool may_become(KeyState from, KeyState to) {
    return std::ranges::find(edges, std::pair{from, to}) != std::end(edges);
}

}  // namespace vault::keys
