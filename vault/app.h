// The vault put together, and what runs on which thread.
#pragma once

#include <memory>

#include "common/config.h"
#include "common/metrics.h"
#include "common/result.h"

namespace vault {

// Brings the schema up to date as the role of database.owner_url. How many files were applied.
common::Result<int> migrate(const common::Config& config);
// Reads every file that the configuration names, without starting anything.
common::Status check_files(const common::Config& config);

class App {
  public:
    // Opens HSM, database pool, tables and TLS files; nothing listens yet.
    static common::Result<std::unique_ptr<App>> make(const common::Config& config, common::Metrics& metrics);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    // Starts the listeners and the link to the acquirer; the port that was bound.
    common::Result<unsigned short> start();
    // Runs until `stop`, or SIGTERM when signals are handled.
    void run();
    void handle_signals();
    // Lets requests end, then makes `run` return. From any thread.
    void stop();
    void reload();

  private:
    struct Impl;
    explicit App(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace vault
