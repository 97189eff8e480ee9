#include "gateway/api/intent_checks.h"

#include <algorithm>

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Safe;

constexpr std::size_t descriptor_max = 22;

}  // namespace

common::Result<common::Currency> check_currency(std::string_view code) {
    if (auto currency = common::Currency::find(code)) return *currency;
    return Fail{Error::invalid("", "currency", "Invalid currency: {}. This gateway charges in: {}",
                               {Safe::param(code), Safe::param(common::Currency::list())})};
}

common::Status check_positive(std::int64_t amount, std::string_view name) {
    if (amount > 0) return {};
    return Fail{Error::invalid("parameter_invalid_integer", name,
                               "Invalid positive integer: {}. The value must be greater than or equal to 1.",
                               {Safe::number(amount)})};
}

common::Status check_descriptors(const Parameters& parameters, std::string_view prefix) {
    if (!parameters.raw("statement_descriptor").empty())
        return Fail{
            Error::invalid("", "statement_descriptor",
                           "The parameter `statement_descriptor` is not supported for card payments. Use "
                           "`statement_descriptor_suffix` instead.")};
    const auto suffix = parameters.raw("statement_descriptor_suffix");
    if (suffix.empty()) return {};
    const bool allowed = std::ranges::all_of(suffix, [](char c) { return c >= 0x20 && c < 0x7f; }) &&
                         suffix.find_first_of("<>\\'\"*") == std::string_view::npos;
    if (!allowed)
        return Fail{Error::invalid(
            "", "statement_descriptor_suffix",
            "Invalid statement_descriptor_suffix: only Latin characters, and none of < > \\ ' \" *")};
    const auto separator = prefix.empty() ? std::size_t{0} : std::size_t{2};  // "PREFIX* SUFFIX"
    if (prefix.size() + separator + suffix.size() > descriptor_max)
        return Fail{Error::invalid(
            "", "statement_descriptor_suffix",
            "Invalid statement_descriptor_suffix: with the account's prefix it must be at most {} "
            "characters.",
            {Safe::number(static_cast<std::int64_t>(descriptor_max))})};
    return {};
}

std::optional<boost::json::object> object_of(const Parameters& parameters, std::string_view name,
                                             Rules rules) {
    auto value = parameters.json(name, rules);
    return value.is_object() ? std::optional{std::move(value.get_object())} : std::nullopt;
}

}  // namespace gateway::api
