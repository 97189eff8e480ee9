// Vault tokens: "vt_test_" or "vt_live_", eight characters of the account, 24 random ones and six of
// checksum, base62. A mistyped or invented token is refused without a look-up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace vault::cards {

std::string new_token(common::AccountId account, bool livemode);

struct TokenParts {
    common::AccountId account;
    bool livemode;
};
// Nothing for a wrong form or checksum.
std::optional<TokenParts> parse_token(std::string_view token);

}  // namespace vault::cards
