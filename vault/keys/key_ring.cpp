#include "vault/keys/key_ring.h"

#include <algorithm>

namespace vault::keys {
namespace {

using common::AccountId;
using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::Task;
using Key = KeyRing::Key;

constexpr unsigned first_version = 1;

}  // namespace

KeyRing::KeyRing(store::MerchantKeys& store, MerchantKeySafe& safe, audit::Trail& trail,
                 const common::Clock& clock, common::Metrics& metrics, Limits limits)
    : store_{store}, safe_{safe}, trail_{trail}, clock_{clock}, metrics_{metrics}, limits_{limits} {}

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
        key = co_await safe_.open(std::move(*row), deadline);
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
    auto key = co_await safe_.open(std::move(*row), deadline);
    if (!key) co_return Fail{std::move(key).error()};
    remember(scope, *key);
    co_return key;
}

// Only for an account that never had a key in this mode: where the last one was retired, nobody but an
// operator makes another. Two vaults may do this at once: the database lets one row in, and both read it.
Task<Key> KeyRing::create(AccountId account, bool livemode, Deadline deadline) {
    const auto earlier = co_await store_.all_of(account, livemode, deadline);
    if (!earlier) co_return Fail{earlier.error()};
    if (!earlier->empty() && !std::ranges::any_of(*earlier, seals, &MerchantKeyRow::state))
        co_return Fail{Error{409, common::ErrorType::invalid_request, "key_retired",
                             "The key of this account is retired: it takes no new cards."}
                           .with_cause(Cause::conflict)};
    auto made = co_await safe_.make(account, livemode, first_version, deadline);
    if (!made) co_return Fail{std::move(made).error()};
    auto recorded = co_await trail_.record({"vault", "merchant_key.create", made->id, "vault",
                                            audit::Outcome::begun, registry_mark(made->registry_mac)},
                                           deadline);
    if (!recorded) co_return Fail{std::move(recorded).error()};
    auto stored = co_await store_.insert_if_absent(std::move(*made), deadline);
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
    co_return co_await safe_.open(std::move(*present), deadline);
}

void KeyRing::forget(AccountId account, bool livemode) {
    const std::lock_guard lock{mutex_};
    std::erase_if(entries_, [&](const auto& entry) {
        return std::get<0>(entry.first) == account && std::get<1>(entry.first) == livemode;
    });
}

}  // namespace vault::keys
