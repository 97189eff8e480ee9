// PostgreSQL from coroutines: libpqxx on its own threads, one connection a thread, awaited. Only folders
// called store/ include this and hold SQL.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

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

// Where COPY puts rows, as a constant of a .cpp.
template <std::size_t Columns>
struct CopyTarget {
    using Row = std::array<std::string, Columns>;  // values in PostgreSQL's text form
    const char* table;
    std::array<std::string, Columns> columns;
};

// ciphertext or another binary value as a parameter (bytea)
pqxx::binarystring bytes(std::span<const std::uint8_t> data);
std::string bytes_text(std::span<const std::uint8_t> data);  // the same, for CopyTarget
std::vector<std::uint8_t> bytes(const pqxx::field& field);

// One transaction: BEGIN; SET LOCAL … sent before the first statement, COMMIT after the job. An error of
// PostgreSQL throws and leaves the transaction failed: only rollback_to() lets a job that caught it go on.
class Transaction {
  public:
    template <class... Args>
    pqxx::result exec(const Statement& statement, Args&&... args) {
        begin_if_needed(statement.name);
        prepare(statement);
        auto result = work_->exec_prepared(statement.name, std::forward<Args>(args)...);
        failed_ = false;
        return result;
    }
    // A statement put together for one use, planned with its values; `name` is for logs. The text is made of
    // constants, whatever came from outside is among the values.
    template <class... Args>
    pqxx::result exec_once(const Statement& statement, Args&&... args) {
        begin_if_needed(statement.name);
        auto result = work_->exec_params(statement.sql, std::forward<Args>(args)...);
        failed_ = false;
        return result;
    }
    // Many rows for the price of a few; none may be there already (23505).
    template <std::size_t Columns>
    void copy(const CopyTarget<Columns>& target, const std::vector<std::array<std::string, Columns>>& rows) {
        begin_if_needed(target.table);
        pqxx::stream_to stream{*work_, target.table, target.columns};
        for (const auto& row : rows)
            stream << row;
        stream.complete();
        failed_ = false;
    }
    pqxx::result exec_raw(const std::string& sql);  // DDL and the like; constants only

    // Names are of [a-z0-9_]. What followed the savepoint is undone, and the transaction is usable again.
    void savepoint(std::string_view name);
    void rollback_to(std::string_view name);
    // SET LOCAL name = 'value', for row-level security; name of [a-z0-9_.], value of [A-Za-z0-9_-]. Anything
    // else throws std::invalid_argument.
    void set_local(std::string_view name, std::string_view value);
    void set_local(std::string_view name, std::int64_t value) {
        set_local(name, std::string_view{std::to_string(value)});
    }

    // Called on this thread once the transaction is committed, or may have been; not when it is rolled back.
    void after_commit(std::function<void()> then) { after_commit_.push_back(std::move(then)); }

    bool is_failed() const { return failed_; }
    const char* statement() const { return statement_.c_str(); }  // name of the last one, for logs

  private:
    friend class Pool;
    friend class Session;
    using Prepared = std::unordered_map<std::string, std::string>;  // SQL by name
    Transaction(pqxx::connection& connection, pqxx::transaction_base& work, Prepared& prepared,
                std::string begin_sql)
        : connection_{&connection}, work_{&work}, prepared_{&prepared}, begin_sql_{std::move(begin_sql)} {}
    void begin_if_needed(const char* statement);
    void prepare(const Statement& statement);
    pqxx::connection* connection_;
    pqxx::transaction_base* work_;
    Prepared* prepared_;
    std::string begin_sql_;
    std::vector<std::function<void()>> after_commit_;
    std::string statement_;
    bool begun_ = false;
    bool failed_ = false;
};

class Pool {
  public:
    struct Options {
        std::string url;       // libpq URI or key=value; the password in a file named by `passfile`
        std::string passfile;  // libpq password file (0600); "" = none
        std::string name = "portcullis";  // application_name
        unsigned connections = 4;
        std::size_t queue_max = 1024;
        std::chrono::milliseconds statement_timeout{5000};
        std::chrono::milliseconds lock_timeout{2000};
        std::chrono::milliseconds commit_max{5000};  // then the socket is closed and the outcome is unknown
    };
    // Connects when first used. Throws std::invalid_argument for a malformed URL.
    Pool(Options options, Metrics& metrics);
    ~Pool();

    // Runs job(tx) in one transaction. The job's error rolls back and is returned. Then, by what PostgreSQL
    // said:
    // clang-format off
    //   40001, 40P01                      rolled back; run again, up to 5 times, while the deadline allows
    //   55P03                             429 lock_timeout, Cause::lock_timeout, should_retry
    //   lost before COMMIT, 57P0x, 25006  connection dropped; run again until the deadline, then 503
    //   lost during COMMIT                503, Cause::outcome_unknown: read the row that it would have written
    //   57014                             503, Cause::deadline_exceeded
    //   23505                             Cause::conflict (write ON CONFLICT instead where it can happen)
    //   anything else                     500, logged with its SQLSTATE
    // clang-format on
    // The job may run more than once and must have no effect outside the transaction.
    template <class Job, class R = std::invoke_result_t<Job&, Transaction&>>
    asio::awaitable<R> transaction(Job job, Deadline deadline = Deadline::in(std::chrono::seconds{10})) {
        auto task = [this, inner = std::move(job), deadline,
                     since = std::chrono::steady_clock::now()]() mutable -> R {
            count_wait(since);
            return run_blocking<R>(inner, deadline);
        };
        co_return co_await workers_.run(std::move(task), deadline);
    }
    // For a job that only reads: it has what it wanted before COMMIT, so nothing hangs on how that ends.
    template <class Job, class R = std::invoke_result_t<Job&, Transaction&>>
    asio::awaitable<R> read(Job job, Deadline deadline = Deadline::in(std::chrono::seconds{10})) {
        auto found = std::make_shared<std::optional<R>>();
        auto noting = [found, inner = std::move(job)](Transaction& tx) mutable -> R {
            return found->emplace(inner(tx));
        };
        auto outcome = co_await transaction(std::move(noting), deadline);
        if (outcome || outcome.error().cause() != Cause::outcome_unknown || !*found) co_return outcome;
        co_return **std::move(found);
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
    void count_wait(std::chrono::steady_clock::time_point since);
    // true = commit. The error of the attempt itself, or nothing.
    std::optional<Error> attempt(const std::function<bool(Transaction&)>& body, Deadline deadline);

    struct Impl;
    std::unique_ptr<Impl> impl_;
    BlockingPool workers_;
};

}  // namespace common::db
