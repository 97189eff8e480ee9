#include "vault/keys/housekeeping.h"

#include "common/log.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Fail;
using common::Safe;
using common::Task;
using hsm::Purpose;
using std::chrono::milliseconds;

constexpr std::chrono::minutes lease_life{5};
constexpr std::chrono::minutes work_max{4};  // less than the lease
constexpr std::chrono::seconds step_max{20};

Deadline step() {
    return Deadline::in(step_max);
}

}  // namespace

std::chrono::days Cryptoperiods::of(Purpose purpose) const {
    switch (purpose) {
        case Purpose::kek_card:
        case Purpose::kek_pii:
        case Purpose::kek_2fa:
            return kek;
        case Purpose::fingerprint:
            return fingerprint;
        case Purpose::velocity:
            return velocity;
        default:
            return signing;
    }
}

Task<bool> Housekeeping::run(std::function<bool()> stop) {
    const auto now = parts_.clock.now().time_since_epoch();
    const auto until = now + milliseconds{lease_life};
    const auto leased =
        co_await parts_.leases.take("key housekeeping", parts_.owner, now.count(), until.count(), step());
    if (!leased || !*leased) co_return leased;
    const auto end = std::chrono::steady_clock::now() + work_max;
    const auto enough = [stop = std::move(stop), end] {
        return stop() || std::chrono::steady_clock::now() > end;
    };
    if (const auto done = co_await report_overdue(); !done) co_return done;
    if (const auto done = co_await rotate_overdue(enough); !done) co_return done;
    if (const auto done = co_await rewrap_cards(enough); !done) co_return done;
    if (const auto done = co_await rewrap_keys(enough); !done) co_return done;
    co_return co_await destroy_unneeded(enough);
}

// Conflict: somebody else did it first, or it is needed after all. What was tampered with raises an alarm and
// does not hold up the rest.
bool Housekeeping::may_go_on(const common::Error& failure, const MerchantKeyRow& row) {
    if (failure.cause() == Cause::conflict) return true;
    if (failure.cause() != Cause::integrity) return false;
    parts_.metrics.count("vault_keys_refused_total");
    common::log::error("merchant_key_refused", {{"name", Safe::id(row.id)}});
    return true;
}

Task<bool> Housekeeping::rotate_overdue(const Stop& stop) {
    const auto before = (parts_.clock.now() - parts_.periods.merchant).time_since_epoch().count();
    RowCursor overdue{[this, before](const RowCursor::Page& page) {
        return parts_.merchant_keys.older_than(before, page, step());
    }};
    while (!stop()) {
        const auto row = co_await overdue.next();
        if (!row) co_return Fail{row.error()};
        if (!*row) break;
        const auto fresh =
            co_await parts_.rotation.rotate({(*row)->account, (*row)->livemode}, false, step());
        if (!fresh && !may_go_on(fresh.error(), **row)) co_return Fail{fresh.error()};
    }
    co_return true;
}

Task<bool> Housekeeping::rewrap_cards(const Stop& stop) {
    RowCursor replaced{
        [this](const RowCursor::Page& page) { return parts_.merchant_keys.to_rewrap(page, step()); }};
    while (!stop()) {
        const auto row = co_await replaced.next();
        if (!row) co_return Fail{row.error()};
        if (!*row) break;
        Rewrapper::Pace pace;
        pace.per_second = parts_.rewraps_per_second;
        pace.stop = stop;
        const auto done = co_await parts_.rewrapper.card_keys(**row, std::move(pace));
        // A retired account has no active key: its cards stay as they are.
        if (!done && !may_go_on(done.error(), **row)) co_return Fail{done.error()};
    }
    co_return true;
}

Task<bool> Housekeeping::rewrap_keys(const Stop& stop) {
    const auto rows = co_await parts_.registry.all(step());
    if (!rows) co_return Fail{rows.error()};
    for (const auto& row : *rows) {
        if (row.state != KeyState::decrypt_only && row.state != KeyState::compromised) continue;
        if (row.key.purpose != Purpose::kek_card && row.key.purpose != Purpose::registry) continue;
        Rewrapper::Pace pace;
        pace.per_second = parts_.rewraps_per_second;
        pace.stop = stop;
        const auto done = row.key.purpose == Purpose::kek_card
                              ? co_await parts_.rewrapper.merchant_keys(row.key, std::move(pace))
                              : co_await parts_.rewrapper.registry_rows(row.key, std::move(pace));
        if (!done) co_return Fail{done.error()};
    }
    co_return true;
}

Task<bool> Housekeeping::destroy_unneeded(const Stop& stop) {
    const auto before = (parts_.clock.now() - parts_.rotation.backup_window()).time_since_epoch().count();
    RowCursor unneeded{[this, before](const RowCursor::Page& page) {
        return parts_.merchant_keys.unneeded(before, page, step());
    }};
    while (!stop()) {
        const auto row = co_await unneeded.next();
        if (!row) co_return Fail{row.error()};
        if (!*row) break;
        const auto done = co_await parts_.rotation.destroy(**row, false, step());
        if (!done && !may_go_on(done.error(), **row)) co_return done;
    }
    co_return true;
}

Task<bool> Housekeeping::report_overdue() {
    const auto rows = co_await parts_.registry.all(step());
    if (!rows) co_return Fail{rows.error()};
    int overdue = 0;
    for (const auto& row : *rows) {
        if (row.state != KeyState::active) continue;
        const common::TimePoint since{milliseconds{row.changed_ms}};
        if (parts_.clock.now() < since + parts_.periods.of(row.key.purpose)) continue;
        ++overdue;
        common::log::warning("key_overdue", {{"key", Safe::param(hsm::label_of(row.key))}});
    }
    parts_.metrics.gauge("vault_hsm_keys_overdue", overdue);
    co_return true;
}

}  // namespace vault::keys
