// The table of routes as an OpenAPI 3.1 document, so that it cannot say anything else than what is judged by.
#pragma once

#include <string>

namespace gateway::api {

inline constexpr const char* openapi_path = "/v1/openapi.json";

// JSON; made once.
const std::string& openapi_document();

}  // namespace gateway::api
