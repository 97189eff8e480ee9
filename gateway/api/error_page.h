// The page that error.doc_url leads to, when the operator names no other: what each code means and what to
// do.
#pragma once

#include "common/http/message.h"

namespace gateway::api {

inline constexpr std::string_view error_page_path = "/docs/errors";

// HTML with an anchor for each code that this gateway sends.
common::http::Response error_page();

}  // namespace gateway::api
