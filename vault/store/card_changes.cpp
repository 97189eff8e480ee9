#include "vault/store/card_changes.h"

#include "vault/cards/metadata.h"
#include "vault/store/card_rows.h"
#include "vault/store/erasure.h"
#include "vault/store/merchant_keys.h"

namespace vault::store {
namespace {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Task;
using common::db::bytes;
using common::db::Statement;
using common::db::Transaction;

constexpr Statement lock_card{"card_lock", R"(
SELECT token FROM card WHERE account_id = $1 AND token = $2 FOR UPDATE)"};

constexpr Statement find_tombstone{"card_tombstone_find",
                                   "SELECT 1 FROM card_tombstone WHERE account_id = $1 AND token = $2"};

constexpr Statement replace_key{"card_key_replace", R"(
UPDATE card_key SET id = $4, merchant_key_id = $5, merchant_key_version = $6, sealed = $7, commitment = $8
 WHERE account_id = $1 AND token = $2 AND id = $3)"};

constexpr Statement replace_record{"card_record_replace", R"(
UPDATE card SET record = $3, record_key_version = $4, exp_month = $5, exp_year = $6
 WHERE account_id = $1 AND token = $2)"};

constexpr Statement remove_metadata{"card_metadata_remove", R"(
DELETE FROM card_metadata d USING jsonb_each_text($3::jsonb) m
 WHERE d.account_id = $1 AND d.token = $2 AND d.key = m.key AND m.value = '')"};

constexpr Statement set_metadata{"card_metadata_set", R"(
INSERT INTO card_metadata (account_id, token, livemode, key, value)
SELECT c.account_id, c.token, c.livemode, m.key, m.value FROM card c, jsonb_each_text($3::jsonb) m
 WHERE c.account_id = $1 AND c.token = $2 AND m.value <> ''
ON CONFLICT (account_id, token, key) DO UPDATE SET value = excluded.value)"};

constexpr Statement count_metadata{"card_metadata_count",
                                   "SELECT count(*) FROM card_metadata WHERE account_id = $1 AND token = $2"};

constexpr Statement find_metadata{"card_metadata_find", R"(
SELECT coalesce(jsonb_object_agg(key, value)::text, '') FROM card_metadata WHERE account_id = $1 AND token = $2)"};

// Two parts, so that each is answered from the small index of what is open.
constexpr Statement find_open_exchange{"card_find_open_exchange", R"(
SELECT 1 FROM exchange WHERE account_id = $1 AND card_token = $2 AND state = 'queued'
 UNION ALL
SELECT 1 FROM exchange WHERE account_id = $1 AND card_token = $2 AND state = 'intent' LIMIT 1)"};

constexpr Statement mark_used_cards{"card_mark_used", R"(
UPDATE card SET last_used_day = $3 WHERE account_id = $1 AND token = ANY ($2::text[]) AND last_used_day < $3)"};

Error changed_meanwhile() {
    return Error{409, ErrorType::invalid_request, "lock_timeout",
                 "Another request changed this card at the same time. Send the request again."}
        .with_cause(Cause::conflict);
}

// Locks the card, so that of two changes the second one waits.
Result<bool> lock(Transaction& tx, AccountId account, const std::string& token) {
    if (!tx.exec(lock_card, account.value, token).empty()) return true;
    const bool erased = !tx.exec(find_tombstone, account.value, token).empty();
    return Fail{erased ? erased_card(token) : no_such_card(token)};
}

bool put(Transaction& tx, AccountId account, const std::string& token, const CardChanges::NewSeal& seal) {
    const auto& sealed = seal.sealed;
    if (tx.exec(hold_active_key, account.value, sealed.merchant_key_id, sealed.merchant_key_version).empty())
        return false;
    const auto replaced = tx.exec(replace_key, account.value, token, bytes(seal.replaced_key_id),
                                  bytes(sealed.key_id), sealed.merchant_key_id, sealed.merchant_key_version,
                                  bytes(sealed.sealed_key), bytes(sealed.commitment));
    if (replaced.affected_rows() != 1) return false;
    tx.exec(replace_record, account.value, token, bytes(sealed.record), sealed.record_key_version,
            seal.expiry.month, seal.expiry.year);
    return true;
}

Result<bool> put(Transaction& tx, AccountId account, const std::string& token,
                 const cards::Metadata& metadata) {
    const auto json = cards::metadata_json(metadata);
    tx.exec(remove_metadata, account.value, token, json);
    tx.exec(set_metadata, account.value, token, json);
    const auto keys = tx.exec(count_metadata, account.value, token)[0][0].as<std::size_t>();
    if (keys <= cards::metadata_keys_max) return true;
    return Fail{Error::invalid("parameter_invalid", "metadata",
                               "With these keys the card would have more than 20. Remove some: set their "
                               "values to the empty text.")};
}

}  // namespace

Task<bool> CardChanges::update(AccountId account, std::string token, std::optional<NewSeal> seal,
                               cards::Metadata metadata, Deadline deadline) {
    auto job = [account, token = std::move(token), seal = std::move(seal),
                metadata = std::move(metadata)](Transaction& tx) -> Result<bool> {
        if (auto locked = lock(tx, account, token); !locked) return locked;
        if (seal && !put(tx, account, token, *seal)) return Fail{changed_meanwhile()};
        if (!metadata.empty()) return put(tx, account, token, metadata);
        return true;
    };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

Task<cards::Metadata> CardChanges::metadata(AccountId account, std::string token, Deadline deadline) {
    auto job = [account, token = std::move(token)](Transaction& tx) -> Result<cards::Metadata> {
        return cards::metadata_of(tx.exec(find_metadata, account.value, token)[0][0].c_str());
    };
    co_return co_await pool_.read(std::move(job), deadline);
}

Task<bool> CardChanges::erase(AccountId account, std::string token, ErasureReason reason, std::int64_t day,
                              Deadline deadline) {
    auto job = [=, token = std::move(token)](Transaction& tx) -> Result<bool> {
        const bool there = !tx.exec(lock_card, account.value, token).empty();
        if (!there && tx.exec(find_tombstone, account.value, token).empty()) return Fail{no_such_card(token)};
        if (!there) return true;
        if (!tx.exec(find_open_exchange, account.value, token).empty())
            return Fail{Error{409, ErrorType::invalid_request, "card_in_use",
                              "A message about this card is still on its way to the acquirer. Erase it when "
                              "that has ended."}
                            .with_cause(Cause::conflict)};
        erase_cards(tx, account, {token}, reason, day);
        return true;
    };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

Task<bool> CardChanges::mark_used(AccountId account, std::vector<std::string> tokens, std::int64_t day,
                                  Deadline deadline) {
    auto job = [account, day, array = array_of(tokens)](Transaction& tx) -> Result<bool> {
        tx.exec(mark_used_cards, account.value, array, day);
        return true;
    };
    co_return co_await pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
