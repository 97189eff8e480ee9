#include "hsm/commands/share_collection.h"

#include <filesystem>
#include <iostream>
#include <set>
#include <thread>

#include "certs/certificate.h"
#include "certs/pem.h"
#include "hsm/custody/identity.h"
#include "hsm/custody/terminal.h"

namespace hsm::commands {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::SecretBytes;
using common::Status;
using custody::Combination;
namespace fs = std::filesystem;

Status take(Combination& combination, const std::string& file, X509* certificate, EVP_PKEY* key) {
    const auto content = custody::read_file(file);
    if (!content) return Fail{content.error()};
    auto opened = custody::open_share(*content, certificate, key);
    if (!opened) return Fail{std::move(opened.error())};
    const auto custodian = opened->custodian;
    if (auto added = combination.add(std::move(*opened)); !added) return added;
    std::cout << "took the share of " << custodian << '\n';
    return {};
}

Status open_here(Combination& combination, const ShareArguments& given) {
    for (std::size_t i = 0; i < given.shares.size(); ++i) {
        const auto& key = given.keys[i];
        const auto typed = custody::passphrase(
            i < given.passphrase_files.size() ? given.passphrase_files[i] : "", key, false);
        if (!typed) return Fail{typed.error()};
        const auto identity = custody::open_identity(given.certificates[i], key, *typed);
        if (!identity) return Fail{identity.error()};
        if (auto taken = take(combination, given.shares[i], identity->certificate.get(), identity->key.get());
            !taken)
            return Fail{Error::internal(
                "{}: {}", {Safe::param(given.shares[i]), Safe::param(taken.error().message())})};
    }
    return {};
}

// The key is only in this process's memory: nobody can open these shares after it.
struct OneTimeKey {
    certs::KeyPtr key;
    certs::X509Ptr certificate;
};

Result<OneTimeKey> make_one_time_key(const std::string& folder) {
    OneTimeKey made{certs::make_key(), {}};
    certs::CertificateSpec spec{.common_name = "one-time", .names = {}, .ends_in = std::chrono::days{1}};
    spec.key_usage = "critical,keyAgreement";
    auto certificate = certs::make_certificate(spec, made.key.get(), nullptr, made.key.get());
    if (!certificate) return Fail{std::move(certificate.error())};
    made.certificate = std::move(*certificate);
    const auto path = folder + "/request.pem";
    if (certs::exists(path))
        return Fail{
            Error::internal("{} is there already: give each ceremony a new folder", {Safe::param(path)})};
    if (auto written = certs::write_certificates(path, {made.certificate.get()}); !written)
        return Fail{std::move(written.error())};
    std::cout << "waiting in " << folder << " for shares that are sealed to request.pem, fingerprint\n"
              << certs::fingerprint_of(made.certificate.get()) << std::endl;
    return made;
}

Status wait_for_shares(Combination& combination, const ShareArguments& given) {
    const auto one_time = make_one_time_key(given.exchange);
    if (!one_time) return Fail{one_time.error()};
    std::set<std::string> seen;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{given.wait_seconds};
    while (!combination.is_enough() && std::chrono::steady_clock::now() < end) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator{given.exchange, error}) {
            const auto path = entry.path().string();
            if (entry.path().extension() != ".cms" || !seen.insert(path).second) continue;
            if (const auto taken = take(combination, path, one_time->certificate.get(), one_time->key.get());
                !taken)
                std::cerr << path << ": " << taken.error().message() << std::endl;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
    }
    return {};
}

}  // namespace

void add_share_options(CLI::App* command, ShareArguments& given) {
    command->add_option("--set", given.set_file, "The set that the shares belong to, set.json")->required();
    const auto repeated = [&](const char* name, std::vector<std::string>& values, const char* help) {
        command->add_option(name, values, help)->allow_extra_args(false);
    };
    repeated("--share", given.shares, "A custodian's share, to be opened here; repeatable");
    repeated("--key", given.keys, "His key, in the order of the shares");
    repeated("--cert", given.certificates, "His certificate, likewise");
    repeated("--passphrase-file", given.passphrase_files,
             "File of mode 0600 with his passphrase, likewise; without it he is asked on the terminal");
    command->add_option("--exchange", given.exchange,
                        "Folder for a one-time certificate, and for the shares that custodians seal to it");
    command->add_option("--wait", given.wait_seconds, "Seconds to wait for them")->capture_default_str();
}

Result<custody::ShareSet> read_set(const std::string& path) {
    const auto content = custody::read_file(path);
    if (!content) return Fail{content.error()};
    return custody::ShareSet::parse({reinterpret_cast<const char*>(content->data()), content->size()});
}

Result<SecretBytes> collect_secret(const custody::ShareSet& set, const ShareArguments& given) {
    if (given.keys.size() != given.shares.size() || given.certificates.size() != given.shares.size())
        return Fail{Error::internal("each --share needs a --key and a --cert")};
    Combination combination{set};
    if (auto opened = open_here(combination, given); !opened) return Fail{std::move(opened.error())};
    if (!given.exchange.empty())
        if (auto waited = wait_for_shares(combination, given); !waited)
            return Fail{std::move(waited.error())};
    return combination.secret();
}

}  // namespace hsm::commands
