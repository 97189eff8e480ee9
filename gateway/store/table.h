// One table a resource, all of the same form: account_id, id, livemode, created, position, columns that
// queries look into, and everything else as a JSON document. A resource says in its Shape what is a column;
// the rest follows from the description of its structure (Boost.Describe).
#pragma once

#include "gateway/no_such.h"
#include "gateway/object.h"
#include "gateway/store/codec.h"
#include "gateway/store/session.h"

namespace gateway::store {

// Specialized for each resource:
//   template <> struct Shape<Customer> {
//       static constexpr common::Text kind = "customer";             // in "No such customer: 'cus_…'"
//       static constexpr const char* table = "customers";
//       static constexpr std::array columns{"email", "deleted"};     // members of that name
//       static constexpr auto resource = search::Resource::customers;  // when it can be searched for
//   };
template <class T>
struct Shape;

template <class T>
concept Stored = std::derived_from<T, Object> && requires {
    Shape<T>::table;
    Shape<T>::columns;
};
// Says as which resource it is searched for; its metadata is kept where searches find it.
template <class T>
concept Searchable = Stored<T> && requires { Shape<T>::resource; };

template <Stored T>
void insert(Transaction& tx, const T& object);
template <Stored T>
std::optional<T> find(Transaction& tx, const Scope& scope, const std::string& id);
// Locked until the transaction ends.
template <Stored T>
std::optional<T> lock(Transaction& tx, const Scope& scope, const std::string& id);
// Those that there are, in no order.
template <Stored T>
std::vector<T> find_all(Transaction& tx, const Scope& scope, const std::vector<std::string>& ids);
// Columns and document of a row that the transaction holds.
template <Stored T>
void update(Transaction& tx, const T& object);
template <Stored T>
void remove(Transaction& tx, const Scope& scope, const std::string& id);
template <Stored T>
bool exists_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id);
// 400 resource_missing when the cursor is no object of this kind.
template <Stored T>
common::Result<Page<T>> list(Transaction& tx, const Scope& scope, const ListQuery& query);

// As find and lock, with the API's error for what is not there: see no_such.
template <Stored T>
common::Result<T> require(Transaction& tx, const Scope& scope, const std::string& id,
                          std::string_view param = {}) {
    if (auto found = find<T>(tx, scope, id)) return *std::move(found);
    return common::Fail{no_such(Shape<T>::kind, id, scope, exists_in_other_mode<T>(tx, scope, id), param)};
}
template <Stored T>
common::Result<T> require_locked(Transaction& tx, const Scope& scope, const std::string& id,
                                 std::string_view param = {}) {
    if (auto found = lock<T>(tx, scope, id)) return *std::move(found);
    return common::Fail{no_such(Shape<T>::kind, id, scope, exists_in_other_mode<T>(tx, scope, id), param)};
}

}  // namespace gateway::store
