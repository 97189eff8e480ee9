#include "vault/cards/reindex.h"

#include "common/log.h"

namespace vault::cards {
namespace {

using common::Cause;
using common::Deadline;
using common::Fail;
using common::Safe;
using common::Task;
using keys::RewrapReport;

constexpr std::chrono::seconds step_max{20};
constexpr std::size_t names_max = 20;

Deadline step() {
    return Deadline::in(step_max);
}

}  // namespace

// Cause::integrity: the card is not what was sealed. false: erased or changed meanwhile.
Task<bool> Reindexer::one(const store::Fingerprints::Place& card, unsigned from) {
    const auto row = co_await parts_.rows.find(card.account, card.token, step());
    if (!row && row.error().cause() == Cause::not_found) co_return false;
    if (!row) co_return Fail{row.error()};
    const auto& scope = row->scope;
    const auto version = row->sealed.merchant_key_version;
    const auto key = co_await parts_.ring.version(scope.account, scope.livemode, version, step());
    if (!key) co_return Fail{key.error()};
    const auto opened = CardSealer::open(scope, row->sealed, **key);
    if (!opened) co_return Fail{opened.error()};
    parts_.metrics.count("vault_cards_opened_total");
    auto fresh = co_await parts_.fingerprinter.of(scope.account, scope.livemode, opened->pan, step());
    if (!fresh) co_return Fail{std::move(fresh).error()};
    co_return co_await parts_.fingerprints.replace(card, from, std::move(fresh->text), fresh->key_version,
                                                   step());
}

Task<RewrapReport> Reindexer::run(hsm::KeyRef from, keys::Rewrapper::Pace pace) {
    RewrapReport report;
    store::Fingerprints::Place after;
    while (!pace.stop()) {
        auto cards = co_await parts_.fingerprints.made_by(from.version, after, pace.batch, step());
        if (!cards) co_return Fail{std::move(cards).error()};
        if (cards->empty()) break;
        audit::Entry entry{pace.actor,     "cards.reindex",       hsm::label_of(from),
                           "key registry", audit::Outcome::begun, "cards: " + std::to_string(cards->size())};
        if (auto noted = co_await parts_.trail.record(std::move(entry), step()); !noted)
            co_return Fail{std::move(noted).error()};
        for (const auto& card : *cards) {
            const auto done = co_await one(card, from.version);
            if (!done && done.error().cause() != Cause::integrity) co_return Fail{done.error()};
            if (!done) {
                common::log::error("reindex_refused", {{"name", Safe::id(card.token)}});
                ++report.refused;
                if (report.refused_names.size() < names_max) report.refused_names.push_back(card.token);
            }
            if (done && *done) ++report.done;
            if (pace.progress) pace.progress(1);
        }
        parts_.metrics.count("vault_rewrapped_total", {{"what", "fingerprint"}},
                             static_cast<double>(cards->size()));
        after = cards->back();
    }
    co_return report;
}

}  // namespace vault::cards
