#include "vault/keys/registry.h"

#include <algorithm>

#include "vault/keys/associated_data.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;
using common::SecretBytes;
using common::Task;
using hsm::KeyRef;
using hsm::Purpose;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds fresh_for{2};

constexpr Purpose purposes[] = {Purpose::kek_card, Purpose::kek_pii, Purpose::kek_2fa, Purpose::fingerprint,
                                Purpose::velocity, Purpose::audit,   Purpose::proof,   Purpose::registry};

SecretBytes entry_of(const HsmKeyRow& row) {
    AssociatedData entry{"portcullis-hsm-key-registry"};
    entry.text(1, hsm::label_of(row.key)).text(2, to_string(row.state)).bytes(3, row.id);
    entry.number(4, static_cast<std::uint64_t>(row.created_ms));
    entry.number(5, static_cast<std::uint64_t>(row.changed_ms));
    return SecretBytes::copy_of(entry.span());
}

// Everything of the row, the state too, so that a key cannot be brought back to life.
SecretBytes entry_of(const MerchantKeyRow& row) {
    AssociatedData entry{"portcullis-key-registry"};
    entry.text(1, row.id).number(2, static_cast<std::uint64_t>(row.account.value)).number(3, row.version);
    entry.text(4, row.kek).text(5, row.livemode ? "live" : "test").text(6, to_string(row.state));
    entry.bytes(7, row.sealed);
    return SecretBytes::copy_of(entry.span());
}

Error differs(common::Text what, KeyRef key) {
    return Error::internal(what, {Safe::param(hsm::label_of(key))}).with_cause(Cause::integrity);
}

const HsmKeyRow* row_of(const std::vector<HsmKeyRow>& rows, KeyRef key) {
    const auto found = std::ranges::find(rows, key, &HsmKeyRow::key);
    return found == rows.end() ? nullptr : &*found;
}

// What is wrong with the token, seen from the registry.
std::optional<Error> difference(const std::vector<HsmKeyRow>& rows,
                                const std::map<KeyRef, common::crypto::Bytes>& token) {
    for (const auto& [key, id] : token) {
        const auto* row = row_of(rows, key);
        if (!row)
            return differs(
                "HSM: key {} is on the token but not in the registry; it was not made by "
                "`portcullis-vault keys rotate`: find out who made it, and destroy it",
                key);
        if (row->state == KeyState::destroyed)
            return differs(
                "HSM: key {} is destroyed according to the registry but still on the token; finish "
                "with: portcullis-vault keys destroy",
                key);
        if (row->state != KeyState::pending && row->id != id)
            return differs("HSM: key {} has another CKA_ID than the registry knows; is this the right token?",
                           key);
    }
    for (const auto& row : rows)
        if (opens(row.state) && !token.contains(row.key))
            return differs("HSM: key {} is in the registry but not on the token; is this the right token?",
                           row.key);
    for (const auto purpose : purposes)
        if (!std::ranges::any_of(rows, [&](const auto& row) {
                return row.key.purpose == purpose && row.state == KeyState::active;
            }))
            return differs("HSM: the token has no key {}; make it with: portcullis-hsm keys", {purpose, 1});
    return std::nullopt;
}

}  // namespace

std::span<const Purpose> all_purposes() {
    return purposes;
}

std::string purpose_name(Purpose purpose) {
    const auto label = hsm::label_of({purpose, 1});
    return label.substr(0, label.rfind("-v"));
}

std::string registry_mark(std::span<const std::uint8_t> registry_mac) {
    constexpr std::size_t mark_size = 16;
    return common::crypto::to_hex(registry_mac.first(std::min(mark_size, registry_mac.size())));
}

Task<std::vector<std::uint8_t>> Registry::mac(unsigned version, SecretBytes entry, Deadline deadline) {
    const auto digest = co_await hsm_.mac({Purpose::registry, version}, std::move(entry), deadline);
    if (!digest) co_return Fail{digest.error()};
    co_return std::vector<std::uint8_t>{digest->begin(), digest->end()};
}

template <class Row>
Task<Row> Registry::sign(Row row, Deadline deadline) {
    const auto key = co_await active(Purpose::registry, deadline);
    if (!key) co_return Fail{key.error()};
    row.registry_version = key->version;
    auto made = co_await mac(row.registry_version, entry_of(row), deadline);
    if (!made) co_return Fail{std::move(made).error()};
    row.registry_mac = std::move(*made);
    co_return row;
}

Task<HsmKeyRow> Registry::signed_row(HsmKeyRow row, Deadline deadline) {
    return sign(std::move(row), deadline);
}

Task<MerchantKeyRow> Registry::signed_row(MerchantKeyRow row, Deadline deadline) {
    return sign(std::move(row), deadline);
}

Task<bool> Registry::check(const MerchantKeyRow& row, Deadline deadline) {
    const auto made = co_await mac(row.registry_version, entry_of(row), deadline);
    if (!made) co_return Fail{made.error()};
    if (!common::equal_in_constant_time(*made, row.registry_mac))
        co_return Fail{
            Error::internal("merchant key {} differs from what the registry signed", {Safe::id(row.id)})
                .with_cause(Cause::integrity)};
    co_return true;
}

Task<bool> Registry::check(const HsmKeyRow& row, Deadline deadline) {
    const auto made = co_await mac(row.registry_version, entry_of(row), deadline);
    if (!made) co_return Fail{made.error()};
    if (!common::equal_in_constant_time(*made, row.registry_mac))
        co_return Fail{
            differs("key {} differs from what the registry signed; somebody wrote into hsm_key", row.key)};
    co_return true;
}

Task<std::vector<HsmKeyRow>> Registry::all(Deadline deadline) {
    auto rows = co_await store_.all(deadline);
    if (!rows) co_return rows;
    for (const auto& row : *rows)
        if (const auto checked = co_await check(row, deadline); !checked) co_return Fail{checked.error()};
    co_return rows;
}

Task<HsmKeyRow> Registry::find(KeyRef key, Deadline deadline) {
    const auto rows = co_await all(deadline);
    if (!rows) co_return Fail{rows.error()};
    if (const auto* row = row_of(*rows, key)) co_return *row;
    co_return Fail{Error{404,
                         ErrorType::invalid_request,
                         "resource_missing",
                         "There is no key {}.",
                         {Safe::param(hsm::label_of(key))}}
                       .with_cause(Cause::not_found)};
}

void Registry::forget() {
    const std::lock_guard lock{mutex_};
    active_.clear();
}

// The audit log signs with the newest key that the HSM's client knows, and it knows what was used.
Task<bool> Registry::learn(const std::map<Purpose, KeyRef>& active, Deadline deadline) {
    const auto audit = active.find(Purpose::audit);
    if (audit == active.end() || hsm_.keys().contains(audit->second)) co_return true;
    const auto used = co_await hsm_.mac(audit->second, SecretBytes::copy_of("portcullis"), deadline);
    if (!used) co_return Fail{used.error()};
    co_return true;
}

Task<KeyRef> Registry::active(Purpose purpose, Deadline deadline) {
    {
        const std::lock_guard lock{mutex_};
        const auto found = active_.find(purpose);
        if (found != active_.end() && Steady::now() - read_at_ < fresh_for) co_return found->second;
    }
    const auto rows = co_await all(deadline);
    if (!rows) co_return Fail{rows.error()};
    std::map<Purpose, KeyRef> now;
    for (const auto& row : *rows)
        if (row.state == KeyState::active) now[row.key.purpose] = row.key;
    const auto found = now.find(purpose);
    if (found == now.end())
        co_return Fail{
            Error::unavailable("the registry has no active key for {}; start a vault, which enters those of "
                               "the token, or see portcullis-vault keys list",
                               Cause::unavailable, {Safe::param(purpose_name(purpose))})};
    const auto key = found->second;
    if (const auto learned = co_await learn(now, deadline); !learned) co_return Fail{learned.error()};
    // An operator's program destroyed it on the token; without this the self-test would miss it for ever.
    for (const auto& row : *rows)
        if (row.state == KeyState::destroyed) hsm_.forget(row.key);
    const std::lock_guard lock{mutex_};
    active_ = std::move(now);
    read_at_ = Steady::now();
    co_return key;
}

// Several vaults may start at once: the database lets one row in.
Task<bool> Registry::enter(KeyRef key, const common::crypto::Bytes& id, Deadline deadline) {
    const auto now = clock_.now().time_since_epoch().count();
    HsmKeyRow row{key, KeyState::active, id, now, now, 1, {}};
    if (key.purpose != Purpose::registry) {
        auto made = co_await signed_row(std::move(row), deadline);
        if (!made) co_return Fail{std::move(made).error()};
        co_return co_await store_.insert_if_absent(std::move(*made), deadline);
    }
    // The first row of all is signed by the key that it enters.
    auto made = co_await mac(row.registry_version, entry_of(row), deadline);
    if (!made) co_return Fail{std::move(made).error()};
    row.registry_mac = std::move(*made);
    co_return co_await store_.insert_if_absent(std::move(row), deadline);
}

Task<bool> Registry::enter_unknown(const std::vector<HsmKeyRow>& rows, Deadline deadline) {
    const auto token = hsm_.keys();
    auto missing = std::vector(std::begin(purposes), std::end(purposes));
    std::erase_if(missing, [&](Purpose purpose) {
        return !token.contains({purpose, 1}) ||
               std::ranges::any_of(rows, [&](const auto& row) { return row.key.purpose == purpose; });
    });
    std::ranges::sort(
        missing, [](Purpose a, Purpose b) { return (a == Purpose::registry) > (b == Purpose::registry); });
    for (const auto purpose : missing) {
        const KeyRef key{purpose, 1};
        if (const auto entered = co_await enter(key, token.at(key), deadline); !entered)
            co_return Fail{entered.error()};
    }
    co_return !missing.empty();
}

Task<bool> Registry::reconcile(Deadline deadline) {
    auto rows = co_await all(deadline);
    if (!rows) co_return Fail{rows.error()};
    if (const auto entered = co_await enter_unknown(*rows, deadline); !entered)
        co_return Fail{entered.error()};
    rows = co_await all(deadline);
    if (!rows) co_return Fail{rows.error()};
    if (auto found = difference(*rows, hsm_.keys())) co_return Fail{*std::move(found)};
    forget();
    co_return true;
}

}  // namespace vault::keys
