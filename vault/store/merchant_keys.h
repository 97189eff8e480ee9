// Rows of merchant_key.
#pragma once

#include <optional>

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/keys/merchant_key.h"

namespace vault::store {

// account, id and version of the key. Held until COMMIT by whoever seals a card key: from the commit of a
// rotation on nothing is sealed by the old key, and no key is destroyed while a card is being sealed by it.
// No row: another version is active by now.
inline constexpr common::db::Statement hold_active_key{"merchant_key_hold_active", R"(
SELECT 1 FROM merchant_key
 WHERE account_id = $1 AND id = $2 AND version = $3 AND state = 'active' FOR SHARE)"};

class MerchantKeys {
  public:
    explicit MerchantKeys(common::db::Pool& pool) : pool_{pool} {}
    // Cause::not_found when the account has none in this mode.
    common::Task<keys::MerchantKeyRow> active(common::AccountId account, bool livemode,
                                              common::Deadline deadline);
    common::Task<keys::MerchantKeyRow> version(common::AccountId account, bool livemode, unsigned version,
                                               common::Deadline deadline);
    // Every version, the oldest first.
    common::Task<std::vector<keys::MerchantKeyRow>> all_of(common::AccountId account, bool livemode,
                                                           common::Deadline deadline);
    // false: somebody else's row is there already.
    common::Task<bool> insert_if_absent(keys::MerchantKeyRow row, common::Deadline deadline);

    struct Change {
        keys::MerchantKeyRow before, after;
    };
    // Cause::conflict: a row is not as `before` has it any more, and nothing was changed.
    common::Task<bool> change(Change change, common::Deadline deadline);
    // The same, and a newer version in its place, in one transaction. `old` is empty when none is active.
    common::Task<bool> replace(std::optional<Change> old, keys::MerchantKeyRow fresh,
                               common::Deadline deadline);
    // The same as `change` if no card key is sealed by it; waits for those who are sealing. Cause::conflict.
    common::Task<bool> destroy(Change change, common::Deadline deadline);

    // Over all accounts, in order, for lists and for jobs. A job goes through all pages, since a row that
    // cannot be worked off stays where it is and would hide what comes behind it.
    struct Page {
        std::optional<keys::MerchantKeyRow> after = std::nullopt;  // the last row of the page before
        int limit = 500;
    };
    common::Task<std::vector<keys::MerchantKeyRow>> page(const Page& page, common::Deadline deadline);
    common::Task<std::vector<keys::MerchantKeyRow>> sealed_by(const std::string& kek, const Page& page,
                                                              common::Deadline deadline);
    common::Task<std::vector<keys::MerchantKeyRow>> signed_by(unsigned registry_version, const Page& page,
                                                              common::Deadline deadline);
    // Those that have a successor but still seal card keys.
    common::Task<std::vector<keys::MerchantKeyRow>> to_rewrap(const Page& page, common::Deadline deadline);
    // Those that got a successor before this time and seal nothing any more, but are not destroyed.
    common::Task<std::vector<keys::MerchantKeyRow>> unneeded(std::int64_t replaced_before_ms,
                                                             const Page& page, common::Deadline deadline);
    // Active since before this time.
    common::Task<std::vector<keys::MerchantKeyRow>> older_than(std::int64_t created_ms, const Page& page,
                                                               common::Deadline deadline);
    common::Task<std::int64_t> count_sealed_by(std::string kek, common::Deadline deadline);
    common::Task<std::int64_t> count_signed_by(unsigned registry_version, common::Deadline deadline);

  private:
    template <class... Args>
    common::Task<std::vector<keys::MerchantKeyRow>> list(const common::db::Statement& statement,
                                                         const Page& page, common::Deadline deadline,
                                                         const Args&... args);
    common::db::Pool& pool_;
};

}  // namespace vault::store
