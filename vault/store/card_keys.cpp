#include "vault/store/card_keys.h"

#include "common/crypto.h"
#include "vault/store/merchant_keys.h"

namespace vault::store {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;
using common::db::bytes;
using common::db::Statement;
using common::db::Transaction;

// A bounded part of the primary key; its last row comes too, whether it fits or not, since the next part
// begins behind it.
constexpr Statement find_sealed_by{"card_key_sealed_by", R"(
WITH seen AS MATERIALIZED (
  SELECT token, id, sealed, commitment, livemode = $2 AND merchant_key_version = $3 AS fits
    FROM card_key WHERE account_id = $1 AND token > $4 ORDER BY token LIMIT $5)
SELECT token, id, sealed, commitment, fits FROM seen
 WHERE fits OR token = (SELECT max(token) FROM seen) ORDER BY token)"};

constexpr Statement count_sealed_by{"card_key_count", R"(
SELECT count(*) FROM card_key WHERE account_id = $1 AND livemode = $2 AND merchant_key_version = $3)"};

// A card whose key was replaced meanwhile (another expiry date) has another id, and is left alone.
constexpr Statement reseal_rows{"card_key_reseal", R"(
UPDATE card_key k SET merchant_key_id = $4, merchant_key_version = $5, sealed = fresh.sealed
  FROM unnest($6::text[], $7::bytea[], $8::bytea[]) AS fresh (token, sealed, id)
 WHERE k.account_id = $1 AND k.livemode = $2 AND k.merchant_key_version = $3 AND k.token = fresh.token
   AND k.id = fresh.id)"};

// Array literals; tokens are of [A-Za-z0-9_], so neither needs more escaping than a bytea's backslash.
std::string tokens_of(const std::vector<SealedCardKey>& rows) {
    std::string text = "{";
    for (const auto& row : rows)
        text += (text.size() > 1 ? ",\"" : "\"") + row.token + '"';
    return text + '}';
}

std::string bytes_of(const std::vector<SealedCardKey>& rows,
                     std::vector<std::uint8_t> SealedCardKey::* part) {
    std::string text = "{";
    for (const auto& row : rows)
        text += (text.size() > 1 ? ",\"\\\\x" : "\"\\\\x") + common::crypto::to_hex(row.*part) + '"';
    return text + '}';
}

}  // namespace

Task<SealedCardKeys> CardKeys::sealed_by(CardKeyScope scope, std::string after, int limit,
                                         Deadline deadline) {
    auto job = [scope, after = std::move(after), limit](Transaction& tx) -> Result<SealedCardKeys> {
        SealedCardKeys found;
        for (const auto& row :
             tx.exec(find_sealed_by, scope.account.value, scope.livemode, scope.version, after, limit)) {
            found.next = row[0].as<std::string>();
            if (row[4].as<bool>())
                found.rows.push_back({found.next, bytes(row[1]), bytes(row[2]), bytes(row[3])});
        }
        return found;
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::int64_t> CardKeys::reseal(CardKeyScope from, std::string merchant_key_id, unsigned version,
                                    std::vector<SealedCardKey> rows, Deadline deadline) {
    auto job = [from, id = std::move(merchant_key_id), version,
                rows = std::move(rows)](Transaction& tx) -> Result<std::int64_t> {
        const auto account = from.account.value;
        if (tx.exec(hold_active_key, account, id, version).empty())
            return Fail{
                Error::unavailable("another version of the merchant key is active by now", Cause::conflict)};
        return tx
            .exec(reseal_rows, account, from.livemode, from.version, id, version, tokens_of(rows),
                  bytes_of(rows, &SealedCardKey::sealed), bytes_of(rows, &SealedCardKey::id))
            .affected_rows();
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::int64_t> CardKeys::count(CardKeyScope scope, Deadline deadline) {
    auto job = [scope](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(count_sealed_by, scope.account.value, scope.livemode, scope.version)[0][0]
            .as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

}  // namespace vault::store
