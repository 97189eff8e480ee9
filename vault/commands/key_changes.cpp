#include "vault/commands/key_changes.h"

#include <iostream>

#include "hsm/provision.h"
#include "vault/commands/key_work.h"
#include "vault/commands/progress.h"
#include "vault/settings.h"

namespace vault::commands {
namespace {

using common::Config;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using hsm::KeyRef;
using hsm::Purpose;
using keys::KeyState;
using keys::MerchantKeyRow;
using keys::Rewrapper;

Error wrong_name(common::Text what) {
    return Error::invalid("parameter_invalid", "key", what);
}

template <class T>
const T* as(const KeyOrder& order) {
    return order.name ? std::get_if<T>(&*order.name) : nullptr;
}

Status reported(const keys::RewrapReport& report, const std::string& what) {
    std::cout << "sealed anew: " << report.done << ' ' << what << '\n';
    if (report.refused == 0) return {};
    for (const auto& name : report.refused_names)
        std::cerr << "not what was sealed, left as it is: " << name << '\n';
    return Fail{Error::internal("{} entries are corrupt or forged; the old key is still needed for them",
                                {Safe::number(report.refused)})
                    .with_cause(common::Cause::integrity)};
}

Rewrapper::Pace pace_of(const KeyWork& work, const KeyOrder& order, Progress& progress) {
    Rewrapper::Pace pace;
    pace.per_second = order.per_second;
    pace.progress = [&progress](std::int64_t rows) { progress.add(rows); };
    pace.actor = work.work->operator_name();
    return pace;
}

Status rewrap_cards(KeyWork& work, const KeyOrder& order, const MerchantKeyRow& row) {
    const auto total = wait_for(work.card_keys.count({row.account, row.livemode, row.version}, soon()));
    if (!total) return Fail{total.error()};
    if (*total == 0) return {};
    Result<keys::RewrapReport> done;
    {
        Progress progress{row.id, *total};
        done = wait_for(work.rewrapper.card_keys(row, pace_of(work, order, progress)));
    }
    if (!done) return Fail{std::move(done).error()};
    return reported(*done, "card keys, no card opened");
}

// Whatever the version is still needed for.
Status rewrap_under(KeyWork& work, const KeyOrder& order, KeyRef key) {
    const auto total = wait_for(work.rotation.uses(key, soon()));
    if (!total) return Fail{total.error()};
    if (*total == 0) return {};
    Result<keys::RewrapReport> done;
    const char* what = "";
    {
        Progress progress{hsm::label_of(key), *total};
        auto pace = pace_of(work, order, progress);
        switch (key.purpose) {
            case Purpose::kek_card:
                what = "merchant keys, no card opened";
                done = wait_for(work.rewrapper.merchant_keys(key, std::move(pace)));
                break;
            case Purpose::registry:
                what = "rows of the registry";
                done = wait_for(work.rewrapper.registry_rows(key, std::move(pace)));
                if (const auto custody = wait_for(work.work->custodians().sign_anew(soon())); !custody)
                    return Fail{custody.error()};
                break;
            case Purpose::fingerprint:
                what = "fingerprints";
                done = wait_for(work.reindexer.run(key, std::move(pace)));
                break;
            default:
                return {};
        }
    }
    if (!done) return Fail{std::move(done).error()};
    return reported(*done, what);
}

// What is corrupt under one key does not hold up the others; the first such error is told at the end.
bool ends_all(const Status& done) {
    return !done && done.error().cause() != common::Cause::integrity;
}

Status rewrap_all(KeyWork& work, const KeyOrder& order) {
    const auto rows = wait_for(work.registry.all(soon()));
    if (!rows) return Fail{rows.error()};
    Status outcome;
    for (const auto& row : *rows) {
        if (row.state != KeyState::decrypt_only && row.state != KeyState::compromised) continue;
        auto done = rewrap_under(work, order, row.key);
        if (ends_all(done)) return done;
        if (outcome) outcome = std::move(done);
    }
    keys::RowCursor merchants{
        [&work](const auto& page) { return work.merchant_keys.to_rewrap(page, soon()); }};
    for (;;) {
        const auto row = wait_for(merchants.next());
        if (!row) return Fail{row.error()};
        if (!*row) return outcome;
        auto done = rewrap_cards(work, order, **row);
        if (ends_all(done)) return done;
        if (outcome) outcome = std::move(done);
    }
}

Result<MerchantKeyRow> find_merchant_key(KeyWork& work, const std::string& id) {
    const auto account = common::account_of(id, "mk_");
    for (const bool livemode : {false, true}) {
        auto rows = wait_for(work.merchant_keys.all_of(*account, livemode, soon()));
        if (!rows) return Fail{std::move(rows).error()};
        const auto found = std::ranges::find(*rows, id, &MerchantKeyRow::id);
        if (found != rows->end()) return std::move(*found);
    }
    return Fail{Error{
        404, ErrorType::invalid_request, "resource_missing", "No such merchant key: {}", {Safe::id(id)}}};
}

Status rotate_merchant_key(const Config& config, const KeyOrder& order, common::AccountId account) {
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    const keys::MerchantScope scope{account, order.livemode};
    const auto fresh = wait_for((*work)->rotation.rotate(scope, order.compromised, soon()));
    if (!fresh) return Fail{fresh.error()};
    std::cout << "active: " << fresh->id << ", version " << fresh->version << '\n';
    if (order.no_rewrap) return {};
    const auto rows = wait_for((*work)->merchant_keys.all_of(account, order.livemode, soon()));
    if (!rows) return Fail{rows.error()};
    for (const auto& row : *rows) {
        if (row.state != KeyState::decrypt_only && row.state != KeyState::compromised) continue;
        if (auto done = rewrap_cards(**work, order, row); !done) return done;
    }
    return {};
}

// A key of the HSM needs custodians, and the token for itself in between: three steps, each of which may be
// repeated after an interruption.
struct PlannedKey {
    keys::ApprovedAct act;
    KeyRef key;
};

Result<PlannedKey> plan_rotation(const Config& config, Purpose purpose) {
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    auto next = wait_for((*work)->rotation.next_version(purpose, soon()));
    if (!next) return Fail{std::move(next).error()};
    keys::CustodialAct wanted{"hsm_key.create", {{"key", hsm::label_of(*next)}}};
    auto act = wait_for((*work)->work->custodians().claim(std::move(wanted), soon()));
    if (!act) return Fail{std::move(act).error()};
    const auto key = wait_for((*work)->rotation.plan_successor(purpose, soon()));
    if (!key) return Fail{key.error()};
    return PlannedKey{std::move(*act), *key};
}

Status rotate_hsm_key(const Config& config, const KeyOrder& order, Purpose purpose) {
    const auto planned = plan_rotation(config, purpose);
    if (!planned) return Fail{planned.error()};
    common::Metrics metrics;
    const auto made = hsm::make_key(hsm::setup_of(hsm_options(config)), planned->key, metrics);
    if (!made) return Fail{made.error()};
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    const auto rows = wait_for((*work)->registry.all(soon()));
    if (!rows) return Fail{rows.error()};
    const auto active = wait_for((*work)->rotation.activate(planned->key, order.compromised, soon()));
    if (!active) return Fail{active.error()};
    if (const auto done = wait_for((*work)->work->custodians().finish(planned->act.id, soon())); !done)
        return Fail{done.error()};
    std::cout << "active: " << hsm::label_of(planned->key) << '\n';
    if (order.no_rewrap) return {};
    for (const auto& row : *rows)
        if (row.key.purpose == purpose && keys::opens(row.state))
            if (auto done = rewrap_under(**work, order, row.key); !done) return done;
    return {};
}

Status destroy_hsm_key(const Config& config, const KeyOrder& order, KeyRef key) {
    keys::ApprovedAct act;
    {
        auto work = KeyWork::open(config, true);
        if (!work) return Fail{std::move(work.error())};
        if (auto may = wait_for((*work)->rotation.may_be_destroyed(key, order.now, soon())); !may)
            return Fail{std::move(may).error()};
        const auto needed = wait_for((*work)->work->custodians().needs(key, soon()));
        if (!needed) return Fail{needed.error()};
        if (*needed)
            return Fail{Error{409,
                              ErrorType::invalid_request,
                              "key_in_use",
                              "Key {} signed the custodians' register. See keys rewrap.",
                              {Safe::param(hsm::label_of(key))}}};
        keys::CustodialAct wanted{"hsm_key.destroy",
                                  {{"key", hsm::label_of(key)}, {"in_backup_window", order.now}}};
        auto claimed = wait_for((*work)->work->custodians().claim(std::move(wanted), soon()));
        if (!claimed) return Fail{std::move(claimed).error()};
        act = std::move(*claimed);
        const auto planned = wait_for((*work)->rotation.plan_destruction(key, order.now, soon()));
        if (!planned) return Fail{planned.error()};
    }
    common::Metrics metrics;
    const auto gone = hsm::destroy_key(hsm::setup_of(hsm_options(config)), key, metrics);
    if (!gone && gone.error().cause() != common::Cause::not_found) return Fail{gone.error()};
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    if (const auto done = wait_for((*work)->work->custodians().finish(act.id, soon())); !done)
        return Fail{done.error()};
    std::cout << "destroyed: " << hsm::label_of(key) << '\n';
    return {};
}

}  // namespace

Status rotate_key(const Config& config, const KeyOrder& order) {
    if (const auto* account = as<common::AccountId>(order))
        return rotate_merchant_key(config, order, *account);
    if (const auto* purpose = as<Purpose>(order)) return rotate_hsm_key(config, order, *purpose);
    return Fail{wrong_name("A rotation names a key without its version: KEK-card or acct_…")};
}

Status rewrap_keys(const Config& config, const KeyOrder& order) {
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    if (!order.name) return rewrap_all(**work, order);
    if (const auto* key = as<KeyRef>(order)) return rewrap_under(**work, order, *key);
    if (const auto* id = as<std::string>(order)) {
        const auto row = find_merchant_key(**work, *id);
        return row ? rewrap_cards(**work, order, *row) : Status{Fail{row.error()}};
    }
    return Fail{wrong_name("Name the version whose seals are to go: KEK-card-v1 or mk_…")};
}

Status retire_key(const Config& config, const KeyOrder& order) {
    const auto* account = as<common::AccountId>(order);
    if (account == nullptr) return Fail{wrong_name("Only the key of an account can be retired: acct_…")};
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    const auto row = wait_for((*work)->rotation.retire({*account, order.livemode}, soon()));
    if (!row) return Fail{row.error()};
    std::cout << "retired: " << row->id << '\n';
    return {};
}

Status compromise_key(const Config& config, const KeyOrder& order) {
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    if (const auto* key = as<KeyRef>(order)) {
        const auto row = wait_for((*work)->rotation.compromise(*key, soon()));
        if (!row) return Fail{row.error()};
        std::cout << "compromised: " << hsm::label_of(*key) << '\n';
        return rewrap_under(**work, order, *key);
    }
    const auto* id = as<std::string>(order);
    if (id == nullptr) return Fail{wrong_name("Name the version: KEK-card-v1 or mk_…")};
    auto row = find_merchant_key(**work, *id);
    if (!row) return Fail{std::move(row).error()};
    const auto marked = wait_for((*work)->rotation.compromise(std::move(*row), soon()));
    if (!marked) return Fail{marked.error()};
    std::cout << "compromised: " << *id << '\n';
    return rewrap_cards(**work, order, *marked);
}

Status destroy_key(const Config& config, const KeyOrder& order) {
    if (const auto* key = as<KeyRef>(order)) return destroy_hsm_key(config, order, *key);
    const auto* id = as<std::string>(order);
    if (id == nullptr) return Fail{wrong_name("Name the version: KEK-card-v1 or mk_…")};
    auto work = KeyWork::open(config);
    if (!work) return Fail{std::move(work.error())};
    auto row = find_merchant_key(**work, *id);
    if (!row) return Fail{std::move(row).error()};
    const auto done = wait_for((*work)->rotation.destroy(std::move(*row), order.now, soon()));
    if (!done) return Fail{done.error()};
    std::cout << "destroyed: " << *id << '\n';
    return {};
}

}  // namespace vault::commands
