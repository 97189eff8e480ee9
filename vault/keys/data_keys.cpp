#include "vault/keys/data_keys.h"

#include "vault/keys/associated_data.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::Fail;
using common::SecretBytes;
using common::Task;

AssociatedData seal_context(const DataKeyScope& scope, std::string_view kek) {
    AssociatedData context{"portcullis-dek"};
    context.text(1, scope.object).number(2, static_cast<std::uint64_t>(scope.account.value));
    context.text(3, kek).text(4, scope.livemode ? "live" : "test");
    return context;
}

Error refused(common::Text what) {
    return Error::internal(what).with_cause(Cause::integrity);
}

}  // namespace

// Before the act: what cannot be recorded does not happen.
Task<bool> DataKeys::record(const char* action, const DataKeyScope& scope, audit::Caller caller,
                            Deadline deadline) {
    co_return co_await trail_.record({std::move(caller.actor), action, scope.object, std::move(caller.origin),
                                      audit::Outcome::begun, std::move(caller.detail)},
                                     deadline);
}

Task<DataKey> DataKeys::make(DataKeyScope scope, audit::Caller caller, Deadline deadline) {
    const auto kek = co_await registry_.active(hsm::Purpose::kek_pii, deadline);
    if (!kek) co_return Fail{kek.error()};
    if (const auto recorded = co_await record("data_key.create", scope, std::move(caller), deadline);
        !recorded)
        co_return Fail{recorded.error()};
    auto bytes = co_await material_.draw(deadline);
    if (!bytes) co_return Fail{std::move(bytes).error()};
    DataKey key{std::move(*bytes), {hsm::label_of(*kek), {}}};
    const auto context = seal_context(scope, key.sealed.kek);
    auto sealed = co_await hsm_.seal(*kek, key.bytes.bytes(), context.span(), deadline);
    if (!sealed) co_return Fail{std::move(sealed).error()};
    key.sealed.sealed = std::move(*sealed);
    metrics_.count("vault_data_keys_total", {{"act", "create"}});
    co_return key;
}

Task<SecretBytes> DataKeys::open(DataKeyScope scope, SealedDataKey key, audit::Caller caller,
                                 Deadline deadline) {
    if (const auto recorded = co_await record("data_key.open", scope, std::move(caller), deadline); !recorded)
        co_return Fail{recorded.error()};
    auto bytes = co_await unseal(std::move(scope), std::move(key), deadline);
    if (bytes)
        metrics_.count("vault_data_keys_total", {{"act", "open"}});
    else if (bytes.error().cause() == Cause::integrity)
        metrics_.count("vault_data_keys_refused_total");
    co_return bytes;
}

Task<SecretBytes> DataKeys::unseal(DataKeyScope scope, SealedDataKey key, Deadline deadline) {
    const auto kek = hsm::key_of_label(key.kek);
    if (!kek || kek->purpose != hsm::Purpose::kek_pii)
        co_return Fail{refused("a data key names no key that seals such keys")};
    const auto row = co_await registry_.find(*kek, deadline);
    if (!row && row.error().cause() == Cause::not_found)
        co_return Fail{refused("a data key names a key that never was")};
    if (!row) co_return Fail{row.error()};
    if (!opens(row->state)) co_return Fail{refused("a data key names a key that is destroyed or not in use")};
    const auto context = seal_context(scope, key.kek);
    auto bytes = co_await hsm_.open_sealed(*kek, key.sealed, context.span(), deadline);
    if (bytes && bytes->size() != key_size) co_return Fail{refused("a data key has a wrong size")};
    co_return bytes;
}

}  // namespace vault::keys
