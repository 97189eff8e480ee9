// Lists: their parameters, and their envelope.
#pragma once

#include "gateway/api/routes.h"
#include "gateway/store/table.h"

namespace gateway::api {

// The rules that every list has, as an initializer's first elements.
#define PORTCULLIS_LIST_RULES integer("limit"), text("starting_after"), text("ending_before"), list("expand")

// 10 when not given; 400 when it is not of 1–100.
common::Result<int> page_limit(const Parameters& parameters);
// limit, cursors and `created` of a validated form. 400 when the limit is not of 1–100 or both cursors are
// given.
common::Result<ListQuery> list_query(const Parameters& parameters);

// {object: "list", data, has_more, url}; `url` is the path without its query.
template <class T>
boost::json::object envelope(const Work& work, const Page<T>& page, std::string_view url) {
    boost::json::array data;
    for (const T& item : page.items)
        data.push_back(work.show(&item));
    return {{"object", "list"}, {"data", std::move(data)}, {"has_more", page.has_more}, {"url", url}};
}

// The bounds that a parameter of Kind::range sets, to a column of its name.
ListQuery::Between between_of(const Parameters& parameters, const char* name);

// Reads the page that the caller asks for, of the objects whose columns equal `filters` and lie within what
// is given for the parameters `ranges`.
template <class T>
common::Task<StoredResponse> list_of(const Context& context,
                                     std::vector<std::pair<const char*, std::string>> filters,
                                     std::vector<const char*> ranges = {}) {
    auto query = list_query(context.parameters());
    if (!query) co_return common::Fail{query.error()};
    query->equal = std::move(filters);
    for (const char* name : ranges)
        query->between.push_back(between_of(context.parameters(), name));
    auto job = [query = *std::move(query),
                url = std::string{context.path}](Work& work) -> common::Result<boost::json::object> {
        auto page = store::list<T>(work.tx, work.scope(), query);
        if (!page) return common::Fail{page.error()};
        return envelope(work, *page, url);
    };
    co_return co_await context.read(std::move(job));
}

// Those of `names` that are given, which are columns of the same name.
std::vector<std::pair<const char*, std::string>> filters_of(const Parameters& parameters,
                                                            std::initializer_list<const char*> names);

}  // namespace gateway::api
