// Parameters of a request: the query of a GET, query and form body of a POST.
#pragma once

#include <optional>

#include "common/form.h"
#include "common/http/message.h"

namespace gateway::api {

// The file of a multipart body.
struct Upload {
    std::string name;          // as claimed
    std::string_view content;  // within the request's body
};

// 400 for a body that is no form, or a malformed one.
common::Result<common::form::Value> form_of(const common::http::Request& request);
// The same of multipart/form-data, whose part `file` goes into `upload`. In the form stand its SHA-256 and
// name instead, so that they count for idempotency.
common::Result<common::form::Value> upload_form_of(const common::http::Request& request,
                                                   std::optional<Upload>& upload);

}  // namespace gateway::api
