// portcullis-hsm: sets a token up for the vault and checks it; what custodians do is in hsm/commands/.
#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "common/crypto.h"
#include "common/log.h"
#include "common/runtime.h"
#include "hsm/commands/command.h"
#include "hsm/provision.h"

namespace {

namespace json = boost::json;

struct Arguments {
    hsm::TokenSetup setup;
    std::vector<std::string> wanted;
    bool as_json = false;
};

int fail(const common::Error& error) {
    std::cerr << "portcullis-hsm: " << (error.log_detail().empty() ? error.message() : error.log_detail())
              << '\n';
    return 1;
}

const char* to_string(hsm::Made made) {
    return made == hsm::Made::made ? "made" : "kept";
}

int init(const Arguments& given, common::Metrics& metrics) {
    const auto done = hsm::init_token(given.setup, metrics);
    if (!done) return fail(done.error());
    std::cout << to_string(*done) << " token " << given.setup.token_label << '\n';
    return 0;
}

int make_keys(const Arguments& given, common::Metrics& metrics) {
    std::vector<hsm::KeyRef> wanted;
    for (const auto& label : given.wanted) {
        const auto key = hsm::key_of_label(label);
        if (!key)
            return fail(
                common::Error::internal("{} is not the label of a key", {common::Safe::param(label)}));
        wanted.push_back(*key);
    }
    const auto report = hsm::make_keys(given.setup, wanted, metrics);
    if (!report) return fail(report.error());
    json::array all;
    for (const auto& one : *report) {
        const auto& kind = hsm::kind_of(one.key.purpose);
        all.push_back(json::object{{"label", hsm::label_of(one.key)},
                                   {"id", one.id},
                                   {"algorithm", kind.seals ? "AES-256-GCM" : "HMAC-SHA-256"},
                                   {"location", given.setup.token_label},
                                   {"result", to_string(one.made)}});
        if (!given.as_json)
            std::cout << to_string(one.made) << ' ' << hsm::label_of(one.key) << ' ' << one.id << '\n';
    }
    if (given.as_json) std::cout << json::serialize(all) << '\n';
    return 0;
}

// The findings by themselves, then the vault's own way to open the token with its self-test.
int check(const Arguments& given, common::Metrics& metrics) {
    const auto audit = hsm::audit_keys(given.setup, metrics);
    if (!audit) return fail(audit.error());
    std::vector<std::string> findings = audit->findings;
    std::vector<hsm::KeyRef> required;
    for (const auto& kind : hsm::all_kinds()) {
        const bool there = std::ranges::any_of(
            audit->keys, [&](const auto& entry) { return entry.first.purpose == kind.purpose; });
        if (!there)
            findings.push_back(std::string{kind.name} + ": no sound key; make it with: portcullis-hsm keys");
    }
    if (findings.empty()) {
        const auto opened = hsm::Hsm::open({.module = given.setup.module,
                                            .token_label = given.setup.token_label,
                                            .pin_file = given.setup.pin_file,
                                            .profile_file = given.setup.profile_file,
                                            .directory = given.setup.directory},
                                           required, metrics);
        if (!opened) findings.push_back(opened.error().log_detail());
    }
    if (given.as_json) {
        json::array keys;
        for (const auto& entry : audit->keys)
            keys.emplace_back(hsm::label_of(entry.first));
        std::cout << json::serialize(json::object{{"sound", findings.empty()},
                                                  {"keys", std::move(keys)},
                                                  {"findings", json::value_from(findings)}})
                  << '\n';
    } else {
        for (const auto& finding : findings)
            std::cout << finding << '\n';
        if (findings.empty()) std::cout << audit->keys.size() << " keys, all as they must be\n";
    }
    return findings.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments given;
    CLI::App app{"Sets up the HSM of Portcullis. SOFTHSM2_CONF names the configuration of SoftHSM2."};
    app.require_subcommand(1);
    const auto token_options = [&](CLI::App* command) {
        command->add_option("--module", given.setup.module, "PKCS#11 library")->required();
        command->add_option("--token-label", given.setup.token_label, "Label of the token")->required();
        command->add_option("--pin-file", given.setup.pin_file, "File with the user PIN, mode 0600")
            ->required();
        command->add_option("--profile", given.setup.profile_file,
                            "What this module does otherwise, as in hsm/profiles/nss.toml");
        command->add_option("--directory", given.setup.directory,
                            "Directory of the token, where the profile asks for one");
    };
    auto* init_command = app.add_subcommand("init", "Initialise a free slot, unless the token is there");
    token_options(init_command);
    init_command->add_option(
        "--so-pin-file", given.setup.so_pin_file,
        "File with the security officer's PIN, mode 0600; without it a random one is thrown away");
    auto* keys_command = app.add_subcommand("keys", "Make the keys that are missing, and list all");
    auto* check_command = app.add_subcommand("check", "Audit every object and test the keys");
    keys_command->add_option("--make", given.wanted, "Label of a further key, as in KEK-card-v2; repeatable");
    for (auto* command : {keys_command, check_command}) {
        token_options(command);
        command->add_flag("--json", given.as_json, "As JSON");
    }
    auto commands = hsm::commands::add_custodian(app);
    std::ranges::move(hsm::commands::add_ceremonies(app), std::back_inserter(commands));
    CLI11_PARSE(app, argc, argv);
    common::log::open("hsm", "warning");
    if (const auto hardened = common::harden_process(); !hardened) return fail(hardened.error());
    for (const auto& command : commands)
        if (command.app->parsed()) {
            const auto done = command.run();
            return done ? 0 : fail(done.error());
        }
    common::Metrics metrics;
    if (init_command->parsed()) return init(given, metrics);
    if (keys_command->parsed()) return make_keys(given, metrics);
    return check(given, metrics);
}
