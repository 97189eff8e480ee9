// Rules on values of a payment that go beyond the form of one parameter.
#pragma once

#include "common/money.h"
#include "gateway/api/parameters.h"

namespace gateway::api {

// 400 with the list of currencies when this one is not charged in.
common::Result<common::Currency> check_currency(std::string_view code);
// 400 parameter_invalid_integer.
common::Status check_positive(std::int64_t amount, std::string_view name);
// statement_descriptor is not for cards; the suffix shares 22 characters with the account's prefix.
common::Status check_descriptors(const Parameters& parameters, std::string_view prefix);

// 400 resource_missing of an object that a parameter names.
common::Error no_such(std::string_view param, std::string_view id);

}  // namespace gateway::api
