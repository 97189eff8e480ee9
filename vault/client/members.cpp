#include "vault/client/members.h"

namespace vault::wire {

using common::AccountId;
using common::Error;
using common::Safe;
namespace json = boost::json;

Members::Members(const json::object& object, std::initializer_list<std::string_view> known)
    : object_{object} {
    for (const auto& member : object) {
        const std::string_view key{member.key().data(), member.key().size()};
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        error_ =
            Error::invalid("parameter_unknown", key, "Received unknown parameter: {}", {Safe::param(key)});
        return;
    }
}

void Members::refuse(std::string_view key, common::Text why) {
    if (!error_) error_ = Error::invalid("parameter_invalid", key, why, {Safe::param(key)});
}

void Members::merge(const common::Status& inner) {
    if (!error_ && !inner) error_ = inner.error();
}

const json::value* Members::find(std::string_view key, Need need) {
    const auto* value = object_.if_contains(key);
    if (!value && need == Need::required && !error_)
        error_ = Error::invalid("parameter_missing", key, "Missing required param: {}.", {Safe::param(key)});
    return value;
}

std::optional<std::string_view> Members::view(std::string_view key, Need need, std::size_t size_max) {
    const auto* value = find(key, need);
    if (!value) return std::nullopt;
    const auto* text = value->if_string();
    if (!text)
        refuse(key, "{} must be text.");
    else if (text->size() > size_max)
        refuse(key, "{} is too long.");
    else
        return std::string_view{text->data(), text->size()};
    return std::nullopt;
}

std::string Members::text(std::string_view key, Need need, std::size_t size_max) {
    const auto found = view(key, need, size_max);
    return found ? std::string{*found} : std::string{};
}

common::SecretText Members::secret(std::string_view key, Need need, std::size_t size_max) {
    const auto found = view(key, need, size_max);
    return found ? common::SecretText{*found} : common::SecretText{};
}

std::int64_t Members::integer(std::string_view key, std::int64_t min, std::int64_t max, Need need) {
    const auto* value = find(key, need);
    if (!value) return 0;
    const auto* number = value->if_int64();
    if (!number)
        refuse(key, "{} must be an integer.");
    else if (*number < min || *number > max)
        refuse(key, "{} is out of range.");
    else
        return *number;
    return 0;
}

bool Members::boolean(std::string_view key, Need need) {
    const auto* value = find(key, need);
    if (!value) return false;
    const auto* flag = value->if_bool();
    if (!flag) refuse(key, "{} must be true or false.");
    return flag && *flag;
}

AccountId Members::account(std::string_view key) {
    const auto found = view(key, Need::required, common::account_part_size);
    if (!found) return {};
    const auto account = common::account_of_base62(*found);
    if (!account) refuse(key, "{} must be the eight characters of an account.");
    return account.value_or(AccountId{});
}

const json::object* Members::object(std::string_view key) {
    const auto* value = find(key, Need::required);
    if (value && !value->is_object()) refuse(key, "{} must be an object.");
    return value ? value->if_object() : nullptr;
}

std::map<std::string, std::string> Members::texts(std::string_view key) {
    std::map<std::string, std::string> texts;
    const auto* value = find(key, Need::optional);
    if (!value) return texts;
    const auto* object = value->if_object();
    if (!object) refuse(key, "{} must be an object of texts.");
    for (const auto& member : object ? *object : json::object{})
        if (const auto* text = member.value().if_string())
            texts.emplace(member.key(), std::string{*text});
        else
            refuse(key, "{} must be an object of texts.");
    return texts;
}

}  // namespace vault::wire
