// An account's API keys, for its operator to look through.
#pragma once

#include "gateway/store/accounts.h"

namespace gateway::store {

struct ListedKey {
    std::string id;
    bool livemode = false;
    std::string kind;  // secret, restricted, publishable
    std::int64_t created = 0;
    std::optional<std::int64_t> expires_at;
};

// Newest first, at most a thousand.
std::vector<ListedKey> list_api_keys(Transaction& tx, common::AccountId account);

}  // namespace gateway::store
