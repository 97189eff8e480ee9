// Values of payments and set-ups: rules that go beyond the form of one parameter, and what both are made of.
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

// A hash; nothing where it is absent or unset.
std::optional<boost::json::object> object_of(const Parameters& parameters, std::string_view name,
                                             Rules rules);

// How methods are chosen: by a list, by default, or all that fit.
template <class Intent>
void put_method_choice(Intent& intent, const Parameters& parameters, Rules rules) {
    if (parameters.list_size("allowed_payment_method_types") > 0) {
        intent.allowed_payment_method_types =
            parameters.json("allowed_payment_method_types", rules).get_array();
    } else if (parameters.list_size("payment_method_types") > 0) {
        return;
    } else if (const auto given = parameters.hash("automatic_payment_methods")) {
        intent.automatic_payment_methods =
            boost::json::object{{"allow_redirects", given->text("allow_redirects").value_or("always")},
                                {"enabled", given->boolean("enabled").value_or(false)}};
    } else {
        intent.automatic_payment_methods =
            boost::json::object{{"allow_redirects", "always"}, {"enabled", true}};
    }
}

}  // namespace gateway::api
