#include "vault/commands/workplace.h"

#include "vault/keys/claim_holder.h"

namespace vault::commands {
namespace {

keys::Custodians::Options options_of(const Toolbox& tools, const common::Config& config) {
    // A command that opens its workplace again goes on with the act that it has claimed.
    static const std::string this_run = keys::new_claim_holder();
    keys::Custodians::Options options;
    options.holder = this_run;
    options.actor = tools.caller().actor;
    options.origin = tools.caller().origin;
    options.anchor_file = config.text("custodians.anchor_file");
    options.life = std::chrono::hours{config.integer("custodians.approval_hours")};
    return options;
}

}  // namespace

Workplace::Workplace(std::unique_ptr<Toolbox> tools, const common::Config& config)
    : tools_{std::move(tools)},
      custodians_{tools_->hsm(), rows_, tools_->clock(), &tools_->log(), options_of(*tools_, config)} {}

common::Result<std::unique_ptr<Workplace>> Workplace::open(const common::Config& config) {
    auto tools = Toolbox::open(config);
    if (!tools) return common::Fail{std::move(tools).error()};
    return std::unique_ptr<Workplace>{new Workplace{std::move(*tools), config}};
}

}  // namespace vault::commands
