#pragma once

#include <string_view>

#include "common/error.h"
#include "gateway/scope.h"

namespace gateway {

// resource_missing, with a hint when the object exists in the other mode: 404 for an id of the path, 400 for
// one of a parameter (`param` names it). `kind` as in "No such payment_intent: 'pi_…'".
common::Error no_such(common::Text kind, std::string_view id, const Scope& scope, bool in_other_mode,
                      std::string_view param = {});

}  // namespace gateway
