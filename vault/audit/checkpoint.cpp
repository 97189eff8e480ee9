#include "vault/audit/checkpoint.h"

#include <algorithm>

#include "common/json.h"
#include "vault/audit/record.h"
#include "vault/keys/associated_data.h"

namespace vault::audit {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::crypto::Digest;
namespace json = boost::json;

Error malformed() {
    return Error::internal("audit: a line is not a checkpoint").with_cause(common::Cause::integrity);
}

std::optional<Digest> digest_of(const json::object& object, std::string_view key) {
    const auto text = common::json::text_of(object, key);
    const auto bytes = text ? common::crypto::from_hex(*text) : std::nullopt;
    Digest digest{};
    if (!bytes || bytes->size() != digest.size()) return std::nullopt;
    std::ranges::copy(*bytes, digest.begin());
    return digest;
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view key, std::int64_t max) {
    const auto number = common::json::integer_of(object, key);
    if (!number || *number < 1 || *number > max) return std::nullopt;
    return *number;
}

}  // namespace

common::SecretBytes signed_part(const Checkpoint& checkpoint) {
    keys::AssociatedData fields{"portcullis-audit-checkpoint"};
    fields.text(1, checkpoint.stream).number(2, static_cast<std::uint64_t>(checkpoint.number));
    fields.number(3, static_cast<std::uint64_t>(checkpoint.sequence)).bytes(4, checkpoint.hash);
    fields.number(5, static_cast<std::uint64_t>(checkpoint.made_at)).number(6, checkpoint.key_version);
    fields.bytes(7, checkpoint.previous);
    return common::SecretBytes::copy_of(fields.span());
}

std::string to_line(const Checkpoint& checkpoint) {
    return json::serialize(json::object{{"stream", checkpoint.stream},
                                        {"number", checkpoint.number},
                                        {"sequence", checkpoint.sequence},
                                        {"hash", common::crypto::to_hex(checkpoint.hash)},
                                        {"made_at", checkpoint.made_at},
                                        {"audit_key", checkpoint.key_version},
                                        {"previous", common::crypto::to_hex(checkpoint.previous)},
                                        {"mac", common::crypto::to_hex(checkpoint.mac)}}) +
           '\n';
}

Result<Checkpoint> checkpoint_of_line(std::string_view line) {
    const auto parsed = common::json::parse(line);
    const auto* object = parsed ? parsed->if_object() : nullptr;
    if (!object || !common::json::only_members(*object, {"stream", "number", "sequence", "hash", "made_at",
                                                         "audit_key", "previous", "mac"}))
        return Fail{malformed()};
    const auto stream = common::json::text_of(*object, "stream");
    const auto number = number_of(*object, "number", INT64_MAX);
    const auto sequence = number_of(*object, "sequence", INT64_MAX);
    const auto made_at = number_of(*object, "made_at", INT64_MAX);
    const auto version = number_of(*object, "audit_key", INT32_MAX);
    const auto hash = digest_of(*object, "hash"), previous = digest_of(*object, "previous"),
               mac = digest_of(*object, "mac");
    if (!stream || !is_stream_name(*stream) || !number || !sequence || !made_at || !version || !hash ||
        !previous || !mac)
        return Fail{malformed()};
    return Checkpoint{std::string{*stream},
                      *number,
                      *sequence,
                      *hash,
                      *made_at,
                      static_cast<unsigned>(*version),
                      *previous,
                      *mac};
}

common::Task<bool> is_signed(hsm::Hsm& hsm, unsigned key_version, common::SecretBytes signed_part, Digest mac,
                             common::Deadline deadline) {
    const hsm::KeyRef key{hsm::Purpose::audit, key_version};
    if (!hsm.keys().contains(key))
        co_return Fail{Error::unavailable("audit: the log was signed by {}, which the HSM does not have",
                                          common::Cause::unavailable,
                                          {common::Safe::param(hsm::label_of(key))})};
    const auto made = co_await hsm.mac(key, std::move(signed_part), deadline);
    if (!made) co_return Fail{made.error()};
    co_return common::equal_in_constant_time(*made, mac);
}

hsm::KeyRef newest_audit_key(const hsm::Hsm& hsm) {
    hsm::KeyRef newest{hsm::Purpose::audit, 1};
    for (const auto& [key, id] : hsm.keys())
        if (key.purpose == hsm::Purpose::audit) newest = std::max(newest, key);
    return newest;
}

}  // namespace vault::audit
