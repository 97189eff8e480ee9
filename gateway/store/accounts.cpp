#include "gateway/store/accounts.h"

#include <boost/json.hpp>

#include "common/assert.h"
#include "gateway/store/rows.h"

namespace gateway::store {
namespace {

using common::db::Statement;
namespace json = boost::json;

constexpr Statement insert_account{"account_insert",
                                   "INSERT INTO accounts (account_id, created, name, authentication_mode,"
                                   " charges_enabled, document) VALUES ($1, $2, $3, $4, $5, $6::jsonb)"
                                   " ON CONFLICT (account_id) DO NOTHING"};
constexpr Statement account_by_id{
    "account_find",
    "SELECT name, authentication_mode, charges_enabled, document, created FROM accounts"
    " WHERE account_id = $1"};
constexpr Statement insert_api_key{
    "api_key_insert",
    "INSERT INTO api_keys (account_id, id, livemode, kind, secret_hash, permissions,"
    " created, expires_at) VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)"};
constexpr Statement api_key_by_id{
    "api_key_find",
    "SELECT id, livemode, kind, secret_hash, permissions, expires_at FROM api_keys"
    " WHERE account_id = $1 AND id = $2"};
constexpr Statement set_expiry{"api_key_expire",
                               "UPDATE api_keys SET expires_at = $3 WHERE account_id = $1 AND id = $2"};

constexpr Statement set_document{"account_set_document",
                                 "UPDATE accounts SET document = $2::jsonb WHERE account_id = $1"};
constexpr Statement lock_row{"account_lock",
                             "SELECT 1 FROM accounts WHERE account_id = $1 FOR NO KEY UPDATE"};

constexpr std::array<const char*, 3> kinds{"secret", "restricted", "publishable"};

json::object account_document(const Account& account) {
    json::object identity;
    identity["mcc"] = account.identity.mcc;
    identity["country_numeric"] = account.identity.country_numeric;
    identity["terminal_id"] = account.identity.terminal_id;
    identity["merchant_id"] = account.identity.merchant_id;
    identity["name"] = account.identity.name;
    identity["city"] = account.identity.city;
    identity["country"] = account.identity.country;
    json::object document;
    document["default_currency"] = account.default_currency;
    document["default_version"] = account.default_version;
    document["payouts_enabled"] = account.payouts_enabled;
    document["raw_card_data_live"] = account.raw_card_data_live;
    document["statement_descriptor"] = account.statement_descriptor;
    document["identity"] = std::move(identity);
    return document;
}

std::string text(const json::object& in, std::string_view key) {
    return std::string{in.at(key).as_string()};
}

}  // namespace

bool insert(Transaction& tx, const Account& account, std::int64_t created) {
    return tx.exec(insert_account, account.id.value, created, account.name, account.authentication_mode,
                   account.charges_enabled, json::serialize(account_document(account)))
               .affected_rows() == 1;
}

std::optional<Account> find_account(Transaction& tx, common::AccountId id) {
    const auto rows = tx.exec(account_by_id, id.value);
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    const auto document = json::parse(row[3].c_str()).as_object();
    const auto& identity = document.at("identity").as_object();
    Account account;
    account.id = id;
    account.created = row[4].as<std::int64_t>();
    account.name = row[0].as<std::string>();
    account.authentication_mode = row[1].as<std::string>();
    account.charges_enabled = row[2].as<bool>();
    account.default_currency = text(document, "default_currency");
    account.default_version = text(document, "default_version");
    if (const auto* enabled = document.if_contains("payouts_enabled"))
        account.payouts_enabled = enabled->as_bool();
    account.raw_card_data_live = document.at("raw_card_data_live").as_bool();
    account.statement_descriptor = text(document, "statement_descriptor");
    account.identity.mcc = text(identity, "mcc");
    account.identity.country_numeric = text(identity, "country_numeric");
    account.identity.terminal_id = text(identity, "terminal_id");
    account.identity.merchant_id = text(identity, "merchant_id");
    account.identity.name = text(identity, "name");
    account.identity.city = text(identity, "city");
    account.identity.country = text(identity, "country");
    return account;
}

bool enable_payouts(Transaction& tx, common::AccountId id, bool enabled) {
    tx.exec(lock_row, id.value);
    auto account = find_account(tx, id);
    if (!account) return false;
    account->payouts_enabled = enabled;
    tx.exec(set_document, id.value, json::serialize(account_document(*account)));
    return true;
}

void insert(Transaction& tx, common::AccountId account, const KeyRow& key, std::int64_t created) {
    json::array permissions;
    for (const auto& permission : key.permissions)
        permissions.emplace_back(permission);
    tx.exec(insert_api_key, account.value, key.id, key.livemode, kinds.at(static_cast<std::size_t>(key.kind)),
            common::db::bytes(key.secret_hash), json::serialize(permissions), created, key.expires_at);
}

std::optional<KeyRow> find_api_key(Transaction& tx, common::AccountId account, const std::string& id) {
    const auto rows = tx.exec(api_key_by_id, account.value, id);
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    KeyRow key;
    key.id = row[0].as<std::string>();
    key.livemode = row[1].as<bool>();
    const auto kind = std::ranges::find(kinds, std::string_view{row[2].c_str()},
                                        [](const char* k) { return std::string_view{k}; });
    key.kind = static_cast<KeyKind>(kind - kinds.begin());
    const auto hash = common::db::bytes(row[3]);
    PORTCULLIS_ASSERT(hash.size() == key.secret_hash.size());
    std::ranges::copy(hash, key.secret_hash.begin());
    const auto permissions = json::parse(row[4].c_str());
    for (const auto& permission : permissions.as_array())
        key.permissions.emplace_back(permission.as_string());
    key.expires_at = optional_integer(row[5]);
    return key;
}

bool expire_api_key(Transaction& tx, common::AccountId account, const std::string& id, std::int64_t at) {
    return tx.exec(set_expiry, account.value, id, at).affected_rows() == 1;
}

}  // namespace gateway::store
