// portcullis-vault audit verify | show | prune
#pragma once

#include <boost/json/object.hpp>

#include "vault/audit/record.h"
#include "vault/commands/toolbox.h"

namespace vault::commands {

boost::json::object to_json(const audit::Record& record);

struct PruneOrder {
    std::string before, stream, archive;
    bool dry_run = false;
};
// The exit code: 0 done, 1 the log is not sound and nothing was removed, 2 it could not be done.
int prune_audit(const common::Config& config, const PruneOrder& order);

class AuditCommands {
  public:
    AuditCommands(CLI::App& cli, const AddOptions& add_options);
    // Whether the command line names one of them.
    bool chosen() const { return audit_->parsed(); }
    // The exit code. verify: 0 sound, 1 something is bad, 2 cannot tell.
    int run(const common::Config& config) const;

  private:
    int verify(const common::Config& config) const;
    int show(const common::Config& config) const;

    CLI::App *audit_, *verify_, *show_, *prune_;
    PruneOrder order_;
    std::string stream_, checkpoints_, from_, to_, object_, actor_, action_;
    bool as_json_ = false;
};

}  // namespace vault::commands
