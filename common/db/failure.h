// What a failed database call means for the transaction it was part of.
#pragma once

#include <exception>
#include <string>

#include "common/error.h"

namespace common::db {

enum class FailureKind : std::uint8_t {
    serialization,    // 40001, 40P01: rolled back, worth another run
    lock_timeout,     // 55P03
    lost,             // connection lost or server not writable before COMMIT: rolled back
    timed_out,        // 57014
    conflict,         // 23505
    outcome_unknown,  // lost while COMMIT was under way
    stale_plan,       // a prepared statement no longer fits the schema
    other,
};

struct Failure {
    FailureKind kind;
    std::string sqlstate;   // "" when libpqxx kept none
    std::string exception;  // type, for what did not come from PostgreSQL
};

enum class Phase : std::uint8_t { before_commit, commit };

Failure classify(const std::exception_ptr& caught, Phase phase);
Error error_of(const Failure& failure);
std::string_view to_string(FailureKind kind);  // label of db_transactions_total

}  // namespace common::db
