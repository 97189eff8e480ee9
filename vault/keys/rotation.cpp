#include "vault/keys/rotation.h"

#include <algorithm>

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;
using common::Task;
using hsm::KeyRef;
using hsm::Purpose;

Error conflict(common::Text code, common::Text message, std::string_view name) {
    return Error{409, ErrorType::invalid_request, code, message, {Safe::param(name)}}.with_cause(
        Cause::conflict);
}

Error is_active(std::string_view name) {
    return conflict("key_active", "Key {} is the active one. Rotate it first, so that there is a successor.",
                    name);
}

Error is_in_backup_window(std::string_view name) {
    return conflict("backup_window",
                    "Key {} went out of use so lately that a backup may need it. Wait, or order its "
                    "destruction before that time expressly.",
                    name);
}

const MerchantKeyRow* active_of(const std::vector<MerchantKeyRow>& rows) {
    const auto found = std::ranges::find(rows, KeyState::active, &MerchantKeyRow::state);
    return found == rows.end() ? nullptr : &*found;
}

}  // namespace

Task<bool> Rotation::note(std::string action, std::string object, std::span<const std::uint8_t> registry_mac,
                          Deadline deadline) {
    audit::Entry entry{parts_.actor,  std::move(action),     std::move(object),
                       parts_.origin, audit::Outcome::begun, registry_mark(registry_mac)};
    return parts_.trail.record(std::move(entry), deadline);
}

bool Rotation::in_backup_window(std::int64_t since_ms) const {
    const common::TimePoint since{std::chrono::milliseconds{since_ms}};
    return parts_.clock.now() < since + parts_.backup_window;
}

Task<MerchantKeyRow> Rotation::rotate(MerchantScope scope, bool old_is_compromised, Deadline deadline) {
    const auto rows = co_await parts_.merchant_keys.all_of(scope.account, scope.livemode, deadline);
    if (!rows) co_return Fail{rows.error()};
    if (rows->empty())
        co_return Fail{Error{404, ErrorType::invalid_request, "resource_missing",
                             "This account has no key in this mode."}
                           .with_cause(Cause::not_found)};
    auto fresh = co_await parts_.safe.make(scope.account, scope.livemode, rows->back().version + 1, deadline);
    if (!fresh) co_return fresh;
    std::optional<store::MerchantKeys::Change> old;
    if (const auto* active = active_of(*rows)) {
        const auto state = old_is_compromised ? KeyState::compromised : KeyState::decrypt_only;
        auto after = co_await parts_.safe.in_state(*active, state, deadline);
        if (!after) co_return after;
        old.emplace(*active, std::move(*after));
    }
    const auto noted = co_await note("merchant_key.rotate", fresh->id, fresh->registry_mac, deadline);
    if (!noted) co_return Fail{noted.error()};
    if (old) {
        const auto& after = old->after;
        if (const auto replaced =
                co_await note("merchant_key.replace", after.id, after.registry_mac, deadline);
            !replaced)
            co_return Fail{replaced.error()};
    }
    const auto stored = co_await parts_.merchant_keys.replace(std::move(old), *fresh, deadline);
    if (!stored) co_return Fail{stored.error()};
    parts_.ring.forget(scope.account, scope.livemode);
    parts_.metrics.count("vault_keys_rotated_total", {{"kind", "merchant"}});
    co_return fresh;
}

Task<MerchantKeyRow> Rotation::retire(MerchantScope scope, Deadline deadline) {
    const auto active = co_await parts_.merchant_keys.active(scope.account, scope.livemode, deadline);
    if (!active) co_return active;
    auto after = co_await parts_.safe.in_state(*active, KeyState::decrypt_only, deadline);
    if (!after) co_return after;
    if (const auto noted = co_await note("merchant_key.retire", active->id, after->registry_mac, deadline);
        !noted)
        co_return Fail{noted.error()};
    if (const auto done = co_await parts_.merchant_keys.change({*active, *after}, deadline); !done)
        co_return Fail{done.error()};
    parts_.ring.forget(scope.account, scope.livemode);
    co_return after;
}

Task<MerchantKeyRow> Rotation::compromise(MerchantKeyRow row, Deadline deadline) {
    if (row.state == KeyState::active) co_return Fail{is_active(row.id)};
    auto after = co_await parts_.safe.in_state(row, KeyState::compromised, deadline);
    if (!after) co_return after;
    if (const auto noted = co_await note("merchant_key.compromise", row.id, after->registry_mac, deadline);
        !noted)
        co_return Fail{noted.error()};
    if (const auto done = co_await parts_.merchant_keys.change({std::move(row), *after}, deadline); !done)
        co_return Fail{done.error()};
    co_return after;
}

Task<bool> Rotation::destroy(MerchantKeyRow row, bool now, Deadline deadline) {
    if (row.state == KeyState::active) co_return Fail{is_active(row.id)};
    // A merchant key goes out of use when its successor is made.
    const auto rows = co_await parts_.merchant_keys.all_of(row.account, row.livemode, deadline);
    if (!rows) co_return Fail{rows.error()};
    const auto next = std::ranges::find(*rows, row.version + 1, &MerchantKeyRow::version);
    const auto out_of_use = next == rows->end() ? row.created_ms : next->created_ms;
    if (!now && in_backup_window(out_of_use)) co_return Fail{is_in_backup_window(row.id)};
    auto after = co_await parts_.safe.in_state(row, KeyState::destroyed, deadline);
    if (!after) co_return Fail{after.error()};
    if (const auto noted = co_await note("merchant_key.destroy", row.id, after->registry_mac, deadline);
        !noted)
        co_return noted;
    const MerchantScope scope{row.account, row.livemode};
    auto done = co_await parts_.merchant_keys.destroy({std::move(row), std::move(*after)}, deadline);
    parts_.ring.forget(scope.account, scope.livemode);
    co_return done;
}

Task<KeyRef> Rotation::next_version(Purpose purpose, Deadline deadline) {
    const auto rows = co_await parts_.registry.all(deadline);
    if (!rows) co_return Fail{rows.error()};
    KeyRef next{purpose, 0};
    for (const auto& row : *rows) {
        if (row.key.purpose != purpose) continue;
        if (row.state == KeyState::pending) co_return row.key;  // of a run that was interrupted
        next.version = std::max(next.version, row.key.version);
    }
    ++next.version;
    co_return next;
}

Task<KeyRef> Rotation::plan_successor(Purpose purpose, Deadline deadline) {
    const auto key = co_await next_version(purpose, deadline);
    if (!key) co_return key;
    const auto present = co_await parts_.registry.find(*key, deadline);
    if (present) co_return key;
    if (present.error().cause() != Cause::not_found) co_return Fail{present.error()};
    HsmKeyRow row;
    row.key = *key;
    row.created_ms = row.changed_ms = parts_.clock.now().time_since_epoch().count();
    auto label = hsm::label_of(*key);
    auto entry = co_await parts_.registry.signed_row(std::move(row), deadline);
    if (!entry) co_return Fail{std::move(entry).error()};
    if (const auto noted = co_await note("hsm_key.create", label, entry->registry_mac, deadline); !noted)
        co_return Fail{noted.error()};
    const auto stored = co_await parts_.hsm_keys.insert_if_absent(std::move(*entry), deadline);
    if (!stored) co_return Fail{stored.error()};
    if (!*stored) co_return Fail{conflict("key_changed", "Key {} is being made by somebody else.", label)};
    co_return key;
}

Task<HsmKeyRow> Rotation::in_state(HsmKeyRow row, KeyState state, Deadline deadline) {
    if (!may_become(row.state, state))
        co_return Fail{conflict("key_state", "Key {} cannot be changed in that way; see keys list.",
                                hsm::label_of(row.key))};
    row.state = state;
    row.changed_ms = parts_.clock.now().time_since_epoch().count();
    co_return co_await parts_.registry.signed_row(std::move(row), deadline);
}

Task<HsmKeyRow> Rotation::activate(KeyRef key, bool old_is_compromised, Deadline deadline) {
    const auto rows = co_await parts_.registry.all(deadline);
    if (!rows) co_return Fail{rows.error()};
    const auto of = [&](auto matches) {
        const auto found = std::ranges::find_if(*rows, matches);
        return found == rows->end() ? nullptr : &*found;
    };
    const auto* pending = of([&](const HsmKeyRow& row) { return row.key == key; });
    const auto* old = of([&](const HsmKeyRow& row) {
        return row.key.purpose == key.purpose && row.state == KeyState::active;
    });
    const auto token = parts_.hsm.keys();
    if (!pending || !token.contains(key))
        co_return Fail{conflict("resource_missing", "Key {} is not in the registry or not on the token.",
                                hsm::label_of(key))};
    if (pending->state == KeyState::active) co_return *pending;
    std::vector<store::HsmKeys::Change> changes;
    if (old != nullptr) {
        auto after = co_await in_state(
            *old, old_is_compromised ? KeyState::compromised : KeyState::decrypt_only, deadline);
        if (!after) co_return after;
        changes.push_back({*old, std::move(*after)});
    }
    auto identified = *pending;
    identified.id = token.at(key);
    auto active = co_await in_state(std::move(identified), KeyState::active, deadline);
    if (!active) co_return active;
    changes.push_back({*pending, *active});
    for (const auto& [before, after] : changes) {
        const auto* const action = after.key == key ? "hsm_key.activate" : "hsm_key.replace";
        if (const auto noted = co_await note(action, hsm::label_of(after.key), after.registry_mac, deadline);
            !noted)
            co_return Fail{noted.error()};
    }
    if (const auto done = co_await parts_.hsm_keys.change(std::move(changes), deadline); !done)
        co_return Fail{done.error()};
    parts_.registry.forget();
    parts_.metrics.count("vault_keys_rotated_total", {{"kind", "hsm"}});
    co_return active;
}

Task<HsmKeyRow> Rotation::change(HsmKeyRow row, KeyState state, std::string action, Deadline deadline) {
    auto after = co_await in_state(row, state, deadline);
    if (!after) co_return after;
    const auto noted =
        co_await note(std::move(action), hsm::label_of(row.key), after->registry_mac, deadline);
    if (!noted) co_return Fail{noted.error()};
    std::vector<store::HsmKeys::Change> changes{{std::move(row), *after}};
    if (const auto done = co_await parts_.hsm_keys.change(std::move(changes), deadline); !done)
        co_return Fail{done.error()};
    parts_.registry.forget();
    co_return after;
}

Task<HsmKeyRow> Rotation::compromise(KeyRef key, Deadline deadline) {
    auto row = co_await parts_.registry.find(key, deadline);
    if (!row) co_return row;
    if (row->state == KeyState::active) co_return Fail{is_active(hsm::label_of(key))};
    co_return co_await change(std::move(*row), KeyState::compromised, "hsm_key.compromise", deadline);
}

Task<HsmKeyRow> Rotation::may_be_destroyed(KeyRef key, bool now, Deadline deadline) {
    auto row = co_await parts_.registry.find(key, deadline);
    if (!row) co_return row;
    const auto label = hsm::label_of(key);
    if (row->state == KeyState::destroyed) co_return row;  // of a run that was interrupted
    if (row->state == KeyState::active) co_return Fail{is_active(label)};
    if (!now && row->state != KeyState::pending && in_backup_window(row->changed_ms))
        co_return Fail{is_in_backup_window(label)};
    const auto used = co_await uses(key, deadline);
    if (!used) co_return Fail{used.error()};
    // Those that it sealed are with the gateway, where nothing here can count them.
    if (key.purpose == Purpose::kek_pii && row->state != KeyState::pending)
        co_return Fail{conflict(
            "key_in_use",
            "Key {} may be needed by data keys, which are kept outside the vault and sealed by it for good.",
            label)};
    if (*used != 0)
        co_return Fail{Error{409,
                             ErrorType::invalid_request,
                             "key_in_use",
                             "Key {} is still needed by {} entries. See keys rewrap.",
                             {Safe::param(label), Safe::number(*used)}}
                           .with_cause(Cause::conflict)};
    co_return row;
}

Task<HsmKeyRow> Rotation::plan_destruction(KeyRef key, bool now, Deadline deadline) {
    auto row = co_await may_be_destroyed(key, now, deadline);
    if (!row || row->state == KeyState::destroyed) co_return row;
    if (row->id.empty()) {  // given up before it was made, or before that was noted
        const auto token = parts_.hsm.keys();
        row->id = token.contains(key) ? token.at(key) : common::crypto::Bytes(16);
    }
    co_return co_await change(std::move(*row), KeyState::destroyed, "hsm_key.destroy", deadline);
}

Task<std::int64_t> Rotation::uses(KeyRef key, Deadline deadline) {
    switch (key.purpose) {
        case Purpose::kek_card:
            co_return co_await parts_.merchant_keys.count_sealed_by(hsm::label_of(key), deadline);
        case Purpose::fingerprint:
            co_return co_await parts_.fingerprints.count(key.version, deadline);
        case Purpose::registry: {
            const auto merchants = co_await parts_.merchant_keys.count_signed_by(key.version, deadline);
            if (!merchants) co_return merchants;
            const auto rows = co_await parts_.registry.all(deadline);
            if (!rows) co_return Fail{rows.error()};
            co_return *merchants + std::ranges::count(*rows, key.version, &HsmKeyRow::registry_version);
        }
        case Purpose::audit:  // without it nobody could verify what it signed
            co_return co_await parts_.hsm_keys.count_checkpoints(key.version, deadline);
        default:
            co_return 0;
    }
}

}  // namespace vault::keys
