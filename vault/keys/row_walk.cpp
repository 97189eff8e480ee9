#include "vault/keys/row_walk.h"

namespace vault::keys {

common::Task<std::int64_t> walk(RowWalk rows) {
    RowWalk::Page page;
    page.limit = rows.batch;
    for (std::int64_t visited = 0;;) {
        auto found = co_await rows.read(page);
        if (!found) co_return common::Fail{std::move(found).error()};
        if (found->empty()) co_return visited;
        page.after = found->back();
        for (auto& row : *found) {
            if (rows.stop()) co_return visited;
            const auto done = co_await rows.visit(std::move(row));
            if (!done) co_return common::Fail{done.error()};
            ++visited;
        }
    }
}

}  // namespace vault::keys
