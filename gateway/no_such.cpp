#include "gateway/no_such.h"

namespace gateway {

using common::Cause;
using common::Error;
using common::ErrorType;
using common::Safe;

common::Error no_such(common::Text kind, std::string_view id, const Scope& scope, bool in_other_mode,
                      std::string_view param) {
    const int status = param.empty() ? 404 : 400;
    const auto make = [&](common::Text message) {
        return Error{
            status, ErrorType::invalid_request, "resource_missing", message, {Safe::word(kind), Safe::id(id)}}
            .with_cause(Cause::not_found)
            .with_param(!param.empty()                    ? param
                        : kind.view() == "payment_intent" ? "intent"
                                                          : "id");
    };
    if (!in_other_mode) return make("No such {}: '{}'");
    if (scope.livemode)
        return make(
            "No such {}: '{}'; a similar object exists in test mode, but a live mode key was used to make "
            "this request.");
    return make(
        "No such {}: '{}'; a similar object exists in live mode, but a test mode key was used to make this "
        "request.");
}

}  // namespace gateway
