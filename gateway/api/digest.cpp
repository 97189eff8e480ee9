#include "gateway/api/digest.h"

#include <algorithm>

#include "common/crypto.h"
#include "gateway/api/parameters.h"

namespace gateway::api {
namespace {

using common::SecretText;
using common::form::Value;

void put_text(SecretText& out, char tag, std::string_view text) {
    out.push_back(tag);
    out.append(std::to_string(text.size()));
    out.push_back(':');
    out.append(text);
}

// Every piece carries its length, so that no two forms give the same bytes.
void put(SecretText& out, const Value& value, bool free_keys = false) {
    if (value.is_text()) return put_text(out, 't', value.text());
    auto entries = free_keys || value.kind() == Value::Kind::hash ? entries_of(value) : std::nullopt;
    if (!entries) {
        out.push_back('[');
        for (const Value& element : value.elements())
            put(out, element);
        return out.push_back(']');
    }
    std::ranges::sort(*entries, {}, [](const auto& entry) { return entry.first; });
    out.push_back('{');
    for (const auto& [key, member] : *entries) {
        if (key == "cvc") continue;
        put_text(out, 'k', key);
        put(out, *member, key == "metadata");
    }
    out.push_back('}');
}

}  // namespace

std::string request_digest(std::span<const std::uint8_t> key, const Value& form, std::string_view context) {
    SecretText canonical;
    put_text(canonical, 'c', context);
    put(canonical, form);
    return common::crypto::to_hex(common::crypto::hmac_sha256(key, canonical.view()));
}

}  // namespace gateway::api
