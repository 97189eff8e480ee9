#include "vault/store/card_rows.h"

#include "vault/cards/metadata.h"
#include "vault/store/merchant_keys.h"

namespace vault::store {
namespace {

using cards::metadata_json;
using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Task;
using common::db::bytes;
using common::db::Statement;
using common::db::Transaction;

constexpr Statement insert_card{"card_insert", R"(
WITH new_card AS (
  INSERT INTO card (account_id, token, livemode, brand, last4, funding, country, exp_month, exp_year, fingerprint,
                    fingerprint_key_version, authentication, risk, record, record_key_version, last_used_day, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $21, now()))
INSERT INTO card_key (account_id, token, id, merchant_key_id, merchant_key_version, livemode, sealed, commitment, created_at)
VALUES ($1, $2, $16, $17, $18, $3, $19, $20, now()))"};

constexpr Statement insert_metadata{"card_metadata_insert", R"(
INSERT INTO card_metadata (account_id, token, livemode, key, value)
SELECT $1::bigint, $2::text, $3::boolean, m.key, m.value FROM jsonb_each_text($4::jsonb) m)"};

constexpr Statement find_card{"card_find", R"(
SELECT c.livemode, c.brand, c.last4, c.funding, c.country, c.exp_month, c.exp_year, c.fingerprint,
       c.fingerprint_key_version, c.authentication, c.risk, c.record, c.record_key_version,
       k.id, k.merchant_key_id, k.merchant_key_version, k.sealed, k.commitment, c.last_used_day
  FROM card c JOIN card_key k ON k.account_id = $1 AND k.token = c.token
 WHERE c.account_id = $1 AND c.token = $2
   AND NOT EXISTS (SELECT 1 FROM card_tombstone t WHERE t.account_id = $1 AND t.token = $2))"};

constexpr Statement find_tombstone{"card_tombstone_find",
                                   "SELECT 1 FROM card_tombstone WHERE account_id = $1 AND token = $2"};
constexpr Statement ping_statement{"ping", "SELECT 1"};

CardRow card_of(AccountId account, std::string token, const pqxx::row& row) {
    CardRow card;
    card.scope = {account, row[0].as<bool>(), token};
    auto& facts = card.facts;
    facts.token = std::move(token);
    facts.brand = row[1].as<std::string>();
    facts.last4 = row[2].as<std::string>();
    facts.funding = row[3].as<std::string>();
    facts.country = row[4].as<std::string>();
    facts.exp_month = row[5].as<int>();
    facts.exp_year = row[6].as<int>();
    facts.fingerprint = row[7].as<std::string>();
    card.fingerprint_key_version = row[8].as<unsigned>();
    facts.authentication = row[9].as<std::string>();
    facts.risk = row[10].as<std::string>();
    card.sealed = {bytes(row[11]),         row[12].as<unsigned>(), bytes(row[13]), row[14].as<std::string>(),
                   row[15].as<unsigned>(), bytes(row[16]),         bytes(row[17])};
    card.last_used_day = row[18].as<std::int64_t>();
    return card;
}

}  // namespace

Error no_such_card(std::string_view token) {
    return Error{404, ErrorType::invalid_request, "resource_missing", "No such card: '{}'", {Safe::id(token)}}
        .with_cause(Cause::not_found)
        .with_param("token");
}

Error erased_card(std::string_view token) {
    return Error{
        404, ErrorType::invalid_request, "resource_missing", "This card was erased: '{}'", {Safe::id(token)}}
        .with_cause(Cause::not_found)
        .with_param("token")
        .with_field("cause", "erased");
}

Task<bool> CardRows::insert(CardRow row, Deadline deadline) {
    auto job = [row = std::move(row)](Transaction& tx) -> Result<bool> {
        const auto& [scope, facts, fingerprint_key_version, sealed, last_used_day] = row;
        if (tx.exec(hold_active_key, scope.account.value, sealed.merchant_key_id, sealed.merchant_key_version)
                .empty())
            return Fail{
                Error::unavailable("another version of the merchant key is active by now", Cause::conflict)};
        tx.exec(insert_card, scope.account.value, scope.token, scope.livemode, facts.brand, facts.last4,
                facts.funding, facts.country, facts.exp_month, facts.exp_year, facts.fingerprint,
                fingerprint_key_version, facts.authentication, facts.risk, bytes(sealed.record),
                sealed.record_key_version, bytes(sealed.key_id), sealed.merchant_key_id,
                sealed.merchant_key_version, bytes(sealed.sealed_key), bytes(sealed.commitment),
                last_used_day);
        if (!facts.metadata.empty())
            tx.exec(insert_metadata, scope.account.value, scope.token, scope.livemode,
                    metadata_json(facts.metadata));
        return true;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<CardRow> CardRows::find(AccountId account, std::string token, Deadline deadline) {
    auto job = [account, token = std::move(token)](Transaction& tx) -> Result<CardRow> {
        const auto rows = tx.exec(find_card, account.value, token);
        if (rows.empty()) {
            const bool erased = !tx.exec(find_tombstone, account.value, token).empty();
            return Fail{erased ? erased_card(token) : no_such_card(token)};
        }
        return card_of(account, token, rows[0]);
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> CardRows::was_erased(AccountId account, std::string token, Deadline deadline) {
    auto job = [account, token = std::move(token)](Transaction& tx) -> Result<bool> {
        return !tx.exec(find_tombstone, account.value, token).empty();
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> CardRows::ping(Deadline deadline) {
    auto job = [](Transaction& tx) -> Result<bool> { return !tx.exec(ping_statement).empty(); };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
