#include "gateway/store/paging.h"

#include <algorithm>

#include "gateway/no_such.h"

namespace gateway::store {
namespace {

using common::Fail;
using common::Result;

struct Cursor {
    std::string position, id;
};

Result<Cursor> cursor_of(Transaction& tx, const Listed& listed, const Scope& scope, const std::string& id,
                         std::string_view param) {
    const std::string name = listed.table + "_cursor";
    const std::string sql =
        "SELECT position FROM " + listed.table + " WHERE account_id = $1 AND livemode = $2 AND id = $3";
    const auto rows = tx.exec({name.c_str(), sql.c_str()}, bound(keys_of(scope, id)));
    if (rows.empty()) return Fail{no_such(listed.kind, id, scope, false, param)};
    return Cursor{rows[0][0].as<std::string>(), id};
}

// A statement that is put together of constants, with its parameters; `name` tells one form from another.
struct Query {
    std::string name, sql;
    Values values;
    void where(std::string_view mark, const std::string& condition, std::string value) {
        name += mark;
        values.push_back(std::move(value));
        sql += " AND " + condition + std::to_string(values.size());
    }
};

#ifdef PORTCULLIS_ACCOUNT_OF_ID
// For the test of the second wall only: whose object it is, in the place of who asks.
common::AccountId account_of(const Scope& scope, std::string_view id) {
    if (id.starts_with("{\"")) id.remove_prefix(2);  // array_of
    id = id.substr(0, id.find('"'));
    return common::account_of(id, id.substr(0, id.find('_') + 1)).value_or(scope.account);
}
#else
common::AccountId account_of(const Scope& scope, std::string_view) {
    return scope.account;
}
#endif

}  // namespace

Values keys_of(const Scope& scope, const std::string& id) {
    return {std::to_string(account_of(scope, id).value), scope.livemode ? "t" : "f", id};
}

std::string array_of(const std::vector<std::string>& ids) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    };
    std::string text = "{";
    for (const auto& id : ids)
        if (!id.empty() && std::ranges::all_of(id, plain))
            text += (text.size() > 1 ? ",\"" : "\"") + id + '"';
    return text + '}';
}

std::string joined(std::span<const char* const> names, std::string_view separator) {
    std::string text;
    for (const char* name : names)
        text.append(text.empty() ? "" : separator).append(name);
    return text;
}

std::string numbered(std::size_t count) {
    std::string text;
    for (std::size_t i = 1; i <= count; ++i)
        text += (i == 1 ? "$" : ", $") + std::to_string(i);
    return text;
}

Result<Rows> page_rows(Transaction& tx, const Listed& listed, const Scope& scope, const ListQuery& wanted) {
    const bool backwards = !wanted.ending_before.empty();
    Query query{
        listed.table + "_list",
        "SELECT " + listed.selected + " FROM " + listed.table + " WHERE account_id = $1 AND livemode = $2",
        {std::to_string(scope.account.value), scope.livemode ? "t" : "f"}};
    for (const auto& [column, value] : wanted.equal)
        query.where(std::string{"_"} + column, std::string{column} + " = $", value);
    if (wanted.created_from)
        query.where("_from", "position >= $", std::to_string(position_of_second(*wanted.created_from)));
    if (wanted.created_before)
        query.where("_before", "position < $", std::to_string(position_of_second(*wanted.created_before)));
    for (const auto& [column, from, before] : wanted.between) {
        const std::string name{column};
        if (from) query.where('_' + name + "_from", name + " >= $", std::to_string(*from));
        if (before) query.where('_' + name + "_before", name + " < $", std::to_string(*before));
    }
    const auto& id = backwards ? wanted.ending_before : wanted.starting_after;
    if (!id.empty()) {
        const auto cursor = cursor_of(tx, listed, scope, id, backwards ? "ending_before" : "starting_after");
        if (!cursor) return Fail{cursor.error()};
        query.values.push_back(cursor->position);
        query.where(backwards ? "_newer" : "_older",
                    std::string{"(position, id) "} + (backwards ? ">" : "<") + " ($" +
                        std::to_string(query.values.size()) + "::bigint, $",
                    cursor->id);
        query.sql += ")";
    }
    query.values.push_back(std::to_string(wanted.limit + 1));
    query.sql += backwards ? " ORDER BY position, id LIMIT $" : " ORDER BY position DESC, id DESC LIMIT $";
    query.sql += std::to_string(query.values.size());

    Rows found;
    for (const auto& row : tx.exec({query.name.c_str(), query.sql.c_str()}, bound(query.values)))
        found.rows.push_back(row);
    found.has_more = static_cast<int>(found.rows.size()) > wanted.limit;
    if (found.has_more) found.rows.pop_back();
    return found;
}

}  // namespace gateway::store
