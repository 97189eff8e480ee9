#include "vault/store/fingerprints.h"

namespace vault::store {
namespace {

using common::AccountId;
using common::Deadline;
using common::Result;
using common::Task;
using common::db::Statement;
using common::db::Transaction;

// A card without a key is erased: nobody can compute its fingerprint again.
constexpr Statement find_made_by{"fingerprint_made_by", R"(
SELECT c.account_id, c.token FROM card c JOIN card_key k ON k.account_id = c.account_id AND k.token = c.token
 WHERE (c.account_id, c.token) > ($2, $3) AND c.fingerprint_key_version = $1
 ORDER BY c.account_id, c.token LIMIT $4)"};

constexpr Statement replace_one{"fingerprint_replace", R"(
UPDATE card SET fingerprint = $4, fingerprint_key_version = $5
 WHERE account_id = $1 AND token = $2 AND fingerprint_key_version = $3)"};

constexpr Statement count_made_by{"fingerprint_count", R"(
SELECT count(*) FROM card c JOIN card_key k ON k.account_id = c.account_id AND k.token = c.token
 WHERE c.fingerprint_key_version = $1)"};

}  // namespace

Task<std::vector<Fingerprints::Place>> Fingerprints::made_by(unsigned key_version, Place after, int limit,
                                                             Deadline deadline) {
    auto job = [key_version, after = std::move(after), limit](Transaction& tx) -> Result<std::vector<Place>> {
        std::vector<Place> found;
        for (const auto& row : tx.exec(find_made_by, key_version, after.account.value, after.token, limit))
            found.push_back({AccountId{row[0].as<std::int64_t>()}, row[1].as<std::string>()});
        return found;
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> Fingerprints::replace(Place card, unsigned old_version, std::string fingerprint,
                                 unsigned key_version, Deadline deadline) {
    auto job = [card = std::move(card), old_version, fingerprint = std::move(fingerprint),
                key_version](Transaction& tx) -> Result<bool> {
        return tx.exec(replace_one, card.account.value, card.token, old_version, fingerprint, key_version)
                   .affected_rows() == 1;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::int64_t> Fingerprints::count(unsigned key_version, Deadline deadline) {
    auto job = [key_version](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(count_made_by, key_version)[0][0].as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

}  // namespace vault::store
