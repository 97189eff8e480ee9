#include "common/db/failure.h"

#include <cstdlib>
#include <typeinfo>

#include <pqxx/except>

namespace common::db {
namespace {

FailureKind kind_of_sqlstate(std::string_view state) {
    if (state == "55P03") return FailureKind::lock_timeout;
    if (state == "57014") return FailureKind::timed_out;
    if (state == "23505") return FailureKind::conflict;
    if (state == "40001" || state == "40P01") return FailureKind::serialization;
    if (state == "26000") return FailureKind::stale_plan;
    if (state == "0A000") return FailureKind::stale_plan;
    // Shutting down, starting, read-only, out of connections, terminated while idle: another connection may
    // do.
    if (state.starts_with("57P") || state.starts_with("08") || state == "25006" || state == "53300" ||
        state == "25P03")
        return FailureKind::lost;
    return FailureKind::other;
}

Failure before_commit(const std::exception_ptr& caught) {
    try {
        std::rethrow_exception(caught);
    } catch (const pqxx::serialization_failure&) {
        return {FailureKind::serialization, "40001", ""};
    } catch (const pqxx::deadlock_detected&) {
        return {FailureKind::serialization, "40P01", ""};
    } catch (const pqxx::statement_completion_unknown&) {
        return {FailureKind::outcome_unknown, "40003", ""};
    } catch (const pqxx::broken_connection&) {
        return {FailureKind::lost, "", ""};
    } catch (const pqxx::in_doubt_error&) {
        return {FailureKind::outcome_unknown, "", ""};
    } catch (const pqxx::sql_error& e) {
        return {kind_of_sqlstate(e.sqlstate()), e.sqlstate(), ""};
    } catch (const std::exception& e) {
        return {FailureKind::other, "", typeid(e).name()};
    } catch (...) {
        return {FailureKind::other, "", "unknown"};
    }
}

}  // namespace

Failure classify(const std::exception_ptr& caught, Phase phase) {
    auto failure = before_commit(caught);
    if (phase == Phase::before_commit) return failure;
    // XX000 is how a distributed PostgreSQL reports that one of its shards did not commit.
    const bool decided =
        failure.kind != FailureKind::lost && !failure.sqlstate.empty() && failure.sqlstate != "XX000";
    if (!decided) failure.kind = FailureKind::outcome_unknown;
    return failure;
}

Error error_of(const Failure& failure) {
    const auto state = Safe::id(failure.sqlstate);
    switch (failure.kind) {
        case FailureKind::lock_timeout:
            return Error{
                429, ErrorType::invalid_request, "lock_timeout",
                "This object cannot be accessed right now because another request is using it. Try again."}
                .with_cause(Cause::lock_timeout)
                .with_retry(true);
        case FailureKind::conflict:
            return Error{409, ErrorType::invalid_request, "",
                         "The object was changed by another request at the same moment."}
                .with_cause(Cause::conflict);
        case FailureKind::serialization:
            return Error::unavailable("transactions kept colliding");
        case FailureKind::lost:
            return Error::unavailable("database connection lost");
        case FailureKind::timed_out:
            return Error::unavailable("statement timed out", Cause::deadline_exceeded);
        case FailureKind::outcome_unknown:
            return Error::unavailable("connection lost during commit", Cause::outcome_unknown);
        case FailureKind::stale_plan:
        case FailureKind::other:
            return failure.exception.empty()
                       ? Error::internal("database error, SQLSTATE {}", {state})
                       : Error::internal("exception {} in a transaction", {Safe::param(failure.exception)});
    }
    std::abort();
}

std::string_view to_string(FailureKind kind) {
    switch (kind) {
        case FailureKind::serialization:
            return "serialization";
        case FailureKind::lock_timeout:
            return "lock_timeout";
        case FailureKind::lost:
            return "lost";
        case FailureKind::timed_out:
            return "timed_out";
        case FailureKind::conflict:
            return "conflict";
        case FailureKind::outcome_unknown:
            return "outcome_unknown";
        case FailureKind::stale_plan:
            return "stale_plan";
        case FailureKind::other:
            return "failed";
    }
    std::abort();
}

}  // namespace common::db
