// Parameters of a request: the query of a GET, query and form body of a POST.
#pragma once

#include "common/form.h"
#include "common/http/message.h"

namespace gateway::api {

// 400 for a body that is no form, or a malformed one.
common::Result<common::form::Value> form_of(const common::http::Request& request);

}  // namespace gateway::api
