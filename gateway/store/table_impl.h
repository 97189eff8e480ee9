// The bodies of table.h, for the .cpp of each resource, which instantiates them once:
//   PORTCULLIS_TABLE(Customer)
#pragma once

#include "gateway/store/paging.h"
#include "gateway/store/rows.h"
#include "gateway/store/search_index.h"
#include "gateway/store/table.h"

namespace gateway::store {

// How a column's text becomes a member, and the other way round.
namespace column {

inline std::optional<std::string> text(const std::string& value) {
    return value;
}
inline std::optional<std::string> text(const std::optional<std::string>& value) {
    return value;
}
inline std::optional<std::string> text(bool value) {
    return value ? "t" : "f";
}
template <std::integral T>
std::optional<std::string> text(T value) {
    return std::to_string(value);
}
inline std::optional<std::string> text(const std::optional<std::int64_t>& value) {
    return value ? std::optional{std::to_string(*value)} : std::nullopt;
}
inline std::optional<std::string> text(const common::Currency& value) {
    return std::string{value.code()};
}
template <codec::Enumeration T>
std::optional<std::string> text(T value) {
    return boost::describe::enum_to_string(value, "");
}

inline void read(const pqxx::field& field, std::optional<std::string>& value) {
    value = optional_text(field);
}
inline void read(const pqxx::field& field, std::optional<std::int64_t>& value) {
    value = optional_integer(field);
}
inline void read(const pqxx::field& field, common::Currency& value) {
    value = common::Currency::find(field.c_str()).value();
}
template <codec::Enumeration T>
void read(const pqxx::field& field, T& value) {
    if (!boost::describe::enum_from_string(field.c_str(), value))
        throw std::invalid_argument{"a row has an unknown enumerator"};
}
template <class T>
    requires(std::integral<T> || std::same_as<T, std::string>)
void read(const pqxx::field& field, T& value) {
    value = field.as<T>();
}

}  // namespace column

template <Stored T>
class TableOf {
  public:
    static constexpr std::span<const char* const> columns{Shape<T>::columns};

    static const TableOf& instance() {
        static const TableOf table;
        return table;
    }

    static Values values_of(const T& object) {
        Values values;
        for (const char* name : columns)
            boost::mp11::mp_for_each<codec::Members<T>>([&](auto member) {
                if (std::string_view{member.name} != name) return;
                if constexpr (requires { column::text(object.*member.pointer); })
                    values.push_back(column::text(object.*member.pointer));
            });
        values.push_back(boost::json::serialize(codec::to_object(object, columns)));
        return values;
    }

    static T object_of(const pqxx::row& row, const Scope& scope) {
        T object;
        object.scope = scope;
        object.id = row[0].as<std::string>();
        object.created = row[1].as<std::int64_t>();
        object.position = row[2].as<std::int64_t>();
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto field = row[static_cast<int>(i) + 3];
            boost::mp11::mp_for_each<codec::Members<T>>([&](auto member) {
                if (std::string_view{member.name} != columns[i]) return;
                if constexpr (requires { column::read(field, object.*member.pointer); })
                    column::read(field, object.*member.pointer);
            });
        }
        const auto document = boost::json::parse(row[static_cast<int>(columns.size()) + 3].c_str());
        codec::read_object(document.as_object(), object, columns);
        return object;
    }

    common::db::Statement statement(const std::pair<std::string, std::string>& named) const {
        return {named.first.c_str(), named.second.c_str()};
    }

    std::string table = Shape<T>::table;
    std::string selected = "id, created, position, " + joined(columns, ", ") + ", document";
    using Named = std::pair<std::string, std::string>;
    Named insert_row{table + "_insert", "INSERT INTO " + table + " (account_id, livemode, " + selected +
                                            ") VALUES (" + numbered(columns.size() + 6) + ")"};
    Named find_row{table + "_find", by_id("")};
    Named lock_row{table + "_lock", by_id(" FOR UPDATE")};
    Named find_rows{table + "_find_all",
                    "SELECT " + selected + " FROM " + table +
                        " WHERE account_id = $1 AND livemode = $2 AND id = ANY ($3::text[])"};
    Named update_row{table + "_update", update_sql()};
    Named remove_row{table + "_remove",
                     "DELETE FROM " + table + " WHERE account_id = $1 AND livemode = $2 AND id = $3"};
    Named exists{table + "_exists",
                 "SELECT 1 FROM " + table + " WHERE account_id = $1 AND livemode = $2 AND id = $3"};

  private:
    std::string by_id(const char* lock) const {
        return "SELECT " + selected + " FROM " + table +
               " WHERE account_id = $1 AND livemode = $2 AND id = $3" + lock;
    }
    std::string update_sql() const {
        std::string sql = "UPDATE " + table + " AS changed SET ";
        std::size_t number = 4;
        for (const char* name : columns)
            sql += std::string{name} + " = $" + std::to_string(number++) + ", ";
        sql += "document = $" + std::to_string(number);
        const std::string this_row =
            " WHERE changed.account_id = $1 AND changed.livemode = $2 AND changed.id = $3";
        if constexpr (Searchable<T>)
            return sql + " FROM " + table + " AS before" + this_row +
                   " AND before.account_id = $1 AND before.livemode = $2 AND before.id = $3"
                   " RETURNING before.document -> 'metadata'";
        else
            return sql + this_row;
    }
};

inline boost::json::object metadata_of(const pqxx::field& field) {
    return field.is_null() ? boost::json::object{} : boost::json::parse(field.c_str()).as_object();
}

template <Stored T>
void insert(Transaction& tx, const T& object) {
    const auto& table = TableOf<T>::instance();
    Values values = keys_of(object.scope, object.id);
    values.push_back(std::to_string(object.created));
    values.push_back(std::to_string(object.position));
    std::ranges::move(TableOf<T>::values_of(object), std::back_inserter(values));
    tx.exec(table.statement(table.insert_row), bound(values));
    if constexpr (Searchable<T>) index_metadata(tx, Shape<T>::table, object, {}, object.metadata);
}

template <Stored T>
std::optional<T> find(Transaction& tx, const Scope& scope, const std::string& id) {
    const auto& table = TableOf<T>::instance();
    const auto rows = tx.exec(table.statement(table.find_row), bound(keys_of(scope, id)));
    return rows.empty() ? std::nullopt : std::optional{TableOf<T>::object_of(rows[0], scope)};
}

template <Stored T>
std::optional<T> lock(Transaction& tx, const Scope& scope, const std::string& id) {
    const auto& table = TableOf<T>::instance();
    const auto rows = tx.exec(table.statement(table.lock_row), bound(keys_of(scope, id)));
    return rows.empty() ? std::nullopt : std::optional{TableOf<T>::object_of(rows[0], scope)};
}

template <Stored T>
std::vector<T> find_all(Transaction& tx, const Scope& scope, const std::vector<std::string>& ids) {
    const auto& table = TableOf<T>::instance();
    std::vector<T> found;
    for (const auto& row : tx.exec(table.statement(table.find_rows), bound(keys_of(scope, array_of(ids)))))
        found.push_back(TableOf<T>::object_of(row, scope));
    return found;
}

template <Stored T>
void update(Transaction& tx, const T& object) {
    const auto& table = TableOf<T>::instance();
    Values values = keys_of(object.scope, object.id);
    std::ranges::move(TableOf<T>::values_of(object), std::back_inserter(values));
    const auto rows = tx.exec(table.statement(table.update_row), bound(values));
    if constexpr (Searchable<T>)
        if (!rows.empty())
            index_metadata(tx, Shape<T>::table, object, metadata_of(rows[0][0]), object.metadata);
}

template <Stored T>
void remove(Transaction& tx, const Scope& scope, const std::string& id) {
    const auto& table = TableOf<T>::instance();
    if constexpr (Searchable<T>) forget_metadata(tx, scope, id);
    tx.exec(table.statement(table.remove_row), bound(keys_of(scope, id)));
}

template <Stored T>
bool exists_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id) {
    const auto& table = TableOf<T>::instance();
    return !tx.exec(table.statement(table.exists), bound(keys_of({scope.account, !scope.livemode}, id)))
                .empty();
}

template <Stored T>
common::Result<Page<T>> list(Transaction& tx, const Scope& scope, const ListQuery& query) {
    const auto& table = TableOf<T>::instance();
    auto rows = page_rows(tx, {table.table, table.selected, Shape<T>::kind}, scope, query);
    if (!rows) return common::Fail{std::move(rows).error()};
    Page<T> page;
    page.has_more = rows->has_more;
    for (const auto& row : rows->rows)
        page.items.push_back(TableOf<T>::object_of(row, scope));
    if (!query.ending_before.empty()) std::ranges::reverse(page.items);
    return page;
}

}  // namespace gateway::store

#define PORTCULLIS_TABLE(T)                                                                           \
    template void insert(Transaction&, const T&);                                                     \
    template std::optional<T> find<T>(Transaction&, const Scope&, const std::string&);                \
    template std::optional<T> lock<T>(Transaction&, const Scope&, const std::string&);                \
    template std::vector<T> find_all<T>(Transaction&, const Scope&, const std::vector<std::string>&); \
    template void update(Transaction&, const T&);                                                     \
    template void remove<T>(Transaction&, const Scope&, const std::string&);                          \
    template bool exists_in_other_mode<T>(Transaction&, const Scope&, const std::string&);            \
    template common::Result<Page<T>> list<T>(Transaction&, const Scope&, const ListQuery&)
