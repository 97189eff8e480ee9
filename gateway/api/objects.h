// Objects by their ids, for expand[].
#pragma once

#include "gateway/api/expand.h"
#include "gateway/api/renderer.h"

namespace gateway::api {

// Replaces the ids at the paths of `expansion` by the objects that they name, one query a path and kind
// whatever the size of a list. What is null, or of a kind that is not kept here, stays as it is.
void expand_ids(store::Transaction& tx, const Scope& scope, const Style& style, const Expansion& expansion,
                boost::json::object& body);

}  // namespace gateway::api
