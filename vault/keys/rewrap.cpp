#include "vault/keys/rewrap.h"

#include <boost/asio/steady_timer.hpp>

#include "common/log.h"
#include "common/runtime.h"
#include "vault/cards/sealer.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Safe;
using common::Task;
using hsm::KeyRef;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds step_max{20};  // one batch
constexpr std::size_t names_max = 20;
constexpr int rounds_without_progress_max = 5;

Deadline step() {
    return Deadline::in(step_max);
}

// Keeps the mean at `per_second` by waiting after each batch.
class Throttle {
  public:
    explicit Throttle(int per_second) : per_second_{per_second} {}
    boost::asio::awaitable<void> after(std::int64_t rows) {
        done_ += rows;
        if (per_second_ <= 0) co_return;
        boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
        timer.expires_at(begun_ + std::chrono::milliseconds{done_ * 1000 / per_second_});
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

  private:
    int per_second_;
    std::int64_t done_ = 0;
    Steady::time_point begun_ = Steady::now();
};

}  // namespace

void Rewrapper::refuse(RewrapReport& report, std::string name) {
    parts_.metrics.count("vault_rewrap_refused_total");
    common::log::error("rewrap_refused", {{"name", Safe::id(name)}});
    ++report.refused;
    if (report.refused_names.size() < names_max) report.refused_names.push_back(std::move(name));
}

// How many rows it was about; `after` is empty when there are no more behind it.
Task<std::int64_t> Rewrapper::card_key_batch(const MerchantKeyRow& from, std::string& after, const Pace& pace,
                                             RewrapReport& report) {
    const store::CardKeyScope scope{from.account, from.livemode, from.version};
    auto part = co_await parts_.card_keys.sealed_by(scope, after, pace.batch, step());
    if (!part) co_return Fail{std::move(part).error()};
    if (part->rows.empty()) {
        after = std::move(part->next);
        co_return 0;
    }
    const auto old_key = co_await parts_.ring.version(from.account, from.livemode, from.version, step());
    if (!old_key) co_return Fail{old_key.error()};
    const auto new_key = co_await parts_.ring.active(from.account, from.livemode, step());
    if (!new_key) co_return Fail{new_key.error()};

    const auto looked_at = static_cast<std::int64_t>(part->rows.size());
    std::vector<store::SealedCardKey> fresh;
    for (auto& row : part->rows) {
        cards::SealedCard sealed;
        sealed.key_id = row.id, sealed.sealed_key = row.sealed, sealed.commitment = row.commitment;
        const cards::CardScope card{from.account, from.livemode, row.token};
        auto anew = cards::CardSealer::reseal_key(card, sealed, **old_key, **new_key);
        if (!anew) {
            refuse(report, row.token);
            continue;
        }
        row.sealed = std::move(*anew);
        fresh.push_back(std::move(row));
    }
    if (!fresh.empty()) {
        const auto written = co_await parts_.card_keys.reseal(scope, (*new_key)->id, (*new_key)->version,
                                                              std::move(fresh), step());
        if (!written && written.error().cause() != Cause::outcome_unknown) co_return written;
        // Unknown: what was not written still has the old version, and comes again in the next round.
        if (written) report.done += *written;
    }
    after = std::move(part->next);
    co_return looked_at;
}

Task<RewrapReport> Rewrapper::card_keys(MerchantKeyRow from, Pace pace) {
    RewrapReport report;
    Throttle throttle{pace.per_second};
    const store::CardKeyScope scope{from.account, from.livemode, from.version};
    std::string after;
    int idle_rounds = 0;
    for (auto done_before = report.done; !pace.stop();) {
        auto looked_at = co_await card_key_batch(from, after, pace, report);
        if (!looked_at && looked_at.error().cause() == Cause::conflict) {
            parts_.ring.forget(from.account, from.livemode);
            if (++idle_rounds > rounds_without_progress_max) co_return Fail{std::move(looked_at).error()};
            continue;
        }
        if (!looked_at) co_return Fail{std::move(looked_at).error()};
        if (pace.progress) pace.progress(*looked_at);
        parts_.metrics.count("vault_rewrapped_total", {{"what", "card_key"}},
                             static_cast<double>(*looked_at));
        co_await throttle.after(*looked_at);
        if (!after.empty()) continue;
        // From the start again, for those that came in meanwhile or whose commit was not heard of.
        const auto left = co_await parts_.card_keys.count(scope, step());
        if (!left) co_return Fail{left.error()};
        if (*left <= report.refused || report.done == done_before) break;
        done_before = report.done;
        report.refused = 0;
        report.refused_names.clear();
    }
    co_return report;
}

Task<bool> Rewrapper::merchant_key(MerchantKeyRow row, bool reseals, const Pace& pace, RewrapReport& report) {
    auto fresh =
        reseals ? co_await parts_.safe.resealed(row, step()) : co_await parts_.safe.resigned(row, step());
    if (!fresh) {
        if (fresh.error().cause() != Cause::integrity) co_return Fail{std::move(fresh).error()};
        refuse(report, row.id);
        co_return false;
    }
    audit::Entry entry{pace.actor,     "key.rewrap",          row.id,
                       "key registry", audit::Outcome::begun, row.kek + " -> " + fresh->kek};
    if (auto noted = co_await parts_.trail.record(std::move(entry), step()); !noted) co_return noted;
    auto changed = co_await parts_.merchant_keys.change({std::move(row), std::move(*fresh)}, step());
    // Somebody else's change, or an unknown commit: whatever stands there now is looked at again.
    if (!changed && changed.error().cause() != Cause::conflict &&
        changed.error().cause() != Cause::outcome_unknown)
        co_return changed;
    if (changed) ++report.done;
    co_return changed.has_value();
}

// Once through all of them, and again for those that came in or were changed by somebody else meanwhile.
Task<RewrapReport> Rewrapper::each_merchant_key(RowCursor::Read read, bool reseals, Pace pace) {
    RewrapReport report;
    Throttle throttle{pace.per_second};
    for (int idle_rounds = 0; idle_rounds < rounds_without_progress_max;) {
        RowCursor rows{read, pace.batch};
        std::int64_t looked_at = 0;
        const auto done_before = report.done;
        report.refused = 0;
        report.refused_names.clear();
        for (;; ++looked_at) {
            if (pace.stop()) co_return report;
            auto row = co_await rows.next();
            if (!row) co_return Fail{std::move(row).error()};
            if (!*row) break;
            const auto done = co_await merchant_key(std::move(**row), reseals, pace, report);
            if (!done) co_return Fail{done.error()};
            if (pace.progress) pace.progress(1);
            parts_.metrics.count("vault_rewrapped_total", {{"what", "merchant_key"}});
            co_await throttle.after(1);
        }
        if (looked_at == report.refused) break;
        idle_rounds = report.done > done_before ? 0 : idle_rounds + 1;
    }
    co_return report;
}

Task<RewrapReport> Rewrapper::merchant_keys(KeyRef from, Pace pace) {
    auto read = [this, from](const RowCursor::Page& page) {
        return parts_.merchant_keys.sealed_by(hsm::label_of(from), page, step());
    };
    co_return co_await each_merchant_key(std::move(read), true, std::move(pace));
}

Task<RewrapReport> Rewrapper::registry_rows(KeyRef from, Pace pace) {
    const auto version = from.version;
    auto read = [this, version](const RowCursor::Page& page) {
        return parts_.merchant_keys.signed_by(version, page, step());
    };
    auto report = co_await each_merchant_key(std::move(read), false, pace);
    if (!report) co_return report;
    auto rows = co_await parts_.registry.all(step());
    if (!rows) co_return Fail{std::move(rows).error()};
    for (auto& row : *rows) {
        if (row.registry_version != version) continue;
        auto fresh = co_await parts_.registry.signed_row(row, step());
        if (!fresh) co_return Fail{std::move(fresh).error()};
        audit::Entry entry{pace.actor,     "hsm_key.resign",      hsm::label_of(row.key),
                           "key registry", audit::Outcome::begun, registry_mark(fresh->registry_mac)};
        if (auto noted = co_await parts_.trail.record(std::move(entry), step()); !noted)
            co_return Fail{std::move(noted).error()};
        std::vector<store::HsmKeys::Change> change{{std::move(row), std::move(*fresh)}};
        if (auto changed = co_await parts_.hsm_keys.change(std::move(change), step()); !changed)
            co_return Fail{std::move(changed).error()};
        ++report->done;
    }
    co_return report;
}

}  // namespace vault::keys
