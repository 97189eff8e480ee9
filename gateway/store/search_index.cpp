#include "gateway/store/search_index.h"

#include "gateway/store/paging.h"

namespace gateway::store {
namespace {

using boost::json::object;

// Keys and values, one after the other, of what `metadata` has and `other` has not, or not the same.
Values entries_beyond(const object& other, const object& metadata) {
    Values entries;
    for (const auto& [key, value] : metadata) {
        const auto* same = other.if_contains(key);
        if (!value.is_string() || (same && *same == value)) continue;
        entries.emplace_back(key);
        entries.emplace_back(value.as_string());
    }
    return entries;
}

void remove(Transaction& tx, const Object& object, const Values& entries) {
    const auto count = entries.size() / 2;
    Values values{std::to_string(object.scope.account.value), object.id};
    std::string sql = "DELETE FROM search_metadata WHERE account_id = $1 AND id = $2 AND key IN (";
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(entries[2 * i]);
        sql += (i == 0 ? "$" : ", $") + std::to_string(values.size());
    }
    const auto name = "search_metadata_delete_" + std::to_string(count);
    tx.exec({name.c_str(), (sql + ")").c_str()}, bound(values));
}

void add(Transaction& tx, const char* kind, const Object& object, const Values& entries) {
    const auto count = entries.size() / 2;
    Values values = keys_of(object.scope, object.id);
    values.emplace_back(kind);
    values.push_back(std::to_string(object.position));
    std::string sql =
        "INSERT INTO search_metadata (account_id, livemode, id, kind, position, key, value) VALUES ";
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(entries[2 * i]);
        values.push_back(entries[2 * i + 1]);
        sql += std::string{i == 0 ? "" : ", "} +
               "($1::bigint, $2::boolean, $3::text, $4::text, $5::bigint, $" +
               std::to_string(values.size() - 1) + "::text, $" + std::to_string(values.size()) + "::text)";
    }
    const auto name = "search_metadata_insert_" + std::to_string(count);
    tx.exec({name.c_str(), sql.c_str()}, bound(values));
}

}  // namespace

void index_metadata(Transaction& tx, const char* kind, const Object& object,
                    const boost::json::object& before, const boost::json::object& after) {
    const auto gone = entries_beyond(after, before);
    const auto come = entries_beyond(before, after);
    if (!gone.empty()) remove(tx, object, gone);
    if (!come.empty()) add(tx, kind, object, come);
}

void forget_metadata(Transaction& tx, const Scope& scope, const std::string& id) {
    constexpr common::db::Statement forget{
        "search_metadata_forget",
        "DELETE FROM search_metadata WHERE account_id = $1 AND livemode = $2 AND id = $3"};
    tx.exec(forget, bound(keys_of(scope, id)));
}

}  // namespace gateway::store
