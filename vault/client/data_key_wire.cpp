// The part of wire.h that is about data keys.
#include "common/base62.h"
#include "common/crypto.h"
#include "common/json.h"
#include "vault/client/members.h"
#include "vault/client/wire.h"

namespace vault::wire {
namespace {

using common::Fail;
using common::Result;
using common::SecretBytes;
using common::SecretText;
namespace crypto = common::crypto;
namespace json = boost::json;

constexpr std::size_t object_size_max = 64, kek_size_max = 32;
constexpr std::size_t coded_key_size = 44;  // 32 bytes in base64

// It goes into the audit log as it is.
DataKeyScope scope_of(Members& members) {
    DataKeyScope scope{members.account("account"), members.boolean("livemode"),
                       members.text("object", Members::Need::required, object_size_max)};
    const auto allowed = [](char c) { return c == '_' || common::base62::value_of(c) >= 0; };
    if (members.ok() && (scope.object.empty() || !std::ranges::all_of(scope.object, allowed)))
        members.refuse("object", "{} must be an id.");
    return scope;
}

SealedDataKey sealed_of(Members& members) {
    return {members.text("kek", Members::Need::required, kek_size_max), members.text("sealed")};
}

json::value coded(const SecretBytes& key) {
    auto text = crypto::to_base64(key.bytes());
    json::value value(json::string_view{text}, common::json::wiping_storage());
    common::wipe(text.data(), text.size());
    return value;
}

SecretBytes key_of(Members& members) {
    const auto text = members.secret("key", Members::Need::required, coded_key_size);
    auto bytes = crypto::from_base64(text.view());
    if (!bytes || bytes->size() != crypto::gcm_key_size) {
        members.refuse("key", "{} must be a key in base64.");
        return {};
    }
    auto key = SecretBytes::copy_of(*bytes);
    common::wipe(bytes->data(), bytes->size());
    return key;
}

}  // namespace

json::object to_json(const DataKeyScope& scope) {
    const auto account = common::base62_of(scope.account);
    return {{"account", account}, {"livemode", scope.livemode}, {"object", scope.object}};
}

Result<DataKeyScope> data_key_scope(const json::object& object) {
    Members members{object, {"account", "livemode", "object"}};
    auto scope = scope_of(members);
    if (!members.ok()) return Fail{members.error()};
    return scope;
}

json::object to_json(const DataKeyOpening& opening) {
    auto object = to_json(opening.scope);
    object["kek"] = opening.key.kek;
    object["sealed"] = opening.key.sealed;
    return object;
}

Result<DataKeyOpening> data_key_opening(const json::object& object) {
    Members members{object, {"account", "livemode", "object", "kek", "sealed"}};
    DataKeyOpening opening{scope_of(members), sealed_of(members)};
    if (!members.ok()) return Fail{members.error()};
    return opening;
}

SecretText to_json(const DataKey& key) {
    json::object object(common::json::wiping_storage());
    object["key"] = coded(key.bytes);
    object["kek"] = key.sealed.kek;
    object["sealed"] = key.sealed.sealed;
    return common::json::serialize_secret(json::value(std::move(object)));
}

Result<DataKey> data_key(const json::object& object) {
    Members members{object, {"key", "kek", "sealed"}};
    DataKey key{key_of(members), sealed_of(members)};
    if (!members.ok()) return Fail{members.error()};
    return key;
}

SecretText to_json(const SecretBytes& data_key) {
    json::object object(common::json::wiping_storage());
    object["key"] = coded(data_key);
    return common::json::serialize_secret(json::value(std::move(object)));
}

Result<SecretBytes> data_key_bytes(const json::object& object) {
    Members members{object, {"key"}};
    auto key = key_of(members);
    if (!members.ok()) return Fail{members.error()};
    return key;
}

}  // namespace vault::wire
