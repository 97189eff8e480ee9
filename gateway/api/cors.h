// Cross-origin calls: any page may call what a publishable key may call; nothing else is open.
#pragma once

#include "common/http/message.h"

namespace gateway::api {

common::http::Response preflight();
void allow_any_origin(common::http::Headers& headers);

}  // namespace gateway::api
