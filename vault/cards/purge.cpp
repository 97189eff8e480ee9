#include "vault/cards/purge.h"

#include <boost/json.hpp>

#include "common/crypto.h"
#include "vault/cards/use_marks.h"
#include "vault/cards/velocity.h"

namespace vault::cards {
namespace {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Task;
using store::ErasureReason;

constexpr int batch_max = 500;
constexpr std::chrono::minutes lease_time{5};  // far longer than one batch takes

Deadline soon() {
    return Deadline::in(std::chrono::seconds{10});
}

Expiry month_of_day(std::int64_t day) {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    return {static_cast<int>(static_cast<unsigned>(date.month())), static_cast<int>(date.year())};
}

}  // namespace

std::string PurgeReport::json() const {
    return boost::json::serialize(boost::json::object{{"dry_run", dry_run},
                                                      {"unused_cards", unused_cards},
                                                      {"expired_cards", expired_cards},
                                                      {"tombstones", tombstones},
                                                      {"bulk_chunks", bulk_chunks},
                                                      {"velocity_counters", velocity_counters}});
}

struct Purge::Run {
    PurgeReport report;
    std::int64_t today;
};

Purge::Purge(Parts parts, RetentionRules rules)
    : parts_{parts}, rules_{rules}, owner_{"purge_" + common::crypto::random_base62(16)} {}

// The one place where the purge writes to the audit trail.
Task<bool> Purge::record(audit::Outcome outcome, std::string detail) {
    if (!parts_.trail) co_return true;
    audit::Entry entry;
    entry.actor = parts_.actor;
    entry.action = "retention.purge";
    entry.origin = "retention rules";
    entry.outcome = outcome;
    entry.detail = std::move(detail);
    co_return co_await parts_.trail->record(std::move(entry), soon());
}

// A dry run changes nothing, so it may go on beside another one.
Task<bool> Purge::keep_lease(Run& run) {
    if (run.report.dry_run) co_return true;
    const auto now = parts_.clock.now();
    const auto until = now + lease_time;
    const auto held = co_await parts_.leases.take("purge", owner_, now.time_since_epoch().count(),
                                                  until.time_since_epoch().count(), soon());
    if (held && !*held)
        co_return Fail{Error{409, ErrorType::invalid_request, "lock_timeout",
                             "Another process is purging. It is done, or has ended, in five minutes at most."}
                           .with_cause(Cause::conflict)};
    co_return held;
}

// What cannot be given back ends by itself.
boost::asio::awaitable<void> Purge::give_lease_back() {
    const auto now = parts_.clock.now().time_since_epoch().count();
    static_cast<void>(co_await parts_.leases.take("purge", owner_, now, 0, soon()));
}

Task<PurgeReport> Purge::run(bool dry_run) {
    Run run{{.dry_run = dry_run}, day_of(parts_.clock.now())};
    if (const auto held = co_await keep_lease(run); !held) co_return Fail{held.error()};
    auto done = dry_run ? common::Result<bool>{true} : co_await record(audit::Outcome::begun, "");
    const bool recorded_first = done.has_value();
    if (done) done = co_await all_accounts(run);
    if (done) done = co_await velocity(run);
    if (!dry_run) {
        co_await give_lease_back();
        if (!recorded_first) co_return Fail{done.error()};
        parts_.metrics.count("vault_cards_purged_total", {{"rule", "unused"}},
                             static_cast<double>(run.report.unused_cards));
        parts_.metrics.count("vault_cards_purged_total", {{"rule", "expired"}},
                             static_cast<double>(run.report.expired_cards));
        // What was deleted is told also when the rest could not be.
        const auto recorded =
            co_await record(done ? audit::Outcome::done : audit::Outcome::failed, run.report.json());
        if (done && !recorded) co_return Fail{recorded.error()};
    }
    if (!done) co_return Fail{done.error()};
    co_return run.report;
}

Task<bool> Purge::all_accounts(Run& run) {
    AccountId last{-1};
    for (;;) {
        const auto accounts = co_await parts_.store.accounts(last, soon());
        if (!accounts) co_return Fail{accounts.error()};
        if (accounts->empty()) co_return true;
        for (const auto each : *accounts)
            if (const auto done = co_await account(run, each); !done) co_return done;
        last = accounts->back();
    }
}

Task<bool> Purge::account(Run& run, AccountId account) {
    if (rules_.unused_card_days > 0) {
        const store::Retention::Rule unused{ErasureReason::unused, run.today - rules_.unused_card_days};
        const auto done = co_await cards(run, account, unused, run.report.unused_cards);
        if (!done) co_return done;
    }
    if (rules_.expired_card_days > 0) {
        const store::Retention::Rule expired{ErasureReason::expired, 0,
                                             month_of_day(run.today - rules_.expired_card_days)};
        const auto done = co_await cards(run, account, expired, run.report.expired_cards);
        if (!done) co_return done;
    }
    if (const auto done = co_await tombstones(run, account); !done) co_return done;
    co_return co_await bulk_chunks(run, account);
}

Task<bool> Purge::cards(Run& run, AccountId account, store::Retention::Rule rule, std::int64_t& count) {
    if (run.report.dry_run) {
        const auto due = co_await parts_.store.count_cards(account, rule, soon());
        if (!due) co_return Fail{due.error()};
        count += *due;
        co_return true;
    }
    for (;;) {
        if (auto held = co_await keep_lease(run); !held) co_return held;
        const auto erased = co_await parts_.store.purge_cards(account, rule, run.today, batch_max, soon());
        if (!erased) co_return Fail{erased.error()};
        count += *erased;
        if (*erased < batch_max) co_return true;
    }
}

Task<bool> Purge::tombstones(Run& run, AccountId account) {
    if (rules_.tombstone_days == 0) co_return true;
    const auto day = run.today - rules_.tombstone_days;
    for (;;) {
        const auto done = run.report.dry_run
                              ? co_await parts_.store.count_tombstones(account, day, soon())
                              : co_await parts_.store.purge_tombstones(account, day, batch_max, soon());
        if (!done) co_return Fail{done.error()};
        run.report.tombstones += *done;
        if (run.report.dry_run || *done < batch_max) co_return true;
        if (auto held = co_await keep_lease(run); !held) co_return held;
    }
}

Task<bool> Purge::bulk_chunks(Run& run, AccountId account) {
    const auto day = run.today - RetentionRules::bulk_days;
    for (;;) {
        const auto done = run.report.dry_run
                              ? co_await parts_.store.count_chunks(account, day, soon())
                              : co_await parts_.store.purge_chunks(account, day, batch_max, soon());
        if (!done) co_return Fail{done.error()};
        run.report.bulk_chunks += *done;
        if (run.report.dry_run || *done < batch_max) co_return true;
        if (auto held = co_await keep_lease(run); !held) co_return held;
    }
}

Task<bool> Purge::velocity(Run& run) {
    const auto before =
        velocity_slot_of(parts_.clock.now() - std::chrono::days{RetentionRules::velocity_days});
    for (;;) {
        const auto done = run.report.dry_run
                              ? co_await parts_.store.count_velocity(before, soon())
                              : co_await parts_.store.purge_velocity(before, batch_max, soon());
        if (!done) co_return Fail{done.error()};
        run.report.velocity_counters += *done;
        if (run.report.dry_run || *done < batch_max) co_return true;
        if (auto held = co_await keep_lease(run); !held) co_return held;
    }
}

}  // namespace vault::cards
