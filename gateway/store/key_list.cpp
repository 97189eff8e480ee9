#include "gateway/store/key_list.h"

namespace gateway::store {
namespace {

constexpr common::db::Statement keys_of_account{
    "api_keys_list",
    "SELECT id, livemode, kind, created, expires_at FROM api_keys WHERE account_id = $1"
    " ORDER BY created DESC, id LIMIT 1000"};

}  // namespace

std::vector<ListedKey> list_api_keys(Transaction& tx, common::AccountId account) {
    std::vector<ListedKey> keys;
    for (const auto& row : tx.exec(keys_of_account, account.value)) {
        ListedKey key;
        key.id = row[0].c_str();
        key.livemode = row[1].as<bool>();
        key.kind = row[2].c_str();
        key.created = row[3].as<std::int64_t>();
        if (!row[4].is_null()) key.expires_at = row[4].as<std::int64_t>();
        keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace gateway::store
