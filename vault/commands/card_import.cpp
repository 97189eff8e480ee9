// portcullis-vault cards import. May be repeated: it goes on where it was.
#include <fstream>
#include <iostream>

#include <boost/json.hpp>

#include "certs/pem.h"
#include "hsm/custody/identity.h"
#include "hsm/custody/terminal.h"
#include "vault/cards/card_service.h"
#include "vault/commands/card_transfer.h"
#include "vault/commands/key_work.h"
#include "vault/commands/progress.h"
#include "vault/transfer/importer.h"
#include "vault/transfer/new_file.h"

namespace vault::commands {
namespace {

using audit::Outcome;
using common::Config;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using transfer::Importer;
using transfer::NewFile;
using transfer::PackageReader;

// The rules of cards as a vault has them, but for the limit on how often a number may come.
struct CardWork {
    CardWork(KeyWork& keys, const Config& config, cards::SandboxCards known, cards::BinTable table)
        : pool{pool_options(config), keys.work->metrics()},
          velocity{keys.work->hsm(), keys.registry, counters, keys.work->clock(), 0},
          sandbox{std::move(known)},
          bins{std::move(table)},
          ring{merchant_keys, keys.safe, keys.work->trail(), keys.work->clock(), keys.work->metrics()},
          codes{keys.work->clock()},
          uses{changes, keys.work->clock(), keys.work->metrics()},
          service{{rows, ring, keys.material, keys.fingerprinter, codes, uses, velocity, sandbox, bins,
                   keys.work->trail(), keys.work->clock(), keys.work->metrics(),
                   config.boolean("sandbox.enabled")}} {}

    common::db::Pool pool;  // more connections than the tools have
    store::CardRows rows{pool};
    store::CardChanges changes{pool};
    store::MerchantKeys merchant_keys{pool};
    store::VelocityCounters counters{pool};
    cards::Velocity velocity;
    cards::SandboxCards sandbox;
    cards::LiveBinTable bins;
    keys::KeyRing ring;
    cards::CvcStore codes;
    cards::UseMarks uses;
    cards::CardService service;
};

Result<std::unique_ptr<CardWork>> open_cards(KeyWork& keys, const Config& config) {
    auto sandbox = cards::SandboxCards::load(config.text("sandbox.cards_file"));
    if (!sandbox) return Fail{std::move(sandbox).error()};
    auto bins = cards::BinTable::load(config.text("cards.bins_file"));
    if (!bins) return Fail{std::move(bins).error()};
    return std::make_unique<CardWork>(keys, config, std::move(*sandbox), std::move(*bins));
}

// A key under a passphrase, or one that is protected by its mode alone.
Result<hsm::custody::Identity> identity_of(const ImportOrder& order) {
    const auto text = common::read_secret_file(order.key);
    if (!text) return Fail{text.error()};
    if (text->text().find("ENCRYPTED") != std::string_view::npos) {
        const auto typed = hsm::custody::passphrase(order.passphrase_file, order.key, false);
        if (!typed) return Fail{typed.error()};
        return hsm::custody::open_identity(order.certificate, order.key, *typed);
    }
    return hsm::custody::open_identity(order.certificate, order.key);
}

// Results, in a file that is there when all of them are, or on standard output.
class Results {
  public:
    static Result<Results> open(const std::string& path) {
        if (path.empty()) return Results{};
        auto file = NewFile::create(path);
        if (!file) return Fail{std::move(file).error()};
        Results results;
        results.file_.emplace(std::move(*file));
        return results;
    }
    Status add(std::string_view line) {
        if (!file_) {
            std::cout << line << '\n';
            return std::cout ? Status{} : Fail{Error::internal("standard output takes no more results")};
        }
        buffer_ += line;
        buffer_ += '\n';
        return buffer_.size() < buffer_max ? Status{} : flush();
    }
    Status publish() {
        if (!file_) return {};
        if (auto written = flush(); !written) return written;
        return file_->publish();
    }
    bool on_screen() const { return !file_; }

  private:
    static constexpr std::size_t buffer_max = 64 * 1024;
    Status flush() {
        auto written = file_->append({reinterpret_cast<const std::uint8_t*>(buffer_.data()), buffer_.size()});
        buffer_.clear();
        return written;
    }
    std::optional<NewFile> file_;
    std::string buffer_;
};

std::string counts_of(const Importer::Report& report) {
    return "stored: " + std::to_string(report.stored) + ", there already: " + std::to_string(report.present) +
           ", refused: " + std::to_string(report.refused);
}

Result<bool> record(KeyWork& work, const ImportOrder& order, Outcome outcome, std::string detail) {
    return wait_for(work.work->trail().record(
        {work.work->operator_name(), "cards.import", common::public_account_id(order.account), "command line",
         outcome, std::move(detail)},
        soon()));
}

Status store_all(KeyWork& work, const Config& config, const ImportOrder& order, PackageReader& from,
                 Results& results) {
    const auto lines = Importer::check(from);
    if (!lines) return Fail{lines.error()};
    auto cards = open_cards(work, config);
    if (!cards) return Fail{std::move(cards).error()};
    const auto source = from.header().account + ' ' + from.header().act;
    if (const auto began = record(work, order, Outcome::begun, "of " + source); !began)
        return Fail{began.error()};
    Importer::Report report;
    Result<bool> done;
    {
        Progress progress{"cards", *lines};
        Importer importer{(*cards)->service};
        done = wait_for(importer.run(from,
                                     {order.account,
                                      order.livemode,
                                      {work.work->operator_name(), "command line", from.header().act},
                                      [&](std::string_view line) { return results.add(line); },
                                      [&](std::int64_t count) { progress.add(count); }},
                                     report));
    }
    const auto counts = counts_of(report);
    const auto recorded = record(work, order, done ? Outcome::done : Outcome::failed, counts);
    std::ostream& told = results.on_screen() ? std::cerr : std::cout;
    told << counts << '\n';
    if (!done) {
        std::cerr << "not all of the file was imported; run this again, which goes on where it was\n";
        return Fail{std::move(done).error()};
    }
    if (!recorded) return Fail{recorded.error()};
    if (auto published = results.publish(); !published) return published;
    if (report.refused == 0) return {};
    return Fail{Error::internal("{} lines of the file were refused; the results say why",
                                {Safe::number(report.refused)})};
}

}  // namespace

Status import_cards(const Config& config, const ImportOrder& order) {
    const auto identity = identity_of(order);
    if (!identity) return Fail{identity.error()};
    std::ifstream file{order.file, std::ios::binary};
    if (!file) return Fail{Error::internal("cannot read {}", {Safe::param(order.file)})};
    auto reader = PackageReader::open(file, identity->certificate.get(), identity->key.get());
    if (!reader) return Fail{std::move(reader).error()};
    auto results = Results::open(order.results);
    if (!results) return Fail{std::move(results).error()};
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    return store_all(**work, config, order, *reader, *results);
}

}  // namespace vault::commands
