// Searches: their parameters, and where one page ends and the next begins.
#pragma once

#include "gateway/api/lists.h"
#include "gateway/store/search.h"

namespace gateway::api {

inline constexpr Rule search_rules[] = {text("query", search::query_bytes_max).needed(), integer("limit"),
                                        text("page", 255), list("expand")};

// What `next_page` shows of a place: opaque, and of use in this search only, whatever its limit. Nothing is
// gained by making one up: a place moves within what the caller's account may see anyway.
std::string page_token(const store::SearchPlace& place, const Scope& scope, std::string_view path,
                       std::string_view query);
// 400 for one that is not of this account, mode, path and query.
common::Result<store::SearchPlace> place_of(std::string_view token, const Scope& scope, std::string_view path,
                                            std::string_view query);

}  // namespace gateway::api
