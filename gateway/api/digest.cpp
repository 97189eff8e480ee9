#include "gateway/api/digest.h"

#include <algorithm>
#include <vector>

#include "common/crypto.h"

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
void put(SecretText& out, const Value& value) {
    switch (value.kind()) {
        case Value::Kind::text:
            return put_text(out, 't', value.text());
        case Value::Kind::array:
            out.push_back('[');
            for (const Value& element : value.elements())
                put(out, element);
            return out.push_back(']');
        case Value::Kind::hash:
            break;
    }
    std::vector<const std::pair<std::string, Value>*> members;
    for (const auto& member : value.members())
        if (member.first != "cvc") members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) -> const std::string& { return member->first; });
    out.push_back('{');
    for (const auto* member : members) {
        put_text(out, 'k', member->first);
        put(out, member->second);
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
