// portcullis-hsm ceremony init | recover-so, backup, restore: what takes several custodians at one table.
#include <ctime>
#include <filesystem>
#include <iostream>

#include "common/crypto.h"
#include "hsm/commands/command.h"
#include "hsm/commands/share_collection.h"
#include "hsm/custody/documents.h"
#include "hsm/custody/identity.h"
#include "hsm/custody/token_files.h"

namespace hsm::commands {
namespace {

using common::Error;
using common::Fail;
using common::Safe;
using common::SecretBytes;
using common::Status;
namespace json = boost::json;

struct Arguments {
    TokenSetup setup;
    std::vector<std::string> certificates;
    unsigned threshold = 0;
    std::string out, archive;
    ShareArguments shares;
};

constexpr const char *so_pin_purpose = "so-pin", *backup_purpose = "backup";

Status make_folder(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::create_directory(path, error))
        return Fail{Error::internal("cannot make {}, or it is there already", {Safe::param(path)})};
    return {};
}

// Shares and set reach the disk before what they protect is made: a crash leaves shares of nothing, never a
// secret without shares.
Status write_shares(const std::string& folder, const custody::NewShareSet& made) {
    if (auto written = custody::write_new_file(folder + "/set.json", made.set.text()); !written)
        return written;
    for (const auto& share : made.shares)
        if (auto written = custody::write_new_file(folder + '/' + share.file_name, share.cms); !written)
            return written;
    return {};
}

json::object record_of(const char* ceremony, const custody::ShareSet& set, const Arguments& given,
                       const custody::TokenInfo& token) {
    json::object participants;
    for (const auto& member : set.members)
        participants[member.custodian] = member.fingerprint;
    return {{"document", "portcullis-ceremony-1"},
            {"ceremony", ceremony},
            {"time", custody::utc_text(std::time(nullptr))},
            {"token_label", given.setup.token_label},
            {"token_serial", token.serial},
            {"token_model", token.model},
            {"set", set.id},
            {"set_sha256", common::crypto::to_hex(common::crypto::sha256(set.text()))},
            {"threshold", set.threshold},
            {"participants", std::move(participants)}};
}

Status write_record(const std::string& folder, const json::object& record) {
    const auto text = custody::canonical(record);
    if (!text) return Fail{text.error()};
    if (auto written = custody::write_new_file(folder + "/record.json", *text); !written) return written;
    std::cout << "record to be signed by each: " << folder << "/record.json\n";
    return {};
}

void print_shares(const std::string& folder, const custody::NewShareSet& made) {
    std::cout << made.set.threshold << " of " << made.set.members.size() << " shares open set " << made.set.id
              << ":\n";
    for (std::size_t i = 0; i < made.shares.size(); ++i)
        std::cout << "  " << made.set.members[i].custodian << "  " << folder << '/'
                  << made.shares[i].file_name << '\n';
}

Status initialise(const Arguments& given) {
    common::Metrics metrics;
    auto holders = custody::read_holders(given.certificates);
    if (!holders) return Fail{std::move(holders.error())};
    const auto there = custody::token_info(given.setup, metrics);
    if (there)
        return Fail{Error::internal("there is a token {} already; nothing was changed",
                                    {Safe::param(given.setup.token_label)})};
    if (there.error().cause() != common::Cause::not_found) return Fail{there.error()};
    const auto so_pin = random_pin();
    const auto made = custody::make_share_set(so_pin_purpose, so_pin, given.threshold, *holders);
    if (!made) return Fail{made.error()};
    if (auto folder = make_folder(given.out); !folder) return folder;
    if (auto written = write_shares(given.out, *made); !written) return written;
    if (const auto done = init_token(given.setup, so_pin, metrics); !done) return Fail{done.error()};
    const auto keys = make_keys(given.setup, {}, metrics);
    if (!keys) return Fail{keys.error()};
    const auto token = custody::token_info(given.setup, metrics);
    if (!token) return Fail{token.error()};
    auto record = record_of("initialisation", made->set, given, *token);
    json::object ids;
    for (const auto& key : *keys)
        ids[label_of(key.key)] = key.id;
    record["keys"] = std::move(ids);
    std::cout << "made token " << given.setup.token_label << " with " << keys->size() << " keys\n";
    print_shares(given.out, *made);
    return write_record(given.out, record);
}

Status recover(const Arguments& given) {
    const auto set = read_set(given.shares.set_file);
    if (!set) return Fail{set.error()};
    if (set->purpose != so_pin_purpose)
        return Fail{Error::internal("this set is for {}, not for the security officer's PIN",
                                    {Safe::param(set->purpose)})};
    const auto so_pin = collect_secret(*set, given.shares);
    if (!so_pin) return Fail{so_pin.error()};
    common::Metrics metrics;
    if (auto done = recover_pin(given.setup, *so_pin, metrics); !done) return done;
    std::cout << "token " << given.setup.token_label << " has the user PIN of " << given.setup.pin_file
              << '\n';
    return {};
}

common::Result<custody::TokenInfo> softhsm_token(const TokenSetup& setup, common::Metrics& metrics) {
    auto token = custody::token_info(setup, metrics);
    if (token && token->model.find("SoftHSM") == std::string::npos)
        return Fail{Error::internal(
            "the token is a {} of {}, whose keys do not lie in files: make the backup with the "
            "vendor's tool",
            {Safe::param(token->model), Safe::param(token->manufacturer)})};
    return token;
}

Status back_up(const Arguments& given) {
    common::Metrics metrics;
    auto holders = custody::read_holders(given.certificates);
    if (!holders) return Fail{std::move(holders.error())};
    const auto token = softhsm_token(given.setup, metrics);
    if (!token) return Fail{token.error()};
    const auto tokens = custody::softhsm_token_folder();
    if (!tokens) return Fail{tokens.error()};
    const auto files = custody::read_token(*tokens, token->serial);
    if (!files) return Fail{files.error()};
    SecretBytes key{common::crypto::gcm_key_size};
    common::crypto::random_bytes(key.bytes());
    const auto made = custody::make_share_set(backup_purpose, key, given.threshold, *holders);
    if (!made) return Fail{made.error()};
    const auto archive = custody::seal_archive(*files, made->set.id, key);
    if (!archive) return Fail{archive.error()};
    if (auto folder = make_folder(given.out); !folder) return folder;
    if (auto written = write_shares(given.out, *made); !written) return written;
    const std::string_view text{reinterpret_cast<const char*>(archive->data()), archive->size()};
    if (auto written = custody::write_new_file(given.out + "/token.backup", text); !written) return written;
    auto record = record_of("backup", made->set, given, *token);
    record["archive_sha256"] = common::crypto::to_hex(common::crypto::sha256(*archive));
    std::cout << "backed up token " << given.setup.token_label << " to " << given.out << "/token.backup\n";
    print_shares(given.out, *made);
    return write_record(given.out, record);
}

Status restore(const Arguments& given) {
    const auto set = read_set(given.shares.set_file);
    if (!set) return Fail{set.error()};
    if (set->purpose != backup_purpose)
        return Fail{Error::internal("this set is for {}, not for a backup", {Safe::param(set->purpose)})};
    const auto archive = custody::read_file(given.archive);
    if (!archive) return Fail{archive.error()};
    const auto tokens = custody::softhsm_token_folder();
    if (!tokens) return Fail{tokens.error()};
    const auto key = collect_secret(*set, given.shares);
    if (!key) return Fail{key.error()};
    const auto token = custody::open_archive(*archive, set->id, *key);
    if (!token) return Fail{token.error()};
    if (auto written = custody::write_token(*tokens, *token); !written) return written;
    std::cout << "restored " << *tokens << '/' << token->folder << '\n';
    return {};
}

}  // namespace

std::vector<Command> add_ceremonies(CLI::App& program) {
    const auto given = std::make_shared<Arguments>();
    auto* group =
        program.add_subcommand("ceremony", "Initialise a token, or give it a new PIN, with custodians");
    group->require_subcommand(1);
    auto* init =
        group->add_subcommand("init", "Initialise a token; the security officer's PIN is split, not kept");
    auto* recovery = group->add_subcommand(
        "recover-so", "Set the user PIN anew with the shares of the security officer's PIN");
    auto* backup =
        program.add_subcommand("backup", "Back a SoftHSM2 token up, its key split among custodians");
    auto* restoration = program.add_subcommand("restore", "Restore such a backup with the shares of its key");
    for (auto* command : {init, recovery, backup}) {
        command->add_option("--module", given->setup.module, "PKCS#11 library")->required();
        command->add_option("--token-label", given->setup.token_label, "Label of the token")->required();
        command->add_option("--profile", given->setup.profile_file,
                            "What this module does otherwise, as in hsm/profiles/nss.toml");
        command->add_option("--directory", given->setup.directory,
                            "Directory of the token, where the profile asks for one");
    }
    for (auto* command : {init, recovery})
        command->add_option("--pin-file", given->setup.pin_file, "File with the user PIN to set, mode 0600")
            ->required();
    for (auto* command : {init, backup}) {
        command->add_option("--threshold", given->threshold, "How many shares are needed")->required();
        command->add_option("--custodian", given->certificates, "Certificate of a custodian; repeatable")
            ->required();
        command->add_option("--out", given->out, "Folder to make, for shares and record")->required();
    }
    for (auto* command : {recovery, restoration})
        add_share_options(command, given->shares);
    restoration->add_option("--archive", given->archive, "token.backup")->required();
    return {{init, [given] { return initialise(*given); }},
            {recovery, [given] { return recover(*given); }},
            {backup, [given] { return back_up(*given); }},
            {restoration, [given] { return restore(*given); }}};
}

}  // namespace hsm::commands
