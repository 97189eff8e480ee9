#include "gateway/api/parameters.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/url/parse.hpp>

#include "gateway/api/common_rules.h"

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Safe;
using common::Status;
using common::form::Value;

std::string bracketed(std::string_view prefix, std::string_view name) {
    std::string result{prefix};
    if (prefix.empty()) return result.append(name);
    return result.append("[").append(name).append("]");
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string joined(Choices choices) {
    std::string result;
    for (std::size_t i = 0; i < choices.count; ++i) {
        if (i > 0) result += choices.count > 2 ? ", " : " ";
        if (i > 0 && i + 1 == choices.count) result += "or ";
        result += choices.first[i];
    }
    return result;
}

bool is_other_method_kind(std::string_view name) {
    return std::ranges::find(other_method_kinds, name) != std::end(other_method_kinds);
}

bool is_browser_parameter(std::string_view name) {
    return std::ranges::find(browser_parameters, name) != std::end(browser_parameters);
}

bool looks_like_email(std::string_view text) {
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos)
        return false;
    if (at + 1 == text.size() || text.back() == '.' || text[at + 1] == '.') return false;
    return std::ranges::none_of(text,
                                [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; });
}

// Schemes that a browser runs, or that show what the caller made up. Apps have schemes of their own.
constexpr std::string_view unsafe_schemes[] = {"about", "blob", "data", "file", "javascript", "vbscript"};

bool looks_like_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed.has_value() || parsed->scheme().empty()) return false;
    std::string scheme{parsed->scheme()};
    std::ranges::transform(scheme, scheme.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::ranges::find(unsafe_schemes, scheme) == std::end(unsafe_schemes);
}

constexpr Rule range_rules[] = {integer("gt"), integer("gte"), integer("lt"), integer("lte")};

// Walks a form along its rules and remembers the first fault of each class.
class Checker {
  public:
    explicit Checker(bool publishable) : publishable_{publishable} {}

    void hash(const Value& value, Rules rules, const std::string& prefix) {
        for (const Rule& rule : rules)
            if (rule.required && !value.find(rule.name)) missing(bracketed(prefix, rule.name));
        for (const auto& [name, member] : value.members()) {
            const auto full = bracketed(prefix, name);
            const Rule* rule = rules.find(name);
            if (!rule && publishable_ && prefix.empty() && is_browser_parameter(name)) continue;
            if (!rule) {
                unknown(member, name, full);
            } else if (rule->mark == Mark::refused) {
                refused_.push_back(full);
            } else if (rule->mark != Mark::swallowed) {
                one(member, *rule, full);
            }
        }
    }

    Status verdict() && {
        if (!unknown_.empty()) {
            std::string all;
            for (const auto& name : unknown_)
                all.append(all.empty() ? "" : ", ").append(name);
            if (unknown_.size() > 1)
                return Fail{Error::invalid("parameter_unknown", unknown_.front(),
                                           "Received unknown parameters: {}", {Safe::param(all)})};
            return Fail{Error::invalid("parameter_unknown", unknown_.front(),
                                       "Received unknown parameter: {}", {Safe::param(all)})};
        }
        if (!refused_.empty())
            return Fail{Error::invalid("parameter_unknown", refused_.front(),
                                       "Received unknown parameter: {}. It is not supported by this gateway.",
                                       {Safe::param(refused_.front())})};
        if (missing_) return Fail{*std::move(missing_)};
        if (invalid_) return Fail{*std::move(invalid_)};
        return {};
    }

  private:
    // Named as it was sent: down to the first leaf.
    void unknown(const Value& value, std::string_view name, std::string full) {
        if (is_other_method_kind(name)) return refused_.push_back(std::move(full));
        const Value* at = &value;
        while (at->kind() != Value::Kind::text) {
            if (at->kind() == Value::Kind::hash && !at->members().empty()) {
                full = bracketed(full, at->members().front().first);
                at = &at->members().front().second;
            } else if (at->kind() == Value::Kind::array && !at->elements().empty()) {
                full = bracketed(full, "0");
                at = &at->elements().front();
            } else {
                break;
            }
        }
        unknown_.push_back(std::move(full));
    }
    void missing(const std::string& name) {
        if (!missing_)
            missing_ =
                Error::invalid("parameter_missing", name, "Missing required param: {}.", {Safe::param(name)});
    }
    void invalid(Error error) {
        if (!invalid_) invalid_ = std::move(error);
    }

    void one(const Value& value, const Rule& rule, const std::string& name) {
        if (value.is_text() && value.text().empty()) {
            if (!rule.clearable && rule.kind != Kind::metadata) invalid(empty(name));
            return;
        }
        switch (rule.kind) {
            case Kind::hash:
                if (value.kind() != Value::Kind::hash) return invalid(not_a(name, "Invalid object"));
                return hash(value, rule.children, name);
            case Kind::list:
                return elements(value, rule, name);
            case Kind::metadata:
                return free_hash(value, name);
            case Kind::range:
                if (value.kind() == Value::Kind::hash) return hash(value, range_rules, name);
                return scalar(value.text(), integer(rule.name), name);
            default:
                break;
        }
        if (!value.is_text()) return invalid(not_a(name, "Invalid string"));
        scalar(value.text(), rule, name);
    }

    void scalar(std::string_view text, const Rule& rule, const std::string& name) {
        switch (rule.kind) {
            case Kind::integer:
                if (!parse_integer(text))
                    invalid(Error::invalid("parameter_invalid_integer", name, "Invalid integer: {}",
                                           {Safe::param(text)}));
                return;
            case Kind::boolean:
                if (text != "true" && text != "false")
                    invalid(Error::invalid("", name, "Invalid boolean: {}", {Safe::param(text)}));
                return;
            case Kind::flag_or_choice:
                if (text == "true" || text == "false") return;
                [[fallthrough]];
            case Kind::choice:
                if (std::ranges::find(rule.choices, text) == rule.choices.end())
                    invalid(Error::invalid("", name, "Invalid {}: must be one of {}",
                                           {Safe::param(name), Safe::param(joined(rule.choices))}));
                return;
            case Kind::email:
                if (!looks_like_email(text))
                    invalid(Error::invalid("email_invalid", name, "Invalid email address: {}",
                                           {Safe::param(text)}));
                break;
            case Kind::url:
                if (auto fine = check_url(text, name); !fine) invalid(fine.error());
                break;
            default:
                break;
        }
        if (character_count(text) > rule.max)
            invalid(Error::invalid("", name, "Invalid string: {} must be at most {} characters",
                                   {Safe::param(name), Safe::number(rule.max)}));
    }

    void elements(const Value& value, const Rule& rule, const std::string& name) {
        if (value.kind() != Value::Kind::array) return invalid(not_a(name, "Invalid array"));
        std::size_t index = 0;
        for (const Value& element : value.elements()) {
            const auto full = bracketed(name, std::to_string(index++));
            if (rule.children.count > 0) {
                if (element.kind() != Value::Kind::hash) return invalid(not_a(full, "Invalid object"));
                hash(element, rule.children, full);
            } else if (!element.is_text()) {
                return invalid(not_a(full, "Invalid string"));
            } else if (rule.choices.count > 0) {
                scalar(element.text(), Rule{rule.name, Kind::choice, rule.max, rule.choices}, full);
            } else {
                scalar(element.text(), api::text(rule.name, rule.max), full);
            }
        }
    }

    void free_hash(const Value& value, const std::string& name) {
        const auto entries = entries_of(value);
        if (!entries) return invalid(not_a(name, "Invalid hash: keys need a name"));
        if (entries->size() > metadata_keys_max)
            return invalid(Error::invalid("", name, "Metadata can have up to {} keys.",
                                          {Safe::number(static_cast<std::int64_t>(metadata_keys_max))}));
        for (const auto& [key, member] : *entries) {
            const auto full = bracketed(name, key);
            if (!member->is_text()) return invalid(not_a(full, "Invalid string"));
            if (key.empty() || character_count(key) > metadata_key_max || key.find_first_of("[]") != key.npos)
                return invalid(Error::invalid("", full,
                                              "Metadata keys must have 1 to {} characters, without brackets.",
                                              {Safe::number(static_cast<std::int64_t>(metadata_key_max))}));
            if (character_count(member->text()) > metadata_value_max)
                return invalid(Error::invalid("", full, "Metadata values can have up to {} characters.",
                                              {Safe::number(static_cast<std::int64_t>(metadata_value_max))}));
        }
    }

    static Error empty(const std::string& name) {
        return Error::invalid(
            "parameter_invalid_empty", name,
            "You passed an empty string for '{}'. We assume empty values are an attempt to unset a "
            "parameter; however '{}' cannot be unset. You should remove '{}' from your request or "
            "supply a non-empty value.",
            {Safe::param(name), Safe::param(name), Safe::param(name)});
    }
    static Error not_a(const std::string& name, common::Text message) {
        return Error::invalid("", name, message);
    }

    bool publishable_;
    std::vector<std::string> unknown_, refused_;
    std::optional<Error> missing_, invalid_;
};

boost::json::value typed(const Value& value, const Rule& rule);

boost::json::object typed_hash(const Value& value, Rules rules) {
    boost::json::object result;
    for (const auto& [name, member] : value.members())
        if (const Rule* rule = rules.find(name)) result[name] = typed(member, *rule);
    return result;
}

boost::json::value typed(const Value& value, const Rule& rule) {
    if (value.is_text() && value.text().empty()) return nullptr;
    if (rule.kind == Kind::hash) return typed_hash(value, rule.children);
    if (rule.kind == Kind::list) {
        boost::json::array items;
        for (const Value& element : value.elements())
            items.push_back(rule.children.count > 0
                                ? boost::json::value(typed_hash(element, rule.children))
                                : boost::json::value(boost::json::string_view(element.text())));
        return items;
    }
    if (rule.kind == Kind::integer) return parse_integer(value.text()).value_or(0);
    const bool flag = rule.kind == Kind::boolean || rule.kind == Kind::flag_or_choice;
    if (flag && (value.text() == "true" || value.text() == "false")) return value.text() == "true";
    return boost::json::value(boost::json::string_view(value.text()));
}

}  // namespace

const Rule* Rules::find(std::string_view name) const {
    const auto* found = std::find_if(begin(), end(), [name](const Rule& rule) { return rule.name == name; });
    return found == end() ? nullptr : found;
}

common::Status validate(const common::form::Value& form, Rules rules, bool publishable) {
    Checker checker{publishable};
    checker.hash(form, rules, "");
    return std::move(checker).verdict();
}

std::string_view Parameters::raw(std::string_view name) const {
    const auto* value = hash_->find(name);
    return value && value->is_text() ? value->text() : std::string_view{};
}

std::optional<std::string> Parameters::text(std::string_view name) const {
    const auto value = raw(name);
    return value.empty() ? std::nullopt : std::optional<std::string>{value};
}

std::optional<std::int64_t> Parameters::integer(std::string_view name) const {
    return parse_integer(raw(name));
}

std::optional<bool> Parameters::boolean(std::string_view name) const {
    const auto value = raw(name);
    return value.empty() ? std::nullopt : std::optional<bool>{value == "true"};
}

std::optional<Parameters> Parameters::hash(std::string_view name) const {
    const auto* value = hash_->find(name);
    if (!value || value->kind() != Value::Kind::hash) return std::nullopt;
    return Parameters{*value};
}

std::size_t Parameters::list_size(std::string_view name) const {
    const auto* value = hash_->find(name);
    return value && value->kind() == Value::Kind::array ? value->elements().size() : 0;
}

std::vector<Parameters> Parameters::hashes(std::string_view name) const {
    std::vector<Parameters> all;
    const auto* value = hash_->find(name);
    if (value && value->kind() == Value::Kind::array)
        for (const Value& element : value->elements())
            all.emplace_back(element);
    return all;
}

std::optional<Entries> entries_of(const Value& value) {
    Entries entries;
    if (value.kind() == Value::Kind::hash) {
        for (const auto& [key, member] : value.members())
            entries.emplace_back(key, &member);
        return entries;
    }
    if (value.is_text() || value.indexes().size() != value.elements().size()) return std::nullopt;
    for (std::size_t i = 0; i < value.elements().size(); ++i)
        entries.emplace_back(value.indexes()[i], &value.elements()[i]);
    return entries;
}

boost::json::object Parameters::metadata(std::string_view name) const {
    boost::json::object result;
    const auto* value = hash_->find(name);
    const auto entries = value ? entries_of(*value) : std::nullopt;
    if (!entries) return result;
    for (const auto& [key, member] : *entries)
        if (!member->text().empty()) result[key] = boost::json::string_view(member->text());
    return result;
}

Change<boost::json::object> Parameters::metadata_change(std::string_view name) const {
    const auto* value = hash_->find(name);
    if (!value) return std::nullopt;
    const auto entries = entries_of(*value);
    if (!entries) return Change<boost::json::object>{std::in_place};
    boost::json::object result;
    for (const auto& [key, member] : *entries)
        result[key] = member->text().empty() ? boost::json::value(nullptr)
                                             : boost::json::value(boost::json::string_view(member->text()));
    return result;
}

Change<std::string> Parameters::text_change(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    return Change<std::string>{std::in_place, text(name)};
}

Change<boost::json::object> Parameters::object_change(std::string_view name, Rules rules) const {
    if (!has(name)) return std::nullopt;
    auto value = json(name, rules);
    if (!value.is_object()) return Change<boost::json::object>{std::in_place};
    return Change<boost::json::object>{std::in_place, std::move(value.get_object())};
}

boost::json::value Parameters::json(std::string_view name, Rules rules) const {
    const auto* value = hash_->find(name);
    const auto* rule = rules.find(name);
    return value && rule ? typed(*value, *rule) : boost::json::value(nullptr);
}

Status check_url(std::string_view text, std::string_view name) {
    if (looks_like_url(text)) return {};
    return Fail{Error::invalid("url_invalid", name, "Not a valid URL")};
}

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

common::Status at_most_one(const Parameters& parameters, std::initializer_list<std::string_view> names) {
    std::string given;
    std::string_view first;
    int count = 0;
    for (const auto name : names) {
        if (!parameters.has(name)) continue;
        if (count++ == 0) first = name;
        given.append(given.empty() ? "" : ", ").append(name);
    }
    if (count < 2) return {};
    return Fail{Error::invalid("parameters_exclusive", first,
                               "You may only specify one of these parameters: {}.", {Safe::param(given)})};
}

}  // namespace gateway::api
