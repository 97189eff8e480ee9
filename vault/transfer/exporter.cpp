#include "vault/transfer/exporter.h"

#include "vault/cards/sealer.h"
#include "vault/transfer/card_line.h"

namespace vault::transfer {

using common::Cause;
using common::Deadline;
using common::Fail;
using common::Task;
using Entry = store::CardRowPage::Entry;

namespace {

constexpr std::chrono::seconds step_max{20};
constexpr int page_size = 256;  // cards, and so entries in one COMMIT of the audit log
constexpr std::size_t names_max = 20;

Deadline step() {
    return Deadline::in(step_max);
}

}  // namespace

Task<bool> Exporter::record(const Order& order, const std::vector<Entry>& cards) {
    std::vector<audit::Entry> entries;
    entries.reserve(cards.size());
    for (const auto& card : cards)
        entries.push_back({order.caller.actor, "card.open", card.row.scope.token, order.caller.origin,
                           audit::Outcome::begun, order.caller.detail});
    return parts_.trail.record_all(std::move(entries), step());
}

Task<bool> Exporter::put(const Entry& card, PackageWriter& to, Report& report) {
    const auto& [scope, facts, fingerprint_key_version, sealed, last_used_day] = card.row;
    const auto key =
        co_await parts_.ring.version(scope.account, scope.livemode, sealed.merchant_key_version, step());
    if (!key && key.error().cause() != Cause::integrity) co_return Fail{key.error()};
    const auto opened = key ? cards::CardSealer::open(scope, sealed, **key)
                            : common::Result<cards::CardSealer::Opened>{Fail{key.error()}};
    if (opened) {
        ++report.cards;
        if (auto added = to.add(CardLine::write(card, *opened).view()); !added)
            co_return Fail{std::move(added).error()};
        co_return true;
    }
    ++report.refused;
    if (report.refused_names.size() < names_max) report.refused_names.push_back(scope.token);
    co_return true;
}

Task<Exporter::Report> Exporter::run(Order order, PackageWriter& to) {
    Report report;
    for (std::string after;;) {
        auto page = co_await parts_.rows.page(order.account, order.livemode, after, page_size, step());
        if (!page) co_return Fail{std::move(page).error()};
        if (auto noted = co_await record(order, page->cards); !noted)
            co_return Fail{std::move(noted).error()};
        for (const auto& card : page->cards)
            if (auto done = co_await put(card, to, report); !done) co_return Fail{std::move(done).error()};
        if (order.progress) order.progress(static_cast<std::int64_t>(page->cards.size()));
        if (page->next.empty()) co_return report;
        after = std::move(page->next);
    }
}

}  // namespace vault::transfer
