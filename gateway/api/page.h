// Pages for browsers.
#pragma once

#include <string_view>

#include "common/http/message.h"

namespace gateway::api {

// An HTML page with this title as its heading, too; `content` is HTML. Neither is escaped.
common::http::Response html_page(int status, std::string_view title, std::string_view content);

}  // namespace gateway::api
