#include "vault/store/erasure.h"

#include "common/assert.h"
#include "common/base62.h"

namespace vault::store {
namespace {

using common::db::Statement;

constexpr Statement insert_tombstones{"card_tombstone_insert", R"(
INSERT INTO card_tombstone (account_id, token, livemode, reason, erased_day)
SELECT c.account_id, c.token, c.livemode, $3::text, $4::integer FROM card c
 WHERE c.account_id = $1 AND c.token = ANY ($2::text[])
ON CONFLICT (account_id, token) DO NOTHING)"};

constexpr Statement delete_metadata{
    "card_metadata_erase", "DELETE FROM card_metadata WHERE account_id = $1 AND token = ANY ($2::text[])"};
constexpr Statement delete_keys{"card_key_erase",
                                "DELETE FROM card_key WHERE account_id = $1 AND token = ANY ($2::text[])"};
constexpr Statement delete_cards{"card_erase",
                                 "DELETE FROM card WHERE account_id = $1 AND token = ANY ($2::text[])"};

bool needs_no_quotes(std::string_view token) {
    return !token.empty() &&
           std::ranges::all_of(token, [](char c) { return c == '_' || common::base62::value_of(c) >= 0; });
}

}  // namespace

std::string_view to_string(ErasureReason reason) {
    switch (reason) {
        case ErasureReason::requested:
            return "requested";
        case ErasureReason::unused:
            return "unused";
        case ErasureReason::expired:
            return "expired";
    }
    return "requested";
}

std::string array_of(const std::vector<std::string>& tokens) {
    std::string text = "{";
    for (const auto& token : tokens) {
        PORTCULLIS_ASSERT(needs_no_quotes(token));
        if (text.size() > 1) text += ',';
        text += token;
    }
    return text + '}';
}

std::int64_t erase_cards(common::db::Transaction& tx, common::AccountId account,
                         const std::vector<std::string>& tokens, ErasureReason reason, std::int64_t day) {
    const auto array = array_of(tokens);
    tx.exec(insert_tombstones, account.value, array, std::string{to_string(reason)}, day);
    tx.exec(delete_metadata, account.value, array);
    tx.exec(delete_keys, account.value, array);
    return static_cast<std::int64_t>(tx.exec(delete_cards, account.value, array).affected_rows());
}

}  // namespace vault::store
