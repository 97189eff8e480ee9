// The toolbox of an operator and the custodians, for commands that change something.
#pragma once

#include "vault/commands/toolbox.h"
#include "vault/keys/custodians.h"

namespace vault::commands {

// Runs a task to its end on the calling thread.
template <class T>
common::Result<T> wait_for(common::Task<T> task) {
    static boost::asio::io_context io{1};  // outlives the audit log, which comes back to it
    std::optional<common::Result<T>> outcome;
    boost::asio::co_spawn(io, std::move(task),
                          [&](const std::exception_ptr& thrown, common::Result<T> result) {
                              if (thrown) std::rethrow_exception(thrown);
                              outcome.emplace(std::move(result));
                          });
    io.restart();
    io.run();
    return std::move(*outcome);
}

class Workplace {
  public:
    static common::Result<std::unique_ptr<Workplace>> open(const common::Config& config);

    hsm::Hsm& hsm() { return tools_->hsm(); }
    common::db::Pool& pool() { return tools_->pool(); }
    audit::Trail& trail() { return tools_->log(); }
    common::Metrics& metrics() { return tools_->metrics(); }
    const common::Clock& clock() const { return tools_->clock(); }
    const std::string& operator_name() const { return tools_->caller().actor; }
    keys::Custodians& custodians() { return custodians_; }

  private:
    Workplace(std::unique_ptr<Toolbox> tools, const common::Config& config);
    std::unique_ptr<Toolbox> tools_;
    store::CustodianRows rows_{tools_->pool()};
    keys::Custodians custodians_;
};

}  // namespace vault::commands
