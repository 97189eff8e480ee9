#pragma once

#include "gateway/merchants/merchants.h"
#include "gateway/store/session.h"

namespace gateway::store {

struct KeyRow {
    std::string id;
    bool livemode = false;
    KeyKind kind = KeyKind::secret;
    std::array<std::uint8_t, 32> secret_hash{};
    std::vector<std::string> permissions;
    std::optional<std::int64_t> expires_at;  // unix seconds; a revoked key has expired
};

// False: the account is there already.
bool insert(Transaction& tx, const Account& account, std::int64_t created);
std::optional<Account> find_account(Transaction& tx, common::AccountId id);
// False: there is no such account.
bool enable_payouts(Transaction& tx, common::AccountId id, bool enabled);
void insert(Transaction& tx, common::AccountId account, const KeyRow& key, std::int64_t created);
std::optional<KeyRow> find_api_key(Transaction& tx, common::AccountId account, const std::string& id);
// From `at` (unix seconds) on the key is refused. False: there is no such key.
bool expire_api_key(Transaction& tx, common::AccountId account, const std::string& id, std::int64_t at);

}  // namespace gateway::store
