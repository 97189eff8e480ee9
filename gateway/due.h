// Where the clock has something to do.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "common/db/pool.h"
#include "common/task.h"
#include "gateway/store/session.h"

namespace gateway {

// The accounts with something due, as find(tx, limit) sees them under `scan`; in random order, so that
// several gateways begin at different ones.
template <class Find>
common::Task<std::vector<common::AccountId>> due_accounts(common::db::Pool& database, store::Scan scan,
                                                          Find find) {
    constexpr int accounts_max = 64;
    auto look = [scan, &find](store::Transaction& tx) -> common::Result<std::vector<common::AccountId>> {
        store::enter_scan(tx, scan);
        return find(tx, accounts_max);
    };
    auto accounts = co_await database.transaction(look);
    if (accounts) std::ranges::shuffle(*accounts, std::minstd_rand{std::random_device{}()});
    co_return accounts;
}

}  // namespace gateway
