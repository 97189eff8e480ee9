#include "vault/commands/toolbox.h"

#include <iostream>
#include <thread>

#include <pwd.h>
#include <unistd.h>

#include "vault/settings.h"

namespace vault::commands {
namespace {

constexpr std::chrono::seconds record_max{10};

// Who typed the command: also under sudo, when root says so.
std::string user_name() {
    const char* before_sudo = ::getuid() == 0 ? std::getenv("SUDO_USER") : nullptr;
    if (before_sudo != nullptr && *before_sudo != '\0') return std::string{before_sudo} + " (as root)";
    const auto* entry = ::getpwuid(::getuid());
    return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

}  // namespace

void complain(const common::Error& error) {
    std::cerr << "portcullis-vault: " << (error.log_detail().empty() ? error.message() : error.log_detail())
              << '\n';
}

Toolbox::Toolbox(const common::Config& config, audit::Caller caller, std::unique_ptr<common::Metrics> metrics,
                 std::unique_ptr<hsm::Hsm> hsm)
    : metrics_{std::move(metrics)},
      caller_{std::move(caller)},
      hsm_{std::move(hsm)},
      pool_{audit_pool_options(config), *metrics_},
      log_{operator_audit_options(config, caller_.actor), pool_, *hsm_, clock_, *metrics_} {}

common::Result<std::unique_ptr<Toolbox>> Toolbox::open(const common::Config& config,
                                                       std::vector<hsm::KeyRef> required) {
    auto metrics = std::make_unique<common::Metrics>();
    auto hsm = hsm::Hsm::open(hsm_options(config), std::move(required), *metrics);
    if (!hsm) return common::Fail{std::move(hsm).error()};
    std::unique_ptr<Toolbox> toolbox{new Toolbox{
        config, {"operator:" + user_name(), "command line"}, std::move(metrics), std::move(*hsm)}};
    if (const auto started = toolbox->log_.start(); !started) return common::Fail{started.error()};
    return toolbox;
}

common::Result<bool> Toolbox::record(std::string action, std::string object, audit::Outcome outcome,
                                     std::string detail) {
    audit::Entry entry{caller_.actor,  std::move(action), std::move(object),
                       caller_.origin, outcome,           std::move(detail)};
    return wait(log_.record(std::move(entry), common::Deadline::in(record_max)));
}

void Toolbox::wait_until_covered() const {
    constexpr int tries_max = 150;
    for (int tries = 0; tries < tries_max && log_.health().lag.count() > 0; ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
}

}  // namespace vault::commands
