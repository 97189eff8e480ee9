// Rows of merchant_key.
#pragma once

#include "common/db/pool.h"
#include "common/task.h"
#include "vault/keys/merchant_key.h"

namespace vault::store {

class MerchantKeys {
  public:
    explicit MerchantKeys(common::db::Pool& pool) : pool_{pool} {}
    // Cause::not_found when the account has none in this mode.
    common::Task<keys::MerchantKeyRow> active(common::AccountId account, bool livemode,
                                              common::Deadline deadline);
    common::Task<keys::MerchantKeyRow> version(common::AccountId account, bool livemode, unsigned version,
                                               common::Deadline deadline);
    // false: somebody else's row is there already.
    common::Task<bool> insert_if_absent(keys::MerchantKeyRow row, common::Deadline deadline);

  private:
    common::db::Pool& pool_;
};

}  // namespace vault::store
