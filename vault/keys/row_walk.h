// Goes through a listing of merchant keys page by page. Rows that stay as they are hide none behind them.
#pragma once

#include <functional>

#include "vault/store/merchant_keys.h"

namespace vault::keys {

struct RowWalk {
    using Page = store::MerchantKeys::Page;
    std::function<common::Task<std::vector<MerchantKeyRow>>(const Page&)> read;
    // Its error ends the walk.
    std::function<common::Task<bool>(MerchantKeyRow)> visit;
    std::function<bool()> stop = [] { return false; };
    int batch = 500;
};

// How many rows were visited.
common::Task<std::int64_t> walk(RowWalk rows);

}  // namespace vault::keys
