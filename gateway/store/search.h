// Searches among the objects of an account.
#pragma once

#include <algorithm>
#include <chrono>

#include "gateway/search/fields.h"
#include "gateway/store/table.h"

namespace gateway::store {

// Where a page ends: the next one begins behind it, whatever is made or changed meanwhile.
struct SearchPlace {
    std::int64_t position = 0;
    std::string id;
    bool operator==(const SearchPlace&) const = default;
};

struct SearchRequest {
    search::Resource resource = search::Resource::customers;
    search::Query query;  // parsed with the resource's fields
    int limit = 10;
    std::optional<SearchPlace> after;
    bool wants_total = false;
    // For each statement. A search that names no value by equality reads the account's objects one by one.
    std::chrono::milliseconds time_max{3'000};
};

// SQL with its parameters from $1 on; nothing of the caller's text is in `sql`.
struct SearchStatement {
    std::string sql;
    std::vector<std::optional<std::string>> parameters;
};
// position and id, the newest first, of one more than the limit; or how many there are on all pages.
SearchStatement page_statement(const Scope& scope, const SearchRequest& request);
SearchStatement total_statement(const Scope& scope, const SearchRequest& request);

struct FoundIds {
    std::vector<std::string> ids;     // newest first
    std::optional<SearchPlace> last;  // of this page, when there is a next one
    std::optional<std::int64_t> total;
};
// 400 with param `query` when it takes longer than it may.
common::Result<FoundIds> find_ids(Transaction& tx, const Scope& scope, const SearchRequest& request);

template <Searchable T>
struct Hits {
    std::vector<T> items;
    std::optional<SearchPlace> last;
    std::optional<std::int64_t> total;
};

template <Searchable T>
common::Result<Hits<T>> search_for(Transaction& tx, const Scope& scope, const SearchRequest& request) {
    auto found = find_ids(tx, scope, request);
    if (!found) return common::Fail{std::move(found).error()};
    Hits<T> hits{find_all<T>(tx, scope, found->ids), std::move(found->last), found->total};
    std::ranges::sort(hits.items, std::ranges::greater{},
                      [](const T& item) { return std::pair{item.position, item.id}; });
    return hits;
}

}  // namespace gateway::store
