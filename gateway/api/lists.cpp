#include "gateway/api/lists.h"

#include <limits>

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;

constexpr std::int64_t limit_default = 10, limit_max = 100;

// A bound beyond any object's time, so that nothing overflows behind it.
std::int64_t second_of(std::int64_t given, std::int64_t shift) {
    constexpr std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max() / 1'000'000 - 1;
    return std::clamp<std::int64_t>(given, -1, end_of_time) + shift;
}

}  // namespace

common::Result<int> page_limit(const Parameters& parameters) {
    const auto limit = parameters.integer("limit").value_or(limit_default);
    if (limit >= 1 && limit <= limit_max) return static_cast<int>(limit);
    return Fail{Error::invalid("parameter_invalid_integer", "limit",
                               "Invalid limit: {}. It must be between 1 and {}.",
                               {common::Safe::number(limit), common::Safe::number(limit_max)})};
}

ListQuery::Between between_of(const Parameters& parameters, const char* name) {
    ListQuery::Between bounds{name, {}, {}};
    if (const auto exact = parameters.integer(name)) {
        bounds.from = second_of(*exact, 0);
        bounds.before = second_of(*exact, 1);
    }
    const auto range = parameters.hash(name);
    if (!range) return bounds;
    const auto later = [&bounds](std::int64_t second) {
        bounds.from = std::max(bounds.from.value_or(second), second);
    };
    const auto earlier = [&bounds](std::int64_t second) {
        bounds.before = std::min(bounds.before.value_or(second), second);
    };
    if (const auto gt = range->integer("gt")) later(second_of(*gt, 1));
    if (const auto gte = range->integer("gte")) later(second_of(*gte, 0));
    if (const auto lt = range->integer("lt")) earlier(second_of(*lt, 0));
    if (const auto lte = range->integer("lte")) earlier(second_of(*lte, 1));
    return bounds;
}

common::Result<ListQuery> list_query(const Parameters& parameters) {
    ListQuery query;
    const auto limit = page_limit(parameters);
    if (!limit) return Fail{limit.error()};
    query.limit = *limit;
    if (auto fine = at_most_one(parameters, {"starting_after", "ending_before"}); !fine)
        return Fail{fine.error()};
    query.starting_after = parameters.text("starting_after").value_or("");
    query.ending_before = parameters.text("ending_before").value_or("");
    const auto created = between_of(parameters, "created");
    query.created_from = created.from;
    query.created_before = created.before;
    return query;
}

std::vector<std::pair<const char*, std::string>> filters_of(const Parameters& parameters,
                                                            std::initializer_list<const char*> names) {
    std::vector<std::pair<const char*, std::string>> filters;
    for (const auto* name : names)
        if (auto value = parameters.text(name)) filters.emplace_back(name, *std::move(value));
    return filters;
}

}  // namespace gateway::api
