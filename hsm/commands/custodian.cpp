// portcullis-hsm custodian new | acknowledge | sign | open-share: on the custodian's own machine. None of it
// needs an HSM.
#include <ctime>
#include <iostream>

#include "certs/cms.h"
#include "certs/identity.h"
#include "certs/pem.h"
#include "hsm/commands/command.h"
#include "hsm/custody/acknowledgement.h"
#include "hsm/custody/documents.h"
#include "hsm/custody/identity.h"
#include "hsm/custody/share_set.h"
#include "hsm/custody/terminal.h"

namespace hsm::commands {
namespace {

using common::Error;
using common::Fail;
using common::Safe;
using common::Status;

struct Arguments {
    std::string name, certificate, key, file, recipient, out, passphrase_file;
    bool agreed = false, unsigned_document = false;
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Status sign_to_file(const Arguments& given, std::string_view document) {
    const auto typed = custody::passphrase(given.passphrase_file, given.key, false);
    if (!typed) return Fail{typed.error()};
    const auto identity = custody::open_identity(given.certificate, given.key, *typed);
    if (!identity) return Fail{identity.error()};
    const auto cms = certs::cms_sign(bytes_of(document), identity->certificate.get(), identity->key.get());
    if (!cms) return Fail{cms.error()};
    if (auto written = custody::write_new_file(given.out, *cms); !written) return written;
    std::cout << "signed: " << given.out << '\n';
    return {};
}

Status make(const Arguments& given) {
    const auto typed = custody::passphrase(given.passphrase_file, given.name, true);
    if (!typed) return Fail{typed.error()};
    if (auto made = custody::make_identity(given.name, given.out, *typed); !made) return made;
    const auto chain = certs::read_certificates(given.out + ".pem");
    if (!chain) return Fail{chain.error()};
    std::cout << "made " << given.out << ".key, which stays with you, and " << given.out
              << ".pem\nfingerprint " << certs::fingerprint_of(chain->front().get()) << '\n';
    return {};
}

Status acknowledge(const Arguments& given) {
    const auto chain = certs::read_certificates(given.certificate);
    if (!chain) return Fail{chain.error()};
    const auto document = custody::acknowledgement_text(given.name, chain->front().get());
    if (!document) return Fail{document.error()};
    if (given.unsigned_document) return custody::write_new_file(given.out, *document);
    if (given.key.empty()) return Fail{Error::internal("--key is missing")};
    std::cout << custody::responsibilities() << '\n';
    if (!given.agreed)
        if (auto yes = custody::confirm("Do you, " + given.name + ", take this upon yourself?"); !yes)
            return yes;
    return sign_to_file(given, *document);
}

Status sign(const Arguments& given) {
    const auto content = custody::read_file(given.file);
    if (!content) return Fail{content.error()};
    const std::string document{content->begin(), content->end()};
    const auto words = custody::in_words(document);
    if (!words) return Fail{words.error()};
    std::cout << *words;
    const auto expiry = custody::expiry_of(document);
    if (expiry && !expiry->empty() && *expiry <= custody::utc_text(std::time(nullptr)))
        return Fail{
            Error::internal("this act expired at {}; it has to be proposed again", {Safe::param(*expiry)})};
    if (!given.agreed)
        if (auto yes = custody::confirm("Do you approve of exactly this?"); !yes) return yes;
    return sign_to_file(given, document);
}

// Nothing of the share is shown or written but sealed to the recipient.
Status pass_share_on(const Arguments& given) {
    const auto sealed = custody::read_file(given.file);
    if (!sealed) return Fail{sealed.error()};
    const auto chain = certs::read_certificates(given.recipient);
    if (!chain) return Fail{chain.error()};
    const auto typed = custody::passphrase(given.passphrase_file, given.key, false);
    if (!typed) return Fail{typed.error()};
    const auto identity = custody::open_identity(given.certificate, given.key, *typed);
    if (!identity) return Fail{identity.error()};
    const auto opened = custody::open_share(*sealed, identity->certificate.get(), identity->key.get());
    if (!opened) return Fail{opened.error()};
    std::cout << "share " << +opened->share.index << " of " << opened->custodian << ", set " << opened->set
              << ", for " << opened->purpose << "\nto be sealed to the one-time key of fingerprint\n"
              << certs::fingerprint_of(chain->front().get()) << '\n';
    if (!given.agreed)
        if (auto yes = custody::confirm("Does the screen of the ceremony show the same fingerprint?"); !yes)
            return yes;
    const auto again = custody::reseal_share(*opened, chain->front().get());
    if (!again) return Fail{again.error()};
    return custody::write_new_file(given.out, *again);
}

}  // namespace

std::vector<Command> add_custodian(CLI::App& program) {
    const auto given = std::make_shared<Arguments>();
    auto* group =
        program.add_subcommand("custodian", "Identity, acknowledgement and approvals of a custodian");
    group->require_subcommand(1);
    auto* made =
        group->add_subcommand("new", "Make OUT.key, under a passphrase, and its certificate OUT.pem");
    made->add_option("--name", given->name, "Name of the custodian")->required();
    made->add_option("--out", given->out, "Path of the two files without their endings")->required();
    auto* acknowledged = group->add_subcommand("acknowledge", "Sign the responsibilities of a custodian");
    acknowledged->add_option("--name", given->name, "Name of the custodian")->required();
    acknowledged->add_flag("--accept", given->agreed, "Do not ask for a yes");
    acknowledged->add_flag("--unsigned", given->unsigned_document,
                           "Write the document as it is, to be signed by another program");
    auto* signed_ = group->add_subcommand("sign", "Show an act in words and sign an approval of it");
    signed_->add_option("document", given->file, "What `portcullis-vault custodians show` wrote")->required();
    signed_->add_flag("--yes", given->agreed, "Do not ask for a yes");
    auto* passed = group->add_subcommand("open-share", "Open a share and seal it to a one-time key");
    passed->add_option("--share", given->file, "The custodian's share")->required();
    passed->add_option("--to", given->recipient, "request.pem of the process that combines")->required();
    passed->add_flag("--yes", given->agreed, "Do not ask for a yes");
    for (auto* command : {acknowledged, signed_, passed}) {
        auto* key = command->add_option("--key", given->key, "The custodian's private key");
        if (command != acknowledged) key->required();
        command->add_option("--cert", given->certificate, "The custodian's certificate")->required();
        command->add_option("--out", given->out, "File to write, which must not exist")->required();
    }
    for (auto* command : {made, acknowledged, signed_, passed})
        command->add_option("--passphrase-file", given->passphrase_file,
                            "File of mode 0600 with the passphrase; without it the terminal is asked");
    return {{made, [given] { return make(*given); }},
            {acknowledged, [given] { return acknowledge(*given); }},
            {signed_, [given] { return sign(*given); }},
            {passed, [given] { return pass_share_on(*given); }}};
}

}  // namespace hsm::commands
