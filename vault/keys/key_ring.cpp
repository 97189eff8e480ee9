#include "vault/keys/key_ring.h"

#include "common/crypto.h"
#include "vault/keys/associated_data.h"

namespace vault::keys {
namespace {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Safe;
using common::SecretBytes;
using common::Task;
using Key = KeyRing::Key;

constexpr unsigned first_version = 1;
constexpr hsm::KeyRef kek{hsm::Purpose::kek_card, 1};
constexpr hsm::KeyRef registry{hsm::Purpose::registry, 1};

AssociatedData seal_context(const MerchantKeyRow& row) {
    AssociatedData context{"portcullis-mdk"};
    context.text(1, row.id).number(2, static_cast<std::uint64_t>(row.account.value));
    context.number(3, row.version).text(4, row.kek).text(5, row.livemode ? "live" : "test");
    return context;
}

// What the registry's MAC covers: everything of the row, the state too, so that a key cannot be brought back
// to life.
SecretBytes registry_entry(const MerchantKeyRow& row) {
    AssociatedData entry{"portcullis-key-registry"};
    entry.text(1, row.id).number(2, static_cast<std::uint64_t>(row.account.value)).number(3, row.version);
    entry.text(4, row.kek).text(5, row.livemode ? "live" : "test").text(6, to_string(row.state));
    entry.bytes(7, row.sealed);
    return SecretBytes::copy_of(entry.span());
}

Error broken_key(common::Text what, const MerchantKeyRow& row) {
    return Error::internal(what, {Safe::id(row.id)}).with_cause(Cause::integrity);
}

}  // namespace

std::string_view to_string(KeyState state) {
    switch (state) {
        case KeyState::pending:
            return "pending";
        case KeyState::active:
            return "active";
        case KeyState::decrypt_only:
            return "decrypt_only";
        case KeyState::compromised:
            return "compromised";
        case KeyState::destroyed:
            return "destroyed";
    }
    return "destroyed";
}

std::optional<KeyState> key_state_of(std::string_view text) {
    for (const auto state : {KeyState::pending, KeyState::active, KeyState::decrypt_only,
                             KeyState::compromised, KeyState::destroyed})
        if (to_string(state) == text) return state;
    return std::nullopt;
}

KeyRing::KeyRing(hsm::Hsm& hsm, store::MerchantKeys& store, KeyMaterial& material, const common::Clock& clock,
                 common::Metrics& metrics, Limits limits)
    : hsm_{hsm}, store_{store}, material_{material}, clock_{clock}, metrics_{metrics}, limits_{limits} {}

Key KeyRing::cached_key(const Scope& scope) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(scope);
    if (found == entries_.end()) return nullptr;
    auto& entry = found->second;
    if (entry.expires <= clock_.now() || ++entry.uses > limits_.uses_max) {
        entries_.erase(found);
        return nullptr;
    }
    return entry.key;
}

void KeyRing::remember(const Scope& scope, const Key& key) {
    const std::lock_guard lock{mutex_};
    if (entries_.size() >= limits_.keys_max) {
        // Any of them may go: it is opened again when it is needed.
        const auto oldest = std::min_element(
            entries_.begin(), entries_.end(),
            [](const auto& a, const auto& b) { return a.second.expires < b.second.expires; });
        entries_.erase(oldest);
    }
    entries_.insert_or_assign(scope, Entry{key, clock_.now() + limits_.life, 1});
    metrics_.gauge("vault_merchant_keys_cached", static_cast<double>(entries_.size()));
}

void KeyRing::purge() {
    const std::lock_guard lock{mutex_};
    const auto now = clock_.now();
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.expires <= now; });
    metrics_.gauge("vault_merchant_keys_cached", static_cast<double>(entries_.size()));
}

std::size_t KeyRing::cached() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
}

Task<Key> KeyRing::active(AccountId account, bool livemode, Deadline deadline) {
    const Scope scope{account, livemode, 0};
    if (auto key = cached_key(scope)) co_return key;
    auto row = co_await store_.active(account, livemode, deadline);
    if (!row && row.error().cause() != Cause::not_found) co_return Fail{std::move(row).error()};
    common::Result<Key> key;
    if (row)
        key = co_await open(std::move(*row), deadline);
    else
        key = co_await create(account, livemode, deadline);
    if (!key) co_return Fail{std::move(key).error()};
    remember(scope, *key);
    remember(Scope{account, livemode, (*key)->version}, *key);
    co_return key;
}

Task<Key> KeyRing::version(AccountId account, bool livemode, unsigned version, Deadline deadline) {
    const Scope scope{account, livemode, version};
    if (auto key = cached_key(scope)) co_return key;
    auto row = co_await store_.version(account, livemode, version, deadline);
    if (!row && row.error().cause() == Cause::not_found)
        co_return Fail{Error::internal("a card names a version of its merchant key that does not exist")
                           .with_cause(Cause::integrity)};
    if (!row) co_return Fail{std::move(row).error()};
    auto key = co_await open(std::move(*row), deadline);
    if (!key) co_return Fail{std::move(key).error()};
    remember(scope, *key);
    co_return key;
}

// Two vaults may do this at once: the database lets one row in, and both read that one.
Task<Key> KeyRing::create(AccountId account, bool livemode, Deadline deadline) {
    MerchantKeyRow row{account,
                       livemode,
                       first_version,
                       common::new_id("mk_", account),
                       KeyState::active,
                       hsm::label_of(kek),
                       {},
                       {}};
    auto bytes = co_await material_.draw(deadline);
    if (!bytes) co_return Fail{std::move(bytes).error()};
    const auto context = seal_context(row);
    auto sealed = co_await hsm_.seal(kek, bytes->bytes(), context.span(), deadline);
    if (!sealed) co_return Fail{std::move(sealed).error()};
    row.sealed = std::move(*sealed);
    auto mac = co_await hsm_.mac(registry, registry_entry(row), deadline);
    if (!mac) co_return Fail{std::move(mac).error()};
    row.registry_mac.assign(mac->begin(), mac->end());
    auto stored = co_await store_.insert_if_absent(std::move(row), deadline);
    // An unknown outcome needs no care: whichever row is there now is the key.
    if (!stored && stored.error().cause() != Cause::outcome_unknown)
        co_return Fail{std::move(stored).error()};
    auto present = co_await store_.active(account, livemode, deadline);
    if (!present) {
        if (present.error().cause() == Cause::not_found)
            co_return Fail{Error::unavailable("a merchant key was written but is not there")};
        co_return Fail{std::move(present).error()};
    }
    metrics_.count("vault_merchant_keys_created_total");
    co_return co_await open(std::move(*present), deadline);
}

Task<Key> KeyRing::open(MerchantKeyRow row, Deadline deadline) {
    if (row.state == KeyState::destroyed || row.state == KeyState::pending)
        co_return Fail{broken_key("merchant key {} is destroyed or not in use yet", row)};
    auto mac = co_await hsm_.mac(registry, registry_entry(row), deadline);
    if (!mac) co_return Fail{std::move(mac).error()};
    if (!common::equal_in_constant_time(*mac, row.registry_mac))
        co_return Fail{broken_key("merchant key {} differs from what the registry signed", row)};
    const auto sealed_by = hsm::key_of_label(row.kek);
    if (!sealed_by) co_return Fail{broken_key("merchant key {} names no key of the HSM", row)};
    const auto context = seal_context(row);
    auto bytes = co_await hsm_.open_sealed(*sealed_by, row.sealed, context.span(), deadline);
    if (!bytes) co_return Fail{std::move(bytes).error()};
    if (bytes->size() != key_size) co_return Fail{broken_key("merchant key {} has a wrong size", row)};
    co_return std::make_shared<const MerchantKey>(
        MerchantKey{row.account, row.livemode, row.version, row.id, row.state, std::move(*bytes)});
}

}  // namespace vault::keys
