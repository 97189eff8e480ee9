#include "common/db/pool.h"

#include <array>
#include <thread>

#include "common/crypto.h"
#include "common/db/connection.h"
#include "common/db/failure.h"
#include "common/log.h"

namespace common::db {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds work_max{60'000};   // one transaction's time before COMMIT, whatever its deadline
constexpr milliseconds work_grace{1'000};  // the server's own limits come first
constexpr unsigned collisions_max = 5;

milliseconds random_between(milliseconds low, milliseconds high) {
    std::array<std::uint8_t, 4> drawn{};
    crypto::random_bytes(drawn);
    std::uint32_t number = 0;
    for (const auto byte : drawn)
        number = number << 8 | byte;
    return low + milliseconds{number % static_cast<std::uint32_t>((high - low).count() + 1)};
}

// False when the deadline would pass meanwhile.
bool slept(milliseconds pause, Deadline deadline) {
    if (pause >= deadline.left()) return false;
    std::this_thread::sleep_for(pause);
    return true;
}

}  // namespace

struct Pool::Impl {
    Options options;
    Metrics& metrics;
    std::string conninfo;
    Watchdog watchdog;
    std::mutex mutex;
    std::vector<std::unique_ptr<Session>> idle;

    Impl(Options given, Metrics& counted)
        : options{std::move(given)}, metrics{counted}, conninfo{connection_string(options)} {}

    std::unique_ptr<Session> take() {
        {
            const std::lock_guard lock{mutex};
            while (!idle.empty()) {
                auto session = std::move(idle.back());
                idle.pop_back();
                if (session->is_fresh()) return session;
            }
        }
        return std::make_unique<Session>(conninfo, watchdog);
    }

    void give_back(std::unique_ptr<Session> session) {
        session->watch().disarm();
        const std::lock_guard lock{mutex};
        if (idle.size() < options.connections) idle.push_back(std::move(session));
    }

    // The server went away or became read-only: the other connections lead to the same one.
    void drop_idle() {
        std::vector<std::unique_ptr<Session>> dropped;
        const std::lock_guard lock{mutex};
        dropped.swap(idle);
    }

    std::string begin_sql(Deadline deadline) const {
        const auto statement = std::clamp(deadline.left(), milliseconds{1}, options.statement_timeout);
        const auto lock = std::min(options.lock_timeout, statement);
        return "BEGIN; SET LOCAL lock_timeout = " + std::to_string(lock.count()) +
               "; SET LOCAL statement_timeout = " + std::to_string(statement.count());
    }

    void report(const Failure& failure, const char* statement) {
        metrics.count("db_transactions_total", {{"result", to_string(failure.kind)}});
        log::warning("transaction failed", {{"result", Safe::param(to_string(failure.kind))},
                                            {"sqlstate", Safe::id(failure.sqlstate)},
                                            {"statement", Safe::id(statement)},
                                            {"exception", Safe::param(failure.exception)}});
    }

    Failure failed(Phase phase, const char* statement) {
        auto failure = classify(std::current_exception(), phase);
        report(failure, statement);
        return failure;
    }

    // The reason is libpq's text about host, role and database; it never holds the password.
    std::optional<Failure> connect(std::unique_ptr<Session>& session) {
        try {
            session = take();
            return std::nullopt;
        } catch (const std::exception& e) {
            log::error("database connection failed", {{"reason", Safe::param(e.what())}});
            metrics.count("db_transactions_total", {{"result", "no_connection"}});
            return Failure{FailureKind::lost, "", ""};
        }
    }

    // Nothing: committed, or rolled back because the job said so.
    std::optional<Failure> run_once(const std::function<bool(Transaction&)>& body, Deadline deadline) {
        std::unique_ptr<Session> session;
        if (auto failure = connect(session)) return failure;
        const auto steady = Watchdog::Steady::now();
        session->watch().arm(steady + std::min(deadline.left(), work_max) + work_grace);
        auto failure = run_in(*session, body, deadline);
        const bool keep = !failure || failure->kind == FailureKind::lock_timeout ||
                          failure->kind == FailureKind::serialization ||
                          failure->kind == FailureKind::timed_out || failure->kind == FailureKind::conflict ||
                          failure->kind == FailureKind::other;
        if (keep && session->is_same_backend()) give_back(std::move(session));
        return failure;
    }

    std::optional<Failure> run_in(Session& session, const std::function<bool(Transaction&)>& body,
                                  Deadline deadline) {
        try {
            pqxx::nontransaction work{session.connection()};  // throws when the connection was lost meanwhile
            if (!session.is_same_backend())
                throw pqxx::broken_connection{"libpqxx connected again by itself"};
            auto tx = session.begin(work, begin_sql(deadline));
            return run_on(session, work, tx, body);
        } catch (...) {
            return failed(Phase::before_commit, "begin");
        }
    }

    std::optional<Failure> run_on(Session& session, pqxx::transaction_base& work, Transaction& tx,
                                  const std::function<bool(Transaction&)>& body) {
        bool wanted = false;
        try {
            wanted = body(tx);
        } catch (...) {
            auto failure = failed(Phase::before_commit, tx.statement());
            roll_back(work, tx, failure);
            return failure;
        }
        if (wanted && !tx.is_failed()) {
            auto failure = commit(session, work, tx);
            if (!failure || failure->kind == FailureKind::outcome_unknown)
                for (const auto& then : tx.after_commit_)
                    then();
            return failure;
        }
        std::optional<Failure> failure;
        if (wanted) {  // PostgreSQL would answer this COMMIT with a ROLLBACK that looks like success
            failure = Failure{FailureKind::other, "25P02", ""};
            report(*failure, tx.statement());
        } else {
            metrics.count("db_transactions_total", {{"result", "rolled_back"}});
        }
        roll_back(work, tx, failure);
        return failure;
    }

    std::optional<Failure> commit(Session& session, pqxx::transaction_base& work, Transaction& tx) {
        if (!session.is_same_backend()) {
            const Failure failure{FailureKind::lost, "", ""};
            report(failure, tx.statement());
            return failure;
        }
        session.watch().arm(Watchdog::Steady::now() + options.commit_max);
        try {
            if (session.commit(work, tx)) {
                metrics.count("db_transactions_total", {{"result", "committed"}});
                return std::nullopt;
            }
        } catch (...) {
            return failed(Phase::commit, "commit");
        }
        // The only warnings of a COMMIT say that its wait for the synchronous standby was cut short.
        const Failure failure{FailureKind::outcome_unknown, "01000", ""};
        report(failure, "commit");
        return failure;
    }

    // A ROLLBACK that fails leaves nothing to undo, but the connection is lost with it.
    static void roll_back(pqxx::transaction_base& work, const Transaction& tx,
                          std::optional<Failure> failure) {
        if (failure && failure->kind == FailureKind::lost) return;
        try {
            Session::rollback(work, tx);
        } catch (const std::exception&) {
            log::warning("rollback failed");
        }
    }
};

Pool::Pool(Options options, Metrics& metrics)
    : impl_{std::make_unique<Impl>(std::move(options), metrics)},
      workers_{impl_->options.connections, impl_->options.queue_max} {}

Pool::~Pool() = default;

void Pool::count_wait(std::chrono::steady_clock::time_point since) {
    impl_->metrics.observe("db_pool_wait_seconds", std::chrono::steady_clock::now() - since);
}

std::optional<Error> Pool::attempt(const std::function<bool(Transaction&)>& body, Deadline deadline) {
    if (deadline.passed())
        return Error::unavailable("deadline passed before the transaction began", Cause::deadline_exceeded);
    unsigned collisions = 0, losses = 0;
    for (;;) {
        const auto failure = impl_->run_once(body, deadline);
        if (!failure) return std::nullopt;
        if (failure->kind == FailureKind::serialization) {
            if (++collisions <= collisions_max &&
                slept(random_between(milliseconds{10}, milliseconds{200}), deadline))
                continue;
        } else if (failure->kind == FailureKind::lost) {
            impl_->drop_idle();
            // The first time at once: a kept connection may just have been stale.
            const milliseconds pause_max =
                losses == 0 ? milliseconds{0} : milliseconds{50 << std::min(losses, 4U)};
            ++losses;
            if (slept(random_between(milliseconds{0}, pause_max), deadline)) continue;
        }
        return error_of(*failure);
    }
}

}  // namespace common::db
