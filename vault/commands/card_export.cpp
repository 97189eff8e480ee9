// portcullis-vault cards export. Needs custodians, who approve of account, mode, recipient and purpose.
#include <iostream>

#include "certs/identity.h"
#include "certs/pem.h"
#include "hsm/custody/acknowledgement.h"
#include "hsm/custody/documents.h"
#include "vault/commands/card_transfer.h"
#include "vault/commands/key_work.h"
#include "vault/commands/progress.h"
#include "vault/transfer/exporter.h"
#include "vault/transfer/new_file.h"

namespace vault::commands {
namespace {

using audit::Outcome;
using common::Config;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using transfer::Exporter;
using transfer::NewFile;
using transfer::PackageWriter;

// Custodians see all of it: `custodian sign` shortens longer texts.
constexpr std::size_t purpose_max = 160;

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<certs::X509Ptr> recipient_of(const ExportOrder& order) {
    auto chain = certs::read_certificates(order.recipient);
    if (!chain) return Fail{std::move(chain).error()};
    auto certificate = std::move(chain->front());
    if (const auto fault = hsm::custody::fault_of_certificate(certificate.get()))
        return Fail{Error::invalid("recipient_invalid", "recipient",
                                   "Nothing is sealed to the certificate in {}: {}.",
                                   {Safe::param(order.recipient), Safe::param(*fault)})};
    if (order.purpose.size() > purpose_max || !is_printable(order.purpose))
        return Fail{Error::invalid("parameter_invalid", "purpose",
                                   "The purpose has at most 160 characters, of ASCII.")};
    return certificate;
}

keys::CustodialAct act_of(const ExportOrder& order, X509* recipient) {
    keys::CustodialAct act{"cards.export",
                           {{"account", common::public_account_id(order.account)},
                            {"livemode", order.livemode},
                            {"recipient", certs::fingerprint_of(recipient)}}};
    if (!order.purpose.empty()) act.parameters["purpose"] = order.purpose;
    return act;
}

// One export: what it needs from its claim to its end.
struct Export {
    KeyWork& work;
    const ExportOrder& order;
    const keys::ApprovedAct& act;
    std::int64_t total;

    std::string actor() const { return work.work->operator_name(); }
    Result<bool> record(Outcome outcome, std::string detail) const {
        return wait_for(
            work.work->trail().record({actor(), "cards.export", common::public_account_id(order.account),
                                       "command line", outcome, act.id + ' ' + std::move(detail)},
                                      soon()));
    }
    transfer::Header header() const {
        const auto now = std::chrono::floor<std::chrono::seconds>(work.work->clock().now());
        return {common::public_account_id(order.account), act.id,
                hsm::custody::utc_text(now.time_since_epoch().count()), order.livemode, ""};
    }
    Result<Exporter::Report> write(NewFile& file, X509* recipient) const {
        const auto sink = [&file](std::span<const std::uint8_t> data) { return file.append(data); };
        auto writer = PackageWriter::begin(header(), recipient, sink);
        if (!writer) return Fail{std::move(writer).error()};
        Progress progress{"cards", total};
        Exporter exporter{{work.cards, work.ring, work.work->trail()}};
        auto report = wait_for(exporter.run({order.account,
                                             order.livemode,
                                             {actor(), "command line", act.id},
                                             [&progress](std::int64_t cards) { progress.add(cards); }},
                                            *writer));
        if (!report) return report;
        if (auto ended = writer->end(); !ended) return Fail{std::move(ended).error()};
        if (auto synced = file.sync(); !synced) return Fail{std::move(synced).error()};
        return report;
    }
};

Status reported(const Exporter::Report& report, const ExportOrder& order, X509* recipient) {
    std::cout << "exported: " << report.cards << " cards of " << common::public_account_id(order.account)
              << (order.livemode ? ", live mode" : ", test mode") << "\nsealed to "  //
              << certs::fingerprint_of(recipient) << ": " << order.out << '\n';
    if (report.refused == 0) return {};
    for (const auto& name : report.refused_names)
        std::cerr << "not what was sealed, not exported: " << name << '\n';
    return Fail{Error::internal("{} cards are corrupt or forged; the file was written without them",
                                {Safe::number(report.refused)})};
}

// The approval is used up before the file gets its name, so that there is never more than one file of it.
Status carry_out(const Export& task, NewFile& file, X509* recipient) {
    const auto began = task.record(Outcome::begun, "to " + certs::fingerprint_of(recipient));
    if (!began) return Fail{began.error()};
    const auto report = task.write(file, recipient);
    if (!report) {
        if (const auto told = task.record(Outcome::failed, "no file was written"); !told)
            complain(told.error());
        return Fail{report.error()};
    }
    const auto counts =
        "cards: " + std::to_string(report->cards) + ", refused: " + std::to_string(report->refused);
    if (const auto done = task.record(Outcome::done, counts); !done) return Fail{done.error()};
    const auto finished = wait_for(task.work.work->custodians().finish(task.act.id, soon()));
    if (!finished) return Fail{finished.error()};
    if (auto published = file.publish(); !published) {
        std::cerr << "the approval is used up without a file; the next export takes another one\n";
        return published;
    }
    return reported(*report, task.order, recipient);
}

}  // namespace

Status export_cards(const Config& config, const ExportOrder& order) {
    const auto recipient = recipient_of(order);
    if (!recipient) return Fail{recipient.error()};
    auto file = NewFile::create(order.out);
    if (!file) return Fail{std::move(file).error()};
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    // Counting is for the bar: it may take too long where there are very many.
    const auto total = wait_for((*work)->cards.count(order.account, order.livemode, soon()));
    if (total && *total == 0)
        return Fail{Error{404,
                          ErrorType::invalid_request,
                          "resource_missing",
                          "Account {} has no cards in this mode; --live and --test choose it.",
                          {Safe::id(common::public_account_id(order.account))}}};
    const auto act = wait_for((*work)->work->custodians().claim(act_of(order, recipient->get()), soon()));
    if (!act) return Fail{act.error()};
    return carry_out({**work, order, *act, total.value_or(0)}, *file, recipient->get());
}

}  // namespace vault::commands
