#include "gateway/api/limits.h"

#include "gateway/api/routes.h"

namespace gateway::api {
namespace {

constexpr double bad_keys_per_second = 1, bad_keys_burst = 50;
constexpr double links_per_second = 20;
constexpr double declines_per_second = 10.0 / 3600, declines_burst = 20;

RateLimit limit(double per_second, const LimitSettings& settings) {
    const auto allowed = settings.live > 0 ? per_second : 0;
    return {allowed, allowed};
}

}  // namespace

Limits::Limits(const LimitSettings& settings)
    : live_{settings.live, settings.live},
      test_(limit(settings.test, settings)),
      endpoint_(limit(settings.endpoint, settings)),
      search_(limit(settings.search, settings)),
      files_(limit(settings.files, settings)),
      bad_keys_{bad_keys_per_second, bad_keys_burst},
      links_{links_per_second, links_per_second},
      declines_{settings.live > 0 ? declines_per_second : 0, declines_burst} {}

std::string_view Limits::refuse(const Scope& scope, const Route* route) {
    const auto who = std::to_string(scope.account.value) + (scope.livemode ? "l" : "t");
    if (!(scope.livemode ? live_ : test_).allow(who)) return "global-rate";
    if (route == nullptr) return {};
    const auto method = std::string{common::http::to_string(route->method)};
    if (route->resource == "files" && !files_.allow(who + ' ' + method)) return "resource-specific";
    if (route->pattern.ends_with("/search") && !search_.allow(who)) return "resource-specific";
    if (!endpoint_.allow(who + ' ' + method + ' ' + std::string{route->pattern})) return "endpoint-rate";
    return {};
}

}  // namespace gateway::api
