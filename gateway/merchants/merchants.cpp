#include "gateway/merchants/merchants.h"

#include <unordered_map>

#include "common/crypto.h"
#include "common/log.h"
#include "gateway/store/accounts.h"
#include "gateway/store/ephemeral_keys.h"

namespace gateway {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Safe;
namespace crypto = common::crypto;

constexpr std::size_t account_size = common::account_part_size, id_size = 12, secret_size = 32,
                      checksum_size = 6;
constexpr std::size_t prefix_size = 8;  // "sk_test_"
constexpr std::size_t body_size = account_size + id_size + 1 + secret_size;
constexpr std::size_t key_size = prefix_size + body_size + checksum_size;
constexpr std::string_view ephemeral_id = "ephkey_";
constexpr std::chrono::seconds answers_kept{5};
constexpr std::size_t answers_max = 10'000;

struct Prefix {
    std::string_view text;
    KeyKind kind;
    bool livemode;
};
constexpr Prefix prefixes[] = {
    {"sk_test_", KeyKind::secret, false},      {"sk_live_", KeyKind::secret, true},
    {"rk_test_", KeyKind::restricted, false},  {"rk_live_", KeyKind::restricted, true},
    {"pk_test_", KeyKind::publishable, false}, {"pk_live_", KeyKind::publishable, true},
    {"ek_test_", KeyKind::ephemeral, false},   {"ek_live_", KeyKind::ephemeral, true},
};

struct Parts {
    const Prefix* prefix;
    common::AccountId account;
    std::string id;
    std::string_view secret;
};

std::optional<Parts> split(std::string_view key) {
    if (key.size() != key_size) return std::nullopt;
    const auto* prefix = std::ranges::find(prefixes, key.substr(0, prefix_size), &Prefix::text);
    if (prefix == std::end(prefixes)) return std::nullopt;
    const auto body = key.substr(prefix_size, body_size);
    if (body[account_size + id_size] != '_') return std::nullopt;
    if (common::checksum62(key.substr(0, prefix_size + body_size)) != key.substr(prefix_size + body_size))
        return std::nullopt;
    const auto account = common::account_of_base62(body.substr(0, account_size));
    if (!account) return std::nullopt;
    return Parts{prefix, *account, std::string{body.substr(account_size, id_size)},
                 body.substr(account_size + id_size + 1, secret_size)};
}

Error invalid_key(std::string_view key) {
    const bool known = key.size() > prefix_size + 4 && std::ranges::find(prefixes, key.substr(0, prefix_size),
                                                                         &Prefix::text) != std::end(prefixes);
    if (!known) return Error{401, ErrorType::invalid_request, "", "Invalid API Key provided: ***"};
    return Error{401,
                 ErrorType::invalid_request,
                 "",
                 "Invalid API Key provided: {}***{}",
                 {Safe::id(key.substr(0, prefix_size)), Safe::id(key.substr(key.size() - 4))}};
}

Error expired_key(std::string_view key) {
    return Error{401,
                 ErrorType::invalid_request,
                 "api_key_expired",
                 "Expired API Key provided: {}***{}",
                 {Safe::id(key.substr(0, prefix_size)), Safe::id(key.substr(key.size() - 4))}};
}

// Behind "ephkey_": account and id, as in the key's text.
std::string name_of(const EphemeralKey& key) {
    return key.id.substr(ephemeral_id.size());
}

common::SecretText assembled(const Prefix& prefix, std::string_view account_and_id, std::string_view secret) {
    common::SecretText key{prefix.text};
    key.append(account_and_id);
    key.push_back('_');
    key.append(secret);
    key.append(common::checksum62(key.view()));
    return key;
}

const Prefix& prefix_of(KeyKind kind, bool livemode) {
    return *std::ranges::find_if(prefixes,
                                 [&](const Prefix& p) { return p.kind == kind && p.livemode == livemode; });
}

}  // namespace

struct Merchants::Impl {
    common::db::Pool& database;
    EphemeralSecrets ephemeral_secrets;
    common::SecretBytes pepper;
    const common::Clock& clock;

    struct Known {
        std::optional<store::KeyRow> key;  // nothing: there is no such key
        std::string customer;
        Account account;
    };
    struct Kept {
        Known known;
        std::chrono::steady_clock::time_point until;
    };
    std::mutex mutex;
    std::unordered_map<std::string, Kept> kept;

    std::optional<Known> recall(const std::string& name) {
        const std::lock_guard lock{mutex};
        const auto found = kept.find(name);
        if (found == kept.end() || found->second.until <= std::chrono::steady_clock::now())
            return std::nullopt;
        return found->second.known;
    }
    void keep(const std::string& name, const Known& known) {
        const std::lock_guard lock{mutex};
        // Invented keys fill it no further than this; forgetting everything costs one query a key.
        if (kept.size() >= answers_max) kept.clear();
        kept[name] = {known, std::chrono::steady_clock::now() + answers_kept};
    }
    void forget(const std::string& name) {
        const std::lock_guard lock{mutex};
        kept.erase(name);
    }
    common::Task<Known> look_up(const Prefix* prefix, common::AccountId account, std::string id);
    void put_key(store::Transaction& tx, const Prefix& prefix, common::AccountId account,
                 const std::string& id, Known& known) const;
};

void Merchants::Impl::put_key(store::Transaction& tx, const Prefix& prefix, common::AccountId account,
                              const std::string& id, Known& known) const {
    if (prefix.kind != KeyKind::ephemeral) {
        known.key = store::find_api_key(tx, account, id);
        return;
    }
    const auto object_id = std::string{ephemeral_id} + common::base62_of(account) + id;
    const auto found = store::find<EphemeralKey>(tx, {account, prefix.livemode}, object_id);
    if (!found) return;
    auto& row = known.key.emplace();
    row.id = found->id;
    row.livemode = prefix.livemode;
    row.kind = KeyKind::ephemeral;
    row.secret_hash = crypto::hmac_sha256(pepper.bytes(), ephemeral_secrets.of(found->id).view());
    row.expires_at = found->expires_at;
    known.customer = found->customer;
}

common::Task<Merchants::Impl::Known> Merchants::Impl::look_up(const Prefix* prefix, common::AccountId account,
                                                              std::string id) {
    const auto name = std::string{prefix->text} + common::base62_of(account) + id;
    if (auto known = recall(name)) co_return *std::move(known);
    auto job = [this, prefix, account, &id](store::Transaction& tx) -> common::Result<Known> {
        store::enter(tx, account);
        Known known;
        put_key(tx, *prefix, account, id, known);
        auto found = store::find_account(tx, account);
        if (found)
            known.account = *std::move(found);
        else
            known.key.reset();
        return known;
    };
    auto known = co_await database.read(job);
    if (known) keep(name, *known);
    co_return known;
}

Merchants::Merchants(common::db::Pool& database, common::SecretBytes pepper, const common::Clock& clock)
    : impl_{new Impl{database, EphemeralSecrets{pepper}, std::move(pepper), clock, {}, {}}} {}

Merchants::~Merchants() = default;

common::Task<Caller> Merchants::authenticate(std::string_view key) {
    const auto parts = split(key);
    if (!parts) co_return Fail{invalid_key(key)};
    auto known = co_await impl_->look_up(parts->prefix, parts->account, parts->id);
    if (!known) co_return Fail{known.error()};
    // An unknown id is compared with something too, so that it takes as long as a wrong secret.
    static constexpr std::array<std::uint8_t, 32> nothing{};
    const auto hash = crypto::hmac_sha256(impl_->pepper.bytes(), parts->secret);
    const auto& expected = known->key ? known->key->secret_hash : nothing;
    const bool equal = common::equal_in_constant_time(std::span<const std::uint8_t>{hash}, expected);
    if (!known->key || !equal || known->key->kind != parts->prefix->kind ||
        known->key->livemode != parts->prefix->livemode)
        co_return Fail{invalid_key(key)};
    if (known->key->expires_at && *known->key->expires_at <= impl_->clock.unix_seconds())
        co_return Fail{expired_key(key)};
    Caller caller;
    caller.account = std::move(known->account);
    caller.livemode = known->key->livemode;
    caller.kind = known->key->kind;
    caller.key_id = known->key->id;
    caller.permissions = std::move(known->key->permissions);
    caller.customer = std::move(known->customer);
    co_return caller;
}

common::SecretText Merchants::text_of(const EphemeralKey& key) const {
    return assembled(prefix_of(KeyKind::ephemeral, key.scope.livemode), name_of(key),
                     impl_->ephemeral_secrets.of(key.id).view());
}

void Merchants::forget(const EphemeralKey& key) {
    impl_->forget(std::string{prefix_of(KeyKind::ephemeral, key.scope.livemode).text} + name_of(key));
}

common::Result<Account> Merchants::create_account(Account account) {
    if (account.authentication_mode != "always" && account.authentication_mode != "risk_based" &&
        account.authentication_mode != "delegated")
        return Fail{
            Error::invalid("", "authentication_mode", "The mode is one of always, risk_based, delegated.")};
    const bool chosen = account.id.value != 0;
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (!chosen) account.id = common::new_account_id();
        auto job = [this, &account](store::Transaction& tx) -> common::Result<bool> {
            store::enter(tx, account.id);
            return store::insert(tx, account, impl_->clock.unix_seconds());
        };
        const auto inserted = impl_->database.transaction_blocking(job);
        if (!inserted) return Fail{inserted.error()};
        if (*inserted) return account;
        if (chosen) break;
    }
    return Fail{
        Error{400, ErrorType::invalid_request, "", "An account with this id exists already."}.with_cause(
            common::Cause::conflict)};
}

common::Result<common::SecretText> Merchants::create_key(common::AccountId account, bool livemode,
                                                         KeyKind kind, std::vector<std::string> permissions) {
    store::KeyRow row;
    row.id = crypto::random_base62(id_size);
    row.livemode = livemode;
    row.kind = kind;
    row.permissions = std::move(permissions);
    const auto secret = crypto::random_secret(secret_size);
    auto key = assembled(prefix_of(kind, livemode), common::base62_of(account) + row.id, secret.view());
    row.secret_hash = crypto::hmac_sha256(impl_->pepper.bytes(), secret.view());

    auto job = [this, account, &row](store::Transaction& tx) -> common::Result<bool> {
        store::enter(tx, account);
        if (!store::find_account(tx, account))
            return Fail{
                Error{404, ErrorType::invalid_request, "resource_missing", "There is no such account."}
                    .with_cause(common::Cause::not_found)};
        store::insert(tx, account, row, impl_->clock.unix_seconds());
        return true;
    };
    const auto done = impl_->database.transaction_blocking(job);
    if (!done) return Fail{done.error()};
    return key;
}

}  // namespace gateway
