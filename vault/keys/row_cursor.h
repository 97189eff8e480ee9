// Goes through a listing of merchant keys page by page. Rows that stay as they are hide none behind them.
#pragma once

#include <deque>
#include <functional>

#include "vault/store/merchant_keys.h"

namespace vault::keys {

class RowCursor {
  public:
    using Page = store::MerchantKeys::Page;
    using Read = std::function<common::Task<std::vector<MerchantKeyRow>>(const Page&)>;
    explicit RowCursor(Read read, int batch = 500) : read_{std::move(read)} { page_.limit = batch; }
    // Nothing at the end.
    common::Task<std::optional<MerchantKeyRow>> next();

  private:
    Read read_;
    Page page_;
    std::deque<MerchantKeyRow> ahead_;
};

}  // namespace vault::keys
