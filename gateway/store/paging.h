// Pages of any table that has account_id, livemode, id and position; and text values as parameters of a
// statement.
#pragma once

#include <span>

#include "gateway/object.h"
#include "gateway/store/session.h"

namespace gateway::store {

using Values = std::vector<std::optional<std::string>>;  // in PostgreSQL's text form

inline auto bound(const Values& values) {
    return pqxx::prepare::make_dynamic_params(values);
}
Values keys_of(const Scope& scope, const std::string& id);  // account_id, livemode, id
std::string array_of(const std::vector<std::string>& ids);  // '{"a","b"}'; what is no id is left out
std::string joined(std::span<const char* const> names, std::string_view separator);
std::string numbered(std::size_t count);  // "$1, $2, …"

struct Listed {
    const std::string& table;
    const std::string& selected;
    common::Text kind;
};
struct Rows {
    std::vector<pqxx::row> rows;  // newest first, or oldest first when the page ends before a cursor
    bool has_more = false;
};
// 400 resource_missing for a cursor that is not there. A table's index for a list is
// (account_id, livemode, [columns of `equal`,] position, id).
common::Result<Rows> page_rows(Transaction& tx, const Listed& listed, const Scope& scope,
                               const ListQuery& query);

}  // namespace gateway::store
