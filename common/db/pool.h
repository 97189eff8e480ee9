// PostgreSQL from coroutines: libpqxx on its own threads, one connection a thread, awaited. Only folders called
// store/ include this and hold SQL.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <unordered_set>

#include <pqxx/pqxx>

#include "common/metrics.h"
#include "common/runtime.h"
#include "common/task.h"

namespace common::db {

// A statement has a name so that it is prepared once a connection. Declare them as constants of a .cpp:
//   constexpr Statement find_charge{"find_charge", "SELECT … WHERE account_id = $1 AND id = $2"};
struct Statement {
    const char* name;
    const char* sql;
};

// ciphertext or another binary value as a parameter (bytea)
pqxx::binarystring bytes(std::span<const std::uint8_t> data);
std::vector<std::uint8_t> bytes(const pqxx::field& field);

// One transaction: BEGIN; SET LOCAL … sent before the first statement, COMMIT after the job.
class Transaction {
  public:
    template <class... Args>
    pqxx::result exec(const Statement& statement, Args&&... args) {
        prepare(statement);
        return work_->exec_prepared(statement.name, std::forward<Args>(args)...);
    }
    pqxx::result exec_raw(const std::string& sql) { return work_->exec(sql); }  // SET LOCAL, DDL; constants only

  private:
    friend class Pool;
    Transaction(pqxx::connection& connection, pqxx::dbtransaction& work, std::unordered_set<std::string>& prepared)
        : connection_{&connection}, work_{&work}, prepared_{&prepared} {}
    void prepare(const Statement& statement);
    pqxx::connection* connection_;
    pqxx::dbtransaction* work_;
    std::unordered_set<std::string>* prepared_;
};

class Pool {
  public:
    struct Options {
        std::string url;                    // libpq URI or key=value; the password in a file named by `passfile`
        std::string passfile;               // libpq password file (0600); "" = none
        std::string name = "portcullis";    // application_name
        unsigned connections = 4;
        std::size_t queue_max = 1024;
        std::chrono::milliseconds statement_timeout{5000};
        std::chrono::milliseconds lock_timeout{2000};
    };
    Pool(Options options, Metrics& metrics);
    ~Pool();

    // Runs job(tx) in one transaction. The job's error rolls back and is returned. Then, by what PostgreSQL said:
    //   40001, 40P01                       rolled back; run again, up to 5 times, while the deadline allows
    //   55P03                              429 lock_timeout, Cause::lock_timeout, should_retry
    //   lost before COMMIT, 57P0x, 25006   connection dropped, run again until the deadline, then 503 unavailable
    //   lost during COMMIT                 Cause::outcome_unknown: read the row that the transaction would have written
    //   57014                              503, Cause::deadline_exceeded
    //   23505                              Cause::conflict (write ON CONFLICT instead where it can happen)
    //   anything else                      500, logged with its SQLSTATE
    // The job may run more than once and must have no effect outside the transaction.
    template <class Job, class R = std::invoke_result_t<Job&, Transaction&>>
    asio::awaitable<R> transaction(Job job, Deadline deadline = Deadline::in(std::chrono::seconds{10})) {
        auto task = [this, inner = std::move(job), deadline]() mutable -> R { return run_blocking<R>(inner, deadline); };
        co_return co_await workers_.run(std::move(task), deadline);
    }
    // The same on the calling thread, for start-up code and tests. Never from an I/O thread.
    template <class Job, class R = std::invoke_result_t<Job&, Transaction&>>
    R transaction_blocking(Job job, Deadline deadline = Deadline::in(std::chrono::seconds{10})) {
        return run_blocking<R>(job, deadline);
    }
    std::size_t waiting() const { return workers_.waiting(); }

  private:
    template <class R, class Job>
    R run_blocking(Job& job, Deadline deadline) {
        R outcome{};
        auto body = [&](Transaction& tx) -> bool {
            outcome = job(tx);
            return outcome.has_value();
        };
        if (auto failed = attempt(body, deadline)) return R{std::unexpected{*std::move(failed)}};
        return outcome;
    }
    // true = commit. The error of the attempt itself, or nothing.
    std::optional<Error> attempt(const std::function<bool(Transaction&)>& body, Deadline deadline);

    struct Impl;
    std::unique_ptr<Impl> impl_;
    BlockingPool workers_;
};

}  // namespace common::db
