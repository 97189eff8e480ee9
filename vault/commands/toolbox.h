// What every command of an operator works with: HSM, database, and the audit log in the operators' stream.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "common/clock.h"
#include "common/config.h"
#include "common/db/pool.h"
#include "common/metrics.h"
#include "hsm/hsm.h"
#include "vault/audit/caller.h"
#include "vault/audit/log.h"

namespace vault::commands {

inline constexpr int exit_bad = 1, exit_unknown = 2;

// Adds --config and --set to a command.
using AddOptions = std::function<void(CLI::App*)>;

// On standard error; the same text as the log's.
void complain(const common::Error& error);

class Toolbox {
  public:
    // Opens the HSM and begins to open the audit log. `required`: keys that the command cannot do without.
    static common::Result<std::unique_ptr<Toolbox>> open(const common::Config& config,
                                                         std::vector<hsm::KeyRef> required = {});

    // Blocks until the task has ended.
    template <class T>
    common::Result<T> wait(common::Task<T> task) {
        std::optional<common::Result<T>> answer;
        boost::asio::co_spawn(io_, std::move(task),
                              [&](const std::exception_ptr& thrown, common::Result<T> result) {
                                  if (thrown) std::rethrow_exception(thrown);
                                  answer.emplace(std::move(result));
                              });
        io_.restart();
        io_.run();
        return std::move(*answer);
    }
    // Records an act of whoever runs the command; nothing of it may happen after an error.
    common::Result<bool> record(std::string action, std::string object, audit::Outcome outcome,
                                std::string detail = "");

    // The entries about the command itself get their checkpoint before the log is looked at.
    void wait_until_covered() const;

    hsm::Hsm& hsm() { return *hsm_; }
    common::db::Pool& pool() { return pool_; }
    audit::Log& log() { return log_; }
    common::Metrics& metrics() { return *metrics_; }
    const common::Clock& clock() const { return clock_; }
    const audit::Caller& caller() const { return caller_; }  // "operator:" and the name of the user

  private:
    Toolbox(const common::Config& config, audit::Caller caller, std::unique_ptr<common::Metrics> metrics,
            std::unique_ptr<hsm::Hsm> hsm);

    boost::asio::io_context io_{1};
    std::unique_ptr<common::Metrics> metrics_;
    common::SystemClock clock_;
    audit::Caller caller_;
    std::unique_ptr<hsm::Hsm> hsm_;
    common::db::Pool pool_;
    audit::Log log_;
};

}  // namespace vault::commands
