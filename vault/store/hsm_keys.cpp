#include "vault/store/hsm_keys.h"

namespace vault::store {
namespace {

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
using keys::HsmKeyRow;

constexpr Statement all_keys{"hsm_key_all", R"(
SELECT purpose, version, state, key_id, created_at, changed_at, registry_version, registry_mac
  FROM hsm_key ORDER BY purpose, version)"};

constexpr Statement insert_key{"hsm_key_insert", R"(
INSERT INTO hsm_key (purpose, version, state, key_id, created_at, changed_at, registry_version, registry_mac)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING version)"};

constexpr Statement change_key{"hsm_key_change", R"(
UPDATE hsm_key SET state = $3, key_id = $4, changed_at = $5, registry_version = $6, registry_mac = $7
 WHERE purpose = $1 AND version = $2 AND registry_mac = $8)"};

constexpr Statement count_signed{"audit_checkpoint_count",
                                 "SELECT (SELECT count(*) FROM audit_checkpoint WHERE key_version = $1) + "
                                 "(SELECT count(*) FROM audit_cut WHERE key_version = $1)"};

// "KEK-card" of "KEK-card-v1".
std::string purpose_of(hsm::KeyRef key) {
    const auto label = hsm::label_of(key);
    return label.substr(0, label.rfind("-v"));
}

Result<HsmKeyRow> row_of(const pqxx::row& row) {
    const auto label = row[0].as<std::string>() + "-v" + row[1].c_str();
    const auto key = hsm::key_of_label(label);
    const auto state = keys::key_state_of(row[2].c_str());
    if (!key || !state)
        return Fail{
            Error::internal("the registry names {}, a key or a state that is unknown", {Safe::param(label)})
                .with_cause(Cause::integrity)};
    return HsmKeyRow{*key,
                     *state,
                     bytes(row[3]),
                     row[4].as<std::int64_t>(),
                     row[5].as<std::int64_t>(),
                     row[6].as<unsigned>(),
                     bytes(row[7])};
}

}  // namespace

Task<std::vector<HsmKeyRow>> HsmKeys::all(Deadline deadline) {
    auto job = [](Transaction& tx) -> Result<std::vector<HsmKeyRow>> {
        std::vector<HsmKeyRow> found;
        for (const auto& row : tx.exec(all_keys)) {
            auto key = row_of(row);
            if (!key) return Fail{std::move(key).error()};
            found.push_back(std::move(*key));
        }
        return found;
    };
    return pool_.read(std::move(job), deadline);
}

Task<bool> HsmKeys::insert_if_absent(HsmKeyRow row, Deadline deadline) {
    auto job = [row = std::move(row)](Transaction& tx) -> Result<bool> {
        return !tx.exec(insert_key, purpose_of(row.key), row.key.version,
                        std::string{keys::to_string(row.state)}, bytes(row.id), row.created_ms,
                        row.changed_ms, row.registry_version, bytes(row.registry_mac))
                    .empty();
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<bool> HsmKeys::change(std::vector<Change> changes, Deadline deadline) {
    auto job = [changes = std::move(changes)](Transaction& tx) -> Result<bool> {
        for (const auto& [before, after] : changes) {
            const auto changed =
                tx.exec(change_key, purpose_of(before.key), before.key.version,
                        std::string{keys::to_string(after.state)}, bytes(after.id), after.changed_ms,
                        after.registry_version, bytes(after.registry_mac), bytes(before.registry_mac));
            if (changed.affected_rows() != 1)
                return Fail{Error{409,
                                  ErrorType::invalid_request,
                                  "key_changed",
                                  "Key {} was changed by somebody else at the same time. Look at it again.",
                                  {Safe::param(hsm::label_of(before.key))}}
                                .with_cause(Cause::conflict)};
        }
        return true;
    };
    return pool_.transaction(std::move(job), deadline);
}

Task<std::int64_t> HsmKeys::count_checkpoints(unsigned key_version, Deadline deadline) {
    auto job = [key_version](Transaction& tx) -> Result<std::int64_t> {
        return tx.exec(count_signed, key_version)[0][0].as<std::int64_t>();
    };
    return pool_.read(std::move(job), deadline);
}

}  // namespace vault::store
