// Parts of the pool: how a connection is opened, one open connection, and the guard that ends a call which
// the server or the network leaves hanging.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "common/db/pool.h"

namespace common::db {

// libpq's key='value' form of a URI or key=value text, with time limits, keep-alives and session settings
// where the text has none; they are part of the string because libpqxx may reconnect by itself. Throws
// std::invalid_argument for a malformed text (which is not repeated, since it may hold a password).
std::string connection_string(const Pool::Options& options);

// Shuts down the sockets of calls that outlive their time. A cancel request is never sent: PostgreSQL answers
// a cancelled wait for its synchronous standby with success.
class Watchdog {
  public:
    using Steady = std::chrono::steady_clock;
    Watchdog();
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    class Watch {
      public:
        Watch(Watchdog& owner, int socket);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        void arm(Steady::time_point until) { until_ns_ = until.time_since_epoch().count(); }
        void disarm() { until_ns_ = never; }

      private:
        friend class Watchdog;
        static constexpr Steady::rep never = INT64_MAX;
        Watchdog& owner_;
        int socket_;
        std::atomic<Steady::rep> until_ns_{never};
    };

  private:
    void watch();
    std::mutex mutex_;  // held while a socket is shut down, so that its number cannot have been reused
    std::condition_variable wake_;
    std::list<Watch*> watches_;
    bool ending_ = false;
    std::thread thread_;
};

// One connection with what is prepared on it. Used by one thread at a time, thrown away after any lost call.
class Session {
  public:
    // Throws pqxx::broken_connection.
    Session(const std::string& conninfo, Watchdog& watchdog);
    Watchdog::Watch& watch() { return watch_; }
    bool is_fresh() const;  // young enough to be kept
    bool is_same_backend() const { return connection_.is_open() && connection_.backendpid() == backend_; }

    // One transaction over `work`, which must be this session's.
    Transaction begin(pqxx::transaction_base& work, std::string begin_sql);
    // Sends COMMIT, when anything was begun. False: the server warned, so whether it is kept is unknown.
    bool commit(pqxx::transaction_base& work, const Transaction& tx);
    static void rollback(pqxx::transaction_base& work, const Transaction& tx);
    pqxx::connection& connection() { return connection_; }

  private:
    class NoticeCounter final : public pqxx::errorhandler {
      public:
        explicit NoticeCounter(pqxx::connection_base& connection) : errorhandler{connection} {}
        bool operator()(const char[]) noexcept override {
            ++seen;
            return false;
        }
        int seen = 0;
    };
    pqxx::connection connection_;
    NoticeCounter notices_{connection_};
    std::unordered_map<std::string, std::string> prepared_;
    int backend_;
    Watchdog::Steady::time_point made_ = Watchdog::Steady::now();
    Watchdog::Watch watch_;
};

}  // namespace common::db
