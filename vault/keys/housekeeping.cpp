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
constexpr int batch = 100;

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
    if (const auto done = co_await rotate_overdue(); !done) co_return done;
    if (const auto done = co_await rewrap(enough); !done) co_return done;
    co_return co_await destroy_unneeded();
}

Task<bool> Housekeeping::rotate_overdue() {
    const auto before = parts_.clock.now() - parts_.periods.merchant;
    const auto overdue =
        co_await parts_.merchant_keys.older_than(before.time_since_epoch().count(), batch, step());
    if (!overdue) co_return Fail{overdue.error()};
    for (const auto& row : *overdue) {
        const auto fresh = co_await parts_.rotation.rotate({row.account, row.livemode}, false, step());
        // Somebody else did it first.
        if (!fresh && fresh.error().cause() != Cause::conflict) co_return Fail{fresh.error()};
    }
    co_return true;
}

Task<bool> Housekeeping::rewrap(const std::function<bool()>& stop) {
    const auto old = co_await parts_.merchant_keys.to_rewrap(batch, step());
    if (!old) co_return Fail{old.error()};
    for (const auto& row : *old) {
        if (stop()) break;
        Rewrapper::Pace pace;
        pace.per_second = parts_.rewraps_per_second;
        pace.stop = stop;
        const auto done = co_await parts_.rewrapper.card_keys(row, std::move(pace));
        // A retired account has no active key: its cards stay as they are.
        if (!done && done.error().cause() != Cause::conflict) co_return Fail{done.error()};
    }
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

Task<bool> Housekeeping::destroy_unneeded() {
    const auto before = parts_.clock.now() - parts_.rotation.backup_window();
    const auto out_of_use =
        co_await parts_.merchant_keys.unneeded(before.time_since_epoch().count(), batch, step());
    if (!out_of_use) co_return Fail{out_of_use.error()};
    for (const auto& row : *out_of_use) {
        const auto done = co_await parts_.rotation.destroy(row, false, step());
        // In the backup window, or needed after all.
        if (!done && done.error().cause() != Cause::conflict) co_return done;
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
