#include "gateway/setups/rules.h"

#include "gateway/no_such.h"
#include "gateway/payments/rules.h"

namespace gateway::rules {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;
using common::Status;

Safe word(SetupStatus status) {
    return Safe::id(to_string(status));
}

Error unexpected_state(common::Text message, std::initializer_list<Safe> arguments) {
    return Error{400, ErrorType::invalid_request, "setup_intent_unexpected_state", message, arguments};
}

}  // namespace

Status client_secret(const SetupIntent& intent, const std::optional<std::string>& given, bool required) {
    if (opens(intent.client_secret, given, required)) return {};
    return Fail{no_such("setupintent", intent.id, intent.scope, false)};
}

Status may_confirm(const SetupIntent& intent, bool has_method) {
    if (intent.status == SetupStatus::succeeded)
        return Fail{
            unexpected_state("You cannot confirm this SetupIntent because it has already succeeded after "
                             "being previously confirmed. It has a status of {}.",
                             {word(intent.status)})};
    if (!next(intent.status, SetupEvent::confirmed))
        return Fail{
            unexpected_state("This SetupIntent could not be confirmed because it has a status of {}. Only a "
                             "SetupIntent with one of the following statuses may be confirmed: "
                             "requires_payment_method, requires_confirmation, requires_action.",
                             {word(intent.status)})};
    if (!has_method)
        return Fail{
            unexpected_state("You cannot confirm this SetupIntent because it's missing a payment method. "
                             "Update the SetupIntent with a payment method and then confirm it again.",
                             {})
                .with_param("payment_method")};
    return {};
}

Status may_update(const SetupIntent& intent, const UpdateSetup& input, bool new_method) {
    std::string_view fixed;
    if (input.customer) fixed = "customer";
    if (input.allowed_payment_method_types) fixed = "allowed_payment_method_types";
    if (!input.payment_method_options.empty()) fixed = "payment_method_options";
    if (new_method || input.payment_method) fixed = "payment_method";
    if (fixed.empty() || next(intent.status, SetupEvent::method_given)) return {};
    return Fail{unexpected_state(
                    "This SetupIntent's {} could not be updated because it has a status of {}. You may only "
                    "update it while it has one of the following statuses: requires_payment_method, "
                    "requires_confirmation, requires_action.",
                    {Safe::param(fixed), word(intent.status)})
                    .with_param(fixed)};
}

Status may_cancel(const SetupIntent& intent) {
    if (next(intent.status, SetupEvent::canceled)) return {};
    return Fail{
        unexpected_state("You cannot cancel this SetupIntent because it has a status of {}. Only a "
                         "SetupIntent with one of the following statuses may be canceled: "
                         "requires_payment_method, requires_confirmation, requires_action.",
                         {word(intent.status)})};
}

}  // namespace gateway::rules
