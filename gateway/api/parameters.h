// What a route accepts, as data: checked before its handler runs, which then reads typed values that cannot
// fail.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "common/form.h"
#include "common/result.h"
#include "gateway/payments/changes.h"

namespace gateway::api {

enum class Kind : std::uint8_t {
    integer,         // ^-?\d+$ within 64 bits
    boolean,         // true, false
    text,            // at most `max` characters
    choice,          // one of `choices`
    flag_or_choice,  // true, false or one of `choices`
    email,
    url,       // text of that form
    hash,      // `children`
    list,      // of hashes (`children`), choices or texts
    metadata,  // free keys and text values
    range,     // an integer, or a hash of gt, gte, lt, lte
};

enum class Mark : std::uint8_t {
    supported,
    echoed,     // accepted and kept, without effect
    refused,    // known to the API, not to this gateway: money or liability could hang on it
    swallowed,  // what browser libraries add: neither checked nor used
};

struct Rule;

struct Rules {
    const Rule* first = nullptr;
    std::size_t count = 0;
    constexpr Rules() = default;
    template <class T, std::size_t N>
    constexpr Rules(const T (&rules)[N])
        : first{rules}, count{N} {}  // NOLINT(google-explicit-constructor): tables
    constexpr const Rule* begin() const { return first; }
    constexpr const Rule* end() const;
    const Rule* find(std::string_view name) const;
};

struct Choices {
    const std::string_view* first = nullptr;
    std::size_t count = 0;
    constexpr Choices() = default;
    template <std::size_t N>
    constexpr Choices(const std::string_view (&texts)[N])  // NOLINT(google-explicit-constructor): tables
        : first{texts}, count{N} {}
    template <std::size_t N>
    constexpr Choices(const std::array<std::string_view, N>& texts)  // NOLINT(google-explicit-constructor)
        : first{texts.data()}, count{N} {}
    constexpr const std::string_view* begin() const { return first; }
    constexpr const std::string_view* end() const { return first + count; }
};

struct Rule {
    std::string_view name;
    Kind kind = Kind::text;
    std::uint16_t max = 5000;  // characters
    Choices choices = {};
    Rules children = {};
    bool required = false;
    bool clearable = false;  // "" unsets it
    Mark mark = Mark::supported;

    constexpr Rule needed() const {
        Rule copy = *this;
        copy.required = true;
        return copy;
    }
    constexpr Rule unset() const {
        Rule copy = *this;
        copy.clearable = true;
        return copy;
    }
    constexpr Rule echoed() const { return marked(Mark::echoed); }
    constexpr Rule refused() const { return marked(Mark::refused); }
    constexpr Rule marked(Mark as) const {
        Rule copy = *this;
        copy.mark = as;
        return copy;
    }
};

constexpr const Rule* Rules::end() const {
    return first + count;
}

constexpr Rule integer(std::string_view name) {
    return {name, Kind::integer};
}
constexpr Rule boolean(std::string_view name) {
    return {name, Kind::boolean};
}
constexpr Rule text(std::string_view name, std::uint16_t max = 5000) {
    return {name, Kind::text, max};
}
constexpr Rule email(std::string_view name) {
    return {name, Kind::email, 512};
}
constexpr Rule url(std::string_view name) {
    return {name, Kind::url, 5000};
}
constexpr Rule choice(std::string_view name, Choices choices) {
    return {name, Kind::choice, 5000, choices};
}
constexpr Rule flag_or_choice(std::string_view name, Choices choices) {
    return {name, Kind::flag_or_choice, 5000, choices};
}
constexpr Rule hash(std::string_view name, Rules children) {
    return {name, Kind::hash, 5000, {}, children};
}
constexpr Rule list(std::string_view name, Choices choices = {}) {
    return {name, Kind::list, 5000, choices};
}
constexpr Rule list_of(std::string_view name, Rules children) {
    return {name, Kind::list, 5000, {}, children};
}
constexpr Rule metadata(std::string_view name = "metadata") {
    return {name, Kind::metadata};
}
constexpr Rule range(std::string_view name) {
    return {name, Kind::range};
}
constexpr Rule refuse(std::string_view name) {
    return text(name).refused();
}
constexpr Rule swallow(std::string_view name) {
    return text(name).marked(Mark::swallowed);
}

// Judges a form by `rules`. With `publishable`, what browser libraries add is accepted too. The first fault
// in this order: unknown parameters (all named), refused ones, a missing one, a wrong value.
common::Status validate(const common::form::Value& form, Rules rules, bool publishable);

// A validated form. Absent, and "" where that means "unset", are both "no value"; `has` tells them apart.
class Parameters {
  public:
    explicit Parameters(const common::form::Value& hash) : hash_{&hash} {}
    bool has(std::string_view name) const { return hash_->find(name) != nullptr; }
    std::string_view raw(std::string_view name) const;  // "" when absent; the only way to secrets
    std::optional<std::string> text(std::string_view name) const;
    std::optional<std::int64_t> integer(std::string_view name) const;
    std::optional<bool> boolean(std::string_view name) const;
    std::optional<Parameters> hash(std::string_view name) const;
    std::size_t list_size(std::string_view name) const;
    std::vector<Parameters> hashes(std::string_view name) const;  // of a list of such
    // Keys without a value are left out.
    boost::json::object metadata(std::string_view name = "metadata") const;
    // For an update: keys without a value are null, and all of it is to go when the whole is empty.
    Change<boost::json::object> metadata_change(std::string_view name = "metadata") const;
    Change<std::string> text_change(std::string_view name) const;
    Change<boost::json::object> object_change(std::string_view name, Rules rules) const;
    // The value typed by its rule; null when absent or unset.
    boost::json::value json(std::string_view name, Rules rules) const;

  private:
    const common::form::Value* hash_;
};

// Keys and values of a hash with free keys. The form decoder takes metadata[6735]=x for an array with an
// index; here it is a key like any other. Nothing when a key is missing (metadata[]=x).
using Entries = std::vector<std::pair<std::string_view, const common::form::Value*>>;
std::optional<Entries> entries_of(const common::form::Value& value);

// 400 url_invalid.
common::Status check_url(std::string_view text, std::string_view name);
// Characters of UTF-8 text, not bytes.
std::size_t character_count(std::string_view text);
// 400 parameters_exclusive when more than one of the names is given.
common::Status at_most_one(const Parameters& parameters, std::initializer_list<std::string_view> names);

}  // namespace gateway::api
