// portcullis-vault audit verify | show
#pragma once

#include "vault/commands/toolbox.h"

namespace vault::commands {

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

    CLI::App *audit_, *verify_, *show_;
    std::string stream_, checkpoints_, from_, to_, object_, actor_, action_;
    bool as_json_ = false;
};

}  // namespace vault::commands
