// portcullis-acquirer serve | check | reference | message decode | message encode
#include <iostream>

#include <CLI/CLI.hpp>

#include "common/crypto.h"
#include "common/log.h"
#include "common/runtime.h"
#include "gateway/simulator/message_tool.h"
#include "gateway/simulator/service.h"

namespace {

constexpr int exit_failure = 1, exit_usage = 2;

int report(const common::Error& error) {
    common::log::failure("acquirer cannot go on", error);
    common::log::flush();
    std::cerr << "portcullis-acquirer: "
              << (error.log_detail().empty() ? error.message() : error.log_detail()) << '\n';
    return exit_failure;
}

struct MessageArguments {
    std::string profile = "GW87A", mac_key_file;
    bool show_pan = false, layout_only = false;
};

int translate(bool encode, const MessageArguments& given) {
    simulator::ToolOptions options;
    options.profile =
        given.profile == "GW87B" ? vault::iso8583::Profile::gw87b : vault::iso8583::Profile::gw87a;
    options.show_pan = given.show_pan;
    options.layout_only = given.layout_only;
    if (!given.mac_key_file.empty()) {
        const auto text = common::read_secret_file(given.mac_key_file);
        if (!text) return report(text.error());
        const auto key = common::crypto::from_hex(text->text());
        if (!key || key->size() != 16) {
            std::cerr << "portcullis-acquirer: the MAC key is no sixteen bytes in hexadecimal\n";
            return exit_usage;
        }
        options.mac_key = common::SecretBytes::copy_of(*key);
    }
    simulator::run_message_tool(encode, options);
    return 0;
}

int run_service(const common::Config::Sources& sources, bool only_check) {
    const auto config = common::Config::load(simulator::config_keys(), sources);
    if (!config) {
        for (const auto& problem : config.error())
            std::cerr << "portcullis-acquirer: " << problem << '\n';
        return exit_usage;
    }
    common::log::open("acquirer", config->text("log.level"));
    const auto done = only_check ? simulator::check(*config) : simulator::serve(*config);
    if (!done) return report(done.error());
    if (only_check) std::cout << "The configuration is valid.\n";
    common::log::flush();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto hardened = common::harden_process();
    CLI::App cli{"The sandbox's acquirer, card network and issuer, and a translator of ISO 8583 messages."};
    cli.require_subcommand(0, 1);
    common::Config::Sources sources;
    bool only_check = false;
    const auto add_options = [&](CLI::App* command) {
        command->add_option("--config", sources.file, "TOML file");
        command
            ->add_option("--set", sources.settings,
                         "section.key=value, over the file and the environment; may be repeated")
            ->allow_extra_args(false);
    };
    add_options(&cli);
    cli.add_flag("--check", only_check, "Validate the configuration and end");
    auto* const serve_command = cli.add_subcommand("serve", "Answer requests until SIGTERM");
    auto* const check_command = cli.add_subcommand("check", "Validate the configuration and end");
    for (auto* const command : {serve_command, check_command})
        add_options(command);

    auto* const reference_command =
        cli.add_subcommand("reference", "Print the configuration keys as a Markdown table");

    MessageArguments given;
    auto* const message_command =
        cli.add_subcommand("message", "Translate messages on standard input, one a line");
    message_command->require_subcommand(1);
    auto* const decode_command = message_command->add_subcommand("decode", "Hexadecimal to JSON");
    auto* const encode_command = message_command->add_subcommand("encode", "JSON to hexadecimal");
    for (auto* const command : {decode_command, encode_command}) {
        command->add_option("--profile", given.profile, "GW87A (ASCII) or GW87B (BCD and binary)")
            ->check(CLI::IsMember({"GW87A", "GW87B"}));
        command->add_flag("--show-pan", given.show_pan, "Do not mask card data");
        command->add_flag("--layout-only", given.layout_only,
                          "Leave out value formats, mandatory fields, TLV and semantics");
        command->add_option("--mac-key-file", given.mac_key_file,
                            "AES-128 key in hexadecimal, mode 0600: verify or write the authentication code");
    }
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : exit_usage;
    }
    if (*reference_command) {
        std::cout << common::config_reference(simulator::config_keys());
        return 0;
    }
    if (*message_command) return translate(encode_command->parsed(), given);
    if (only_check || *check_command) return run_service(sources, true);
    if (!*serve_command) {
        std::cerr << cli.help();
        return exit_usage;
    }
    if (!hardened) return report(hardened.error());
    return run_service(sources, false);
}
