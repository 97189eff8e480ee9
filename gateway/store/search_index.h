// Metadata as rows that equality finds by an index; written by the tables of searchable resources (table.h)
// in the object's own transaction.
#pragma once

#include <boost/json/object.hpp>

#include "gateway/object.h"
#include "gateway/store/session.h"

namespace gateway::store {

// Writes what differs between the two; `kind` is the object's table. Nothing of an object without metadata.
void index_metadata(Transaction& tx, const char* kind, const Object& object,
                    const boost::json::object& before, const boost::json::object& after);
// Of an object that is removed.
void forget_metadata(Transaction& tx, const Scope& scope, const std::string& id);

}  // namespace gateway::store
