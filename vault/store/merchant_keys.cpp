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
using common::db::Statement;
using common::db::Transaction;
using keys::MerchantKeyRow;

constexpr Statement find_active{"merchant_key_active", R"(
SELECT account_id, livemode, version, id, state, kek, sealed, registry_mac FROM merchant_key
 WHERE account_id = $1 AND livemode = $2 AND state = 'active')"};

constexpr Statement find_version{"merchant_key_version", R"(
SELECT account_id, livemode, version, id, state, kek, sealed, registry_mac FROM merchant_key
 WHERE account_id = $1 AND livemode = $2 AND version = $3)"};

constexpr Statement insert_key{"merchant_key_insert", R"(
INSERT INTO merchant_key (account_id, livemode, version, id, state, kek, sealed, registry_mac, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
ON CONFLICT DO NOTHING RETURNING version)"};

Result<MerchantKeyRow> first_row(const pqxx::result& rows) {
    if (rows.empty())
        return Fail{
            Error{404, ErrorType::invalid_request, "resource_missing", "No such merchant key."}.with_cause(
                Cause::not_found)};
    const auto row = rows[0];
    const auto state = keys::key_state_of(row[4].c_str());
    if (!state)
        return Fail{Error::internal("a merchant key is in an unknown state").with_cause(Cause::integrity)};
    return MerchantKeyRow{AccountId{row[0].as<std::int64_t>()},
                          row[1].as<bool>(),
                          row[2].as<unsigned>(),
                          row[3].as<std::string>(),
                          *state,
                          row[5].as<std::string>(),
                          common::db::bytes(row[6]),
                          common::db::bytes(row[7])};
}

}  // namespace

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

Task<bool> MerchantKeys::insert_if_absent(MerchantKeyRow row, Deadline deadline) {
    auto job = [row = std::move(row)](Transaction& tx) -> Result<bool> {
        const auto inserted = tx.exec(insert_key, row.account.value, row.livemode, row.version, row.id,
                                      std::string{keys::to_string(row.state)}, row.kek,
                                      common::db::bytes(row.sealed), common::db::bytes(row.registry_mac));
        return !inserted.empty();
    };
    return pool_.transaction(std::move(job), deadline);
}

}  // namespace vault::store
