// Forward-only schema migrations: files NNNN_tables.sql, NNNN_distribute.sql (run on Citus only) and
// NNNN_foreign_keys.sql of a directory, each in a transaction of its own, recorded with the SHA-256 of its
// text.
#pragma once

#include <string>

#include "common/result.h"

namespace common::db {

// Applies what is missing, as the role that owns the schema. A file that changed after it was applied is an
// error that names it. Returns how many files were applied. Several processes may call it at once: one works,
// others wait.
Result<int> migrate(const std::string& database_url, const std::string& directory);

}  // namespace common::db
