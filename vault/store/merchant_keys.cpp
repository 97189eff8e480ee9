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
using common::Safe;
using common::Task;
using common::db::bytes;
using common::db::Statement;
using common::db::Transaction;
using keys::MerchantKeyRow;
using Rows = std::vector<MerchantKeyRow>;

#define PORTCULLIS_COLUMNS                                                                           \
    "SELECT account_id, livemode, version, id, state, kek, sealed, registry_mac, registry_version, " \
    "(extract(epoch FROM created_at) * 1000)::bigint FROM merchant_key "

constexpr Statement find_active{
    "merchant_key_active", PORTCULLIS_COLUMNS "WHERE account_id = $1 AND livemode = $2 AND state = 'active'"};
constexpr Statement find_version{
    "merchant_key_version", PORTCULLIS_COLUMNS "WHERE account_id = $1 AND livemode = $2 AND version = $3"};
constexpr Statement find_all_of{
    "merchant_key_all_of", PORTCULLIS_COLUMNS "WHERE account_id = $1 AND livemode = $2 ORDER BY version"};
// A page of a listing. The last row of the page before is a parameter of each, and so its place is fixed.
#define PORTCULLIS_PAGE                                   \
    "AND (account_id, livemode, version) > ($1, $2, $3) " \
    "ORDER BY account_id, livemode, version LIMIT $4"

constexpr Statement find_page{"merchant_key_page", PORTCULLIS_COLUMNS "WHERE true " PORTCULLIS_PAGE};
constexpr Statement find_sealed_by{
    "merchant_key_sealed_by", PORTCULLIS_COLUMNS "WHERE kek = $5 AND state <> 'destroyed' " PORTCULLIS_PAGE};
constexpr Statement find_signed_by{"merchant_key_signed_by",
                                   PORTCULLIS_COLUMNS "WHERE registry_version = $5 " PORTCULLIS_PAGE};
#define PORTCULLIS_SAME_ACCOUNT(other) \
    other ".account_id = merchant_key.account_id AND " other ".livemode = merchant_key.livemode AND "

// A retired account has no successor: what it has stays as it is.
constexpr Statement find_to_rewrap{
    "merchant_key_to_rewrap", PORTCULLIS_COLUMNS
    "WHERE state IN ('decrypt_only', 'compromised') "
    "AND EXISTS (SELECT 1 FROM card_key k WHERE " PORTCULLIS_SAME_ACCOUNT("k")
    "k.merchant_key_version = merchant_key.version) "
    "AND EXISTS (SELECT 1 FROM merchant_key n WHERE " PORTCULLIS_SAME_ACCOUNT("n")
    "n.state = 'active') " PORTCULLIS_PAGE};
constexpr Statement find_unneeded{
    "merchant_key_unneeded", PORTCULLIS_COLUMNS
    "WHERE state IN ('decrypt_only', 'compromised') "
    "AND NOT EXISTS (SELECT 1 FROM card_key k WHERE " PORTCULLIS_SAME_ACCOUNT("k")
    "k.merchant_key_version = merchant_key.version) "
    "AND EXISTS (SELECT 1 FROM merchant_key n WHERE " PORTCULLIS_SAME_ACCOUNT("n")
    "n.version = merchant_key.version + 1 AND n.created_at < to_timestamp($5 / 1000.0)) " PORTCULLIS_PAGE};
constexpr Statement find_older_than{
    "merchant_key_older_than",
    PORTCULLIS_COLUMNS "WHERE state = 'active' AND created_at < to_timestamp($5 / 1000.0) " PORTCULLIS_PAGE};
constexpr Statement count_by_kek{"merchant_key_count_by_kek",
                                 "SELECT count(*) FROM merchant_key WHERE kek = $1 AND state <> 'destroyed'"};
constexpr Statement count_by_registry{"merchant_key_count_by_registry",
                                      "SELECT count(*) FROM merchant_key WHERE registry_version = $1"};

constexpr Statement insert_key{"merchant_key_insert", R"(
INSERT INTO merchant_key (account_id, livemode, version, id, state, kek, sealed, registry_mac, registry_version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10 / 1000.0))
ON CONFLICT DO NOTHING RETURNING version)"};

constexpr Statement change_key{"merchant_key_change", R"(
UPDATE merchant_key SET state = $4, kek = $5, sealed = $6, registry_mac = $7, registry_version = $8
 WHERE account_id = $1 AND livemode = $2 AND version = $3 AND registry_mac = $9)"};

// Whoever seals a card key holds the row FOR SHARE until he has committed.
constexpr Statement lock_key{"merchant_key_lock", R"(
SELECT version FROM merchant_key WHERE account_id = $1 AND livemode = $2 AND version = $3 FOR UPDATE)"};
constexpr Statement is_used{"merchant_key_is_used", R"(
SELECT 1 FROM card_key WHERE account_id = $1 AND livemode = $2 AND merchant_key_version = $3 LIMIT 1)"};

Result<MerchantKeyRow> row_of(const pqxx::row& row) {
    const auto state = keys::key_state_of(row[4].c_str());
    if (!state)
        return Fail{Error::internal("a merchant key is in an unknown state").with_cause(Cause::integrity)};
    return MerchantKeyRow{AccountId{row[0].as<std::int64_t>()},
                          row[1].as<bool>(),
                          row[2].as<unsigned>(),
                          row[3].as<std::string>(),
                          *state,
                          row[5].as<std::string>(),
                          bytes(row[6]),
                          bytes(row[7]),
                          row[8].as<unsigned>(),
                          row[9].as<std::int64_t>()};
}

Result<MerchantKeyRow> first_row(const pqxx::result& rows) {
    if (rows.empty())
        return Fail{
            Error{404, ErrorType::invalid_request, "resource_missing", "No such merchant key."}.with_cause(
                Cause::not_found)};
    return row_of(rows[0]);
}

Result<Rows> rows_of(const pqxx::result& rows) {
    Rows found;
    for (const auto& row : rows) {
        auto key = row_of(row);
        if (!key) return Fail{std::move(key).error()};
        found.push_back(std::move(*key));
    }
    return found;
}

bool insert(Transaction& tx, const MerchantKeyRow& row) {
    return !tx.exec(insert_key, row.account.value, row.livemode, row.version, row.id,
                    std::string{keys::to_string(row.state)}, row.kek, bytes(row.sealed),
                    bytes(row.registry_mac), row.registry_version, row.created_ms)
                .empty();
}

Error changed_meanwhile(const MerchantKeyRow& row) {
    return Error{409,
                 ErrorType::invalid_request,
                 "key_changed",
                 "Key {} was changed by somebody else at the same time. Look at it again.",
                 {Safe::id(row.id)}}
        .with_cause(Cause::conflict);
}

Result<bool> apply(Transaction& tx, const MerchantKeys::Change& change) {
    const auto& [before, after] = change;
    const auto changed =
        tx.exec(change_key, before.account.value, before.livemode, before.version,
                std::string{keys::to_string(after.state)}, after.kek, bytes(after.sealed),
                bytes(after.registry_mac), after.registry_version, bytes(before.registry_mac));
    if (changed.affected_rows() != 1) return Fail{changed_meanwhile(before)};
    return true;
}

}  // namespace

template <class... Args>
Task<Rows> MerchantKeys::list(const Statement& statement, const Page& page, Deadline deadline,
                              const Args&... args) {
    const auto& after = page.after;
    auto job = [&statement, account = after ? after->account.value : -1, livemode = after && after->livemode,
                version = after ? after->version : 0U, limit = page.limit, args...](Transaction& tx) {
        return rows_of(tx.exec(statement, account, livemode, version, limit, args...));
    };
    return pool_.read(std::move(job), deadline);
}

Task<MerchantKeyRow> MerchantKeys::active(AccountId account, bool livemode, Deadline deadline) {
    auto job = [account, livemode](Transaction& tx) {
        return first_row(tx.exec(find_active, account.value, livemode));
    };
    return pool_.read(std::move(job), deadline);
}

Task<MerchantKeyRow> MerchantKeys::version(AccountId account, bool livemode, unsigned version,
                                           Deadline deadline) {
    auto job = [account, livemode, version](Transaction& tx) {
        return first_row(tx.exec(find_version, account.value, livemode, version));
    };
    return pool_.read(std::move(job), deadline);
}

Task<Rows> MerchantKeys::all_of(AccountId account, bool livemode, Deadline deadline) {
    auto job = [account, livemode](Transaction& tx) {
        return rows_of(tx.exec(find_all_of, account.value, livemode));
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> MerchantKeys::insert_if_absent(MerchantKeyRow row, Deadline deadline) {
    auto job = [row = std::move(row)](Transaction& tx) -> Result<bool> { return insert(tx, row); };
    return pool_.transaction(std::move(job), deadline);
}

Task<bool> MerchantKeys::change(Change change, Deadline deadline) {
    auto job = [change = std::move(change)](Transaction& tx) { return apply(tx, change); };
    return pool_.transaction(std::move(job), deadline);
}

Task<bool> MerchantKeys::replace(std::optional<Change> old, MerchantKeyRow fresh, Deadline deadline) {
    auto job = [old = std::move(old), fresh = std::move(fresh)](Transaction& tx) -> Result<bool> {
        if (old)
            if (auto changed = apply(tx, *old); !changed) return changed;
        if (!insert(tx, fresh)) return Fail{changed_meanwhile(fresh)};
        return true;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<bool> MerchantKeys::destroy(Change change, Deadline deadline) {
    auto job = [change = std::move(change)](Transaction& tx) -> Result<bool> {
        const auto& row = change.before;
        tx.exec(lock_key, row.account.value, row.livemode, row.version);
        if (!tx.exec(is_used, row.account.value, row.livemode, row.version).empty())
            return Fail{Error{409,
                              ErrorType::invalid_request,
                              "key_in_use",
                              "Key {} still seals card keys. Seal them anew first: keys rewrap.",
                              {Safe::id(row.id)}}
                            .with_cause(Cause::conflict)};
        return apply(tx, change);
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<Rows> MerchantKeys::page(const Page& page, Deadline deadline) {
    return list(find_page, page, deadline);
}

Task<Rows> MerchantKeys::sealed_by(const std::string& kek, const Page& page, Deadline deadline) {
    return list(find_sealed_by, page, deadline, kek);
}

Task<Rows> MerchantKeys::signed_by(unsigned registry_version, const Page& page, Deadline deadline) {
    return list(find_signed_by, page, deadline, registry_version);
}

Task<Rows> MerchantKeys::to_rewrap(const Page& page, Deadline deadline) {
    return list(find_to_rewrap, page, deadline);
}

Task<Rows> MerchantKeys::unneeded(std::int64_t replaced_before_ms, const Page& page, Deadline deadline) {
    return list(find_unneeded, page, deadline, replaced_before_ms);
}

Task<Rows> MerchantKeys::older_than(std::int64_t created_ms, const Page& page, Deadline deadline) {
    return list(find_older_than, page, deadline, created_ms);
}

Task<std::int64_t> MerchantKeys::count_sealed_by(std::string kek, Deadline deadline) {
    auto job = [kek = std::move(kek)](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(count_by_kek, kek)[0][0].as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

Task<std::int64_t> MerchantKeys::count_signed_by(unsigned registry_version, Deadline deadline) {
    auto job = [registry_version](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(count_by_registry, registry_version)[0][0].as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

}  // namespace vault::store
