#include "vault/keys/row_cursor.h"

#include <iterator>

namespace vault::keys {

common::Task<std::optional<MerchantKeyRow>> RowCursor::next() {
    if (ahead_.empty()) {
        auto rows = co_await read_(page_);
        if (!rows) co_return common::Fail{std::move(rows).error()};
        if (rows->empty()) co_return std::nullopt;
        page_.after = rows->back();
        ahead_.assign(std::move_iterator{rows->begin()}, std::move_iterator{rows->end()});
    }
    auto row = std::move(ahead_.front());
    ahead_.pop_front();
    co_return row;
}

}  // namespace vault::keys
