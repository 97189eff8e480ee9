// The business rules of a set-up: pure, each an error in the API's words or nothing.
#pragma once

#include "gateway/payments/service.h"
#include "gateway/setups/machine.h"

namespace gateway::rules {

// See client_secret of a payment.
common::Status client_secret(const SetupIntent& intent, const std::optional<std::string>& given,
                             bool required);
common::Status may_confirm(const SetupIntent& intent, bool has_method);
// Once it is set up or canceled, only its description may change.
common::Status may_update(const SetupIntent& intent, const UpdateSetup& input, bool new_method);
common::Status may_cancel(const SetupIntent& intent);

}  // namespace gateway::rules
