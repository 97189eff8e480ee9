// portcullis-certs: a CA of one's own, and certificates for the processes.
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "certs/authority.h"
#include "certs/pem.h"

namespace {

using certs::Outcome;
namespace json = boost::json;

struct Arguments {
    std::string dir, ca_dir, name;
    certs::LeafRequest leaf;
    std::vector<std::string> files;
    unsigned within_days = 10;
    bool force = false;
    bool as_json = false;
};

const char* to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::kept:
            return "kept";
        case Outcome::made:
            return "made";
        case Outcome::replaced:
            return "replaced";
    }
    return "";
}

int fail(const common::Error& error) {
    std::cerr << "portcullis-certs: " << (error.log_detail().empty() ? error.message() : error.log_detail())
              << '\n';
    return 1;
}

int init_ca(const Arguments& given) {
    const auto done = certs::Authority::init(given.dir, given.name, given.force);
    if (!done) return fail(done.error());
    std::cout << to_string(done->second) << ' ' << given.dir << "/ca.pem\n";
    return 0;
}

int issue(const Arguments& given) {
    const auto authority = certs::Authority::load(given.ca_dir);
    if (!authority) return fail(authority.error());
    auto request = given.leaf;
    if (!request.server && !request.client) request.server = true;
    const auto done = authority->issue(given.dir, request, given.force);
    if (!done) return fail(done.error());
    std::cout << to_string(*done) << ' ' << given.dir << '/' << request.name << ".pem\n";
    return 0;
}

// Every pair in the folder that has a certificate and a key of the same name.
int renew(const Arguments& given) {
    const auto authority = certs::Authority::load(given.ca_dir);
    if (!authority) return fail(authority.error());
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{given.dir, error}) {
        const auto& path = entry.path();
        if (path.extension() != ".pem" || path.stem() == "ca") continue;
        if (certs::exists((path.parent_path() / path.stem()).string() + ".key"))
            names.push_back(path.stem().string());
    }
    if (error) return fail(common::Error::internal("cannot list {}", {common::Safe::param(given.dir)}));
    std::ranges::sort(names);
    int result = 0;
    for (const auto& name : names) {
        const auto done = authority->renew(given.dir, name, given.within_days);
        if (done) {
            std::cout << to_string(*done) << ' ' << given.dir << '/' << name << ".pem\n";
        } else {
            result = fail(done.error());
        }
    }
    return result;
}

int revoke(const Arguments& given) {
    const auto authority = certs::Authority::load(given.ca_dir);
    if (!authority) return fail(authority.error());
    for (const auto& file : given.files) {
        if (const auto done = authority->revoke(file); !done) return fail(done.error());
        std::cout << "revoked " << file << '\n';
    }
    return 0;
}

json::object describe(const std::string& file, const X509* certificate) {
    const auto names = certs::names_of(certificate);
    json::object shown{{"file", file},
                       {"subject", certs::subject_of(certificate)},
                       {"serial", certs::serial_of(certificate)},
                       {"dns", json::value_from(names.dns)},
                       {"ip", json::value_from(names.ips)},
                       {"uri", json::value_from(names.uris)},
                       {"not_before", certs::time_text(X509_get0_notBefore(certificate))},
                       {"not_after", certs::time_text(X509_get0_notAfter(certificate))},
                       {"days_left", certs::seconds_until(X509_get0_notAfter(certificate)) / 86400},
                       {"fingerprint", certs::fingerprint_of(certificate)}};
    return shown;
}

int print(const Arguments& given) {
    json::array all;
    for (const auto& file : given.files) {
        const auto chain = certs::read_certificates(file);
        if (!chain) return fail(chain.error());
        for (const auto& one : *chain)
            all.push_back(describe(file, one.get()));
    }
    if (given.as_json) {
        std::cout << json::serialize(all) << '\n';
        return 0;
    }
    for (const auto& one : all) {
        for (const auto& member : one.as_object())
            std::cout << std::string{member.key()} << ": "
                      << (member.value().is_string() ? std::string{member.value().as_string()}
                                                     : json::serialize(member.value()))
                      << '\n';
        std::cout << '\n';
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments given;
    CLI::App app{"Certificates of Portcullis: a CA of one's own, leaves, renewal and revocation."};
    app.require_subcommand(1);

    auto* init_command = app.add_subcommand("init-ca", "Make ca.pem and ca.key, unless they are there");
    init_command->add_option("--dir", given.dir, "Folder of the CA")->required();
    init_command->add_option("--name", given.name, "Common name of the CA")->required();
    init_command->add_flag("--force", given.force, "Replace the CA that is there");

    auto* issue_command =
        app.add_subcommand("issue", "Make NAME.pem and NAME.key, unless a valid pair is there");
    issue_command->add_option("--dir", given.dir, "Folder to write to")->required();
    issue_command->add_option("--ca-dir", given.ca_dir, "Folder of the CA")->required();
    issue_command->add_option("--name", given.leaf.name, "File name and common name")->required();
    issue_command->add_option("--dns", given.leaf.names.dns, "Host name; repeatable");
    issue_command->add_option("--ip", given.leaf.names.ips, "IP address; repeatable");
    issue_command->add_option("--uri", given.leaf.names.uris, "Identity, spiffe://DOMAIN/ROLE");
    issue_command->add_option("--days", given.leaf.days, "Life; 30 with an identity, 397 without")
        ->check(CLI::Range(1U, 3650U));
    issue_command->add_flag("--server", given.leaf.server, "For TLS servers (when neither is given)");
    issue_command->add_flag("--client", given.leaf.client, "For TLS clients");
    issue_command->add_flag("--force", given.force, "Replace a pair that is there");

    auto* renew_command =
        app.add_subcommand("renew", "Replace what expires soon, with the same names and uses");
    renew_command->add_option("--dir", given.dir, "Folder of the certificates")->required();
    renew_command->add_option("--ca-dir", given.ca_dir, "Folder of the CA that issued them")->required();
    renew_command->add_option("--within", given.within_days, "Days left at which to renew")
        ->capture_default_str();

    auto* revoke_command = app.add_subcommand("revoke", "Add certificates to the CA's list, ca.crl");
    revoke_command->add_option("--ca-dir", given.ca_dir, "Folder of the CA")->required();
    revoke_command->add_option("files", given.files, "PEM files")->required();

    auto* print_command = app.add_subcommand("print", "Show subject, names, validity and fingerprint");
    print_command->add_option("files", given.files, "PEM files")->required();
    print_command->add_flag("--json", given.as_json, "As one JSON array");

    CLI11_PARSE(app, argc, argv);
    if (init_command->parsed()) return init_ca(given);
    if (issue_command->parsed()) return issue(given);
    if (renew_command->parsed()) return renew(given);
    if (revoke_command->parsed()) return revoke(given);
    return print(given);
}
