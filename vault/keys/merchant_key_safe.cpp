#include "vault/keys/merchant_key_safe.h"

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

AssociatedData seal_context(const MerchantKeyRow& row) {
    AssociatedData context{"portcullis-mdk"};
    context.text(1, row.id).number(2, static_cast<std::uint64_t>(row.account.value));
    context.number(3, row.version).text(4, row.kek).text(5, row.livemode ? "live" : "test");
    return context;
}

Error broken_key(common::Text what, const MerchantKeyRow& row) {
    return Error::internal(what, {Safe::id(row.id)}).with_cause(Cause::integrity);
}

}  // namespace

Task<MerchantKeyRow> MerchantKeySafe::make(AccountId account, bool livemode, unsigned version,
                                           Deadline deadline) {
    MerchantKeyRow row;
    row.account = account, row.livemode = livemode, row.version = version;
    row.id = common::new_id("mk_", account);
    row.created_ms = registry_.clock().now().time_since_epoch().count();
    auto bytes = co_await material_.draw(deadline);
    if (!bytes) co_return Fail{std::move(bytes).error()};
    co_return co_await sealed(std::move(row), std::move(*bytes), deadline);
}

Task<MerchantKeyRow> MerchantKeySafe::sealed(MerchantKeyRow row, SecretBytes bytes, Deadline deadline) {
    const auto kek = co_await registry_.active(hsm::Purpose::kek_card, deadline);
    if (!kek) co_return Fail{kek.error()};
    row.kek = hsm::label_of(*kek);
    const auto context = seal_context(row);
    auto made = co_await hsm_.seal(*kek, bytes.bytes(), context.span(), deadline);
    if (!made) co_return Fail{std::move(made).error()};
    row.sealed = std::move(*made);
    co_return co_await registry_.signed_row(std::move(row), deadline);
}

Task<MerchantKeyRow> MerchantKeySafe::resigned(MerchantKeyRow row, Deadline deadline) {
    // Signing what was forged would make it true.
    if (const auto checked = co_await registry_.check(row, deadline); !checked)
        co_return Fail{checked.error()};
    co_return co_await registry_.signed_row(std::move(row), deadline);
}

Task<MerchantKeyRow> MerchantKeySafe::in_state(MerchantKeyRow row, KeyState state, Deadline deadline) {
    if (!may_become(row.state, state)) co_return Fail{broken_key("merchant key {} cannot become that", row)};
    if (const auto checked = co_await registry_.check(row, deadline); !checked)
        co_return Fail{checked.error()};
    row.state = state;
    if (state == KeyState::destroyed) row.sealed.clear();
    co_return co_await registry_.signed_row(std::move(row), deadline);
}

Task<MerchantKeyRow> MerchantKeySafe::resealed(MerchantKeyRow row, Deadline deadline) {
    auto bytes = co_await bytes_of(row, deadline);
    if (!bytes) co_return Fail{std::move(bytes).error()};
    co_return co_await sealed(std::move(row), std::move(*bytes), deadline);
}

Task<SecretBytes> MerchantKeySafe::bytes_of(const MerchantKeyRow& row, Deadline deadline) {
    if (!opens(row.state)) co_return Fail{broken_key("merchant key {} is destroyed or not in use yet", row)};
    if (const auto checked = co_await registry_.check(row, deadline); !checked)
        co_return Fail{checked.error()};
    const auto sealed_by = hsm::key_of_label(row.kek);
    if (!sealed_by) co_return Fail{broken_key("merchant key {} names no key of the HSM", row)};
    const auto context = seal_context(row);
    auto bytes = co_await hsm_.open_sealed(*sealed_by, row.sealed, context.span(), deadline);
    if (bytes && bytes->size() != key_size)
        co_return Fail{broken_key("merchant key {} has a wrong size", row)};
    co_return bytes;
}

Task<std::shared_ptr<const MerchantKey>> MerchantKeySafe::open(MerchantKeyRow row, Deadline deadline) {
    auto bytes = co_await bytes_of(row, deadline);
    if (!bytes) co_return Fail{std::move(bytes).error()};
    co_return std::make_shared<const MerchantKey>(
        MerchantKey{row.account, row.livemode, row.version, std::move(row.id), row.state, std::move(*bytes)});
}

}  // namespace vault::keys
