#include "vault/keys/key_state.h"

#include <set>

#include <gtest/gtest.h>

namespace {

using vault::keys::KeyState;
using vault::keys::may_become;
using enum KeyState;

constexpr KeyState all[] = {pending, active, decrypt_only, compromised, destroyed};

TEST(KeyStates, ComeBackFromTheirNames) {
    std::set<std::string_view> names;
    for (const auto state : all) {
        EXPECT_EQ(vault::keys::key_state_of(to_string(state)), state);
        names.insert(to_string(state));
    }
    EXPECT_EQ(names.size(), std::size(all));
    EXPECT_FALSE(vault::keys::key_state_of("Active"));
    EXPECT_FALSE(vault::keys::key_state_of(""));
}

TEST(KeyStates, OnlyEverMoveOnwards) {
    for (std::size_t from = 0; from < std::size(all); ++from)
        for (std::size_t to = 0; to <= from; ++to)
            EXPECT_FALSE(may_become(all[from], all[to])) << from << " to " << to;
}

TEST(KeyStates, NeverSkipTheirUseOrDestroyWhatStillSeals) {
    EXPECT_FALSE(may_become(active, destroyed));
    EXPECT_FALSE(may_become(pending, decrypt_only));
    EXPECT_FALSE(may_become(pending, compromised));
}

TEST(KeyStates, SealInOneAndOpenInThree) {
    for (const auto state : all) {
        EXPECT_EQ(seals(state), state == active);
        EXPECT_EQ(opens(state), state == active || state == decrypt_only || state == compromised);
    }
}

}  // namespace
