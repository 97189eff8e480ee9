// Vaults and the simulated acquirer as processes, on one database and one token.
#pragma once

#include "integration/vault/environment.h"
#include "support/process.h"

namespace vault_test {

using support::Process;

inline std::vector<std::string> serve_words(const char* program, const std::vector<std::string>& settings) {
    std::vector<std::string> all{program, "serve"};
    for (const auto& setting : settings)
        all.insert(all.end(), {"--set", setting});
    return all;
}

// Waits until the program has logged the event.
inline unsigned short port_in(const Process& process, std::string_view event) {
    if (!process.says(event)) throw std::runtime_error{"not started: " + process.err()};
    const auto log = process.err();
    constexpr std::string_view mark = "\"port\":\"";
    return static_cast<unsigned short>(std::stoi(log.substr(log.find(mark, log.find(event)) + mark.size())));
}

// The database "vault" anew, a token and an acquirer; vaults as they are asked for.
class Vaults {
  public:
    Vaults() {
        make_database();
        acquirer_.emplace(serve_words(PORTCULLIS_ACQUIRER_PROGRAM, acquirer_settings()));
        acquirer_port_ = port_in(*acquirer_, "\"acquirer ready\"");
    }
    std::unique_ptr<Process> start(const std::string& name) const {
        auto settings = vault_settings(identities, token_);
        std::erase(settings, "acquirer.port=1");
        settings.push_back("acquirer.port=" + std::to_string(acquirer_port_));
        settings.push_back("vault.name=" + name);
        return std::make_unique<Process>(serve_words(PORTCULLIS_VAULT_PROGRAM, settings));
    }
    static unsigned short port_of(const Process& vault) { return port_in(vault, "\"vault listens\""); }

    Identities identities;

  private:
    std::vector<std::string> acquirer_settings() const {
        return {"server.port=0",
                "server.certificate=" + identities.file("acquirer.pem"),
                "server.key=" + identities.file("acquirer.key"),
                "server.ca=" + identities.file("ca.pem"),
                std::string{"simulator.cards_file="} + PORTCULLIS_SIMULATOR_CARDS,
                "simulator.journal_file=" + identities.file("journal")};
    }
    support::SoftHsm token_;
    std::optional<Process> acquirer_;
    unsigned short acquirer_port_ = 0;
};

}  // namespace vault_test
