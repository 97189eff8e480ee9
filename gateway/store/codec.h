// Described structures (Boost.Describe) as JSON documents of rows, and back: a member by its name, an
// enumerator by its own. Members without a value are left out; what a document lacks keeps its default, so
// that documents from before a member existed still read. One that does not fit its type is damage or a bug,
// and throws.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11/algorithm.hpp>

#include "common/money.h"

namespace gateway::store::codec {

namespace json = boost::json;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <class T>
concept Structure = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;
template <class T>
concept Enumeration = boost::describe::has_describe_enumerators<T>::value;

// Calls visit(name, member) for each described member of `object`, but for those that are named in `without`.
template <class T, class Visit>
void for_each_member(T& object, std::span<const char* const> without, Visit visit) {
    boost::mp11::mp_for_each<Members<std::remove_const_t<T>>>([&](auto member) {
        const std::string_view name{member.name};
        if (std::ranges::find(without, name, [](const char* n) { return std::string_view{n}; }) ==
            without.end())
            visit(name, object.*member.pointer);
    });
}

template <Structure T>
json::object to_object(const T& object, std::span<const char* const> without = {});
template <Structure T>
void read_object(const json::object& from, T& object, std::span<const char* const> without = {});

// Nothing for what is empty.
inline std::optional<json::value> to_value(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional{json::value(json::string_view{text})};
}
inline std::optional<json::value> to_value(bool flag) {
    return flag ? std::optional{json::value(true)} : std::nullopt;
}
inline std::optional<json::value> to_value(std::int64_t number) {
    return number != 0 ? std::optional{json::value(number)} : std::nullopt;
}
inline std::optional<json::value> to_value(int number) {
    return to_value(std::int64_t{number});
}
inline std::optional<json::value> to_value(const json::object& object) {
    return object.empty() ? std::nullopt : std::optional{json::value(object)};
}
inline std::optional<json::value> to_value(const json::array& array) {
    return array.empty() ? std::nullopt : std::optional{json::value(array)};
}
inline std::optional<json::value> to_value(const common::Currency& currency) {
    return json::value(json::string_view{currency.code()});
}
template <Enumeration T>
std::optional<json::value> to_value(T value) {
    return json::value(boost::describe::enum_to_string(value, ""));
}
template <Structure T>
std::optional<json::value> to_value(const T& object) {
    return json::value(to_object(object));
}
template <class T>
std::optional<json::value> to_value(const std::vector<T>& elements) {
    if (elements.empty()) return std::nullopt;
    json::array array;
    for (const auto& element : elements)
        array.push_back(to_value(element).value_or(nullptr));
    return json::value(std::move(array));
}
// An optional that has a value is kept however empty that is.
template <class T>
std::optional<json::value> to_value(const std::optional<T>& value) {
    if (!value) return std::nullopt;
    if (auto inner = to_value(*value)) return inner;
    if constexpr (std::same_as<T, std::string>)
        return json::value("");
    else if constexpr (std::constructible_from<json::value, const T&>)
        return json::value(*value);
    else
        return std::nullopt;
}

inline void read(const json::value& from, std::string& text) {
    text = std::string{from.as_string()};
}
inline void read(const json::value& from, bool& flag) {
    flag = from.as_bool();
}
template <std::integral T>
void read(const json::value& from, T& number) {
    number = from.to_number<T>();
}
inline void read(const json::value& from, json::object& object) {
    object = from.as_object();
}
inline void read(const json::value& from, json::array& array) {
    array = from.as_array();
}
inline void read(const json::value& from, common::Currency& currency) {
    currency = common::Currency::find(std::string_view{from.as_string()}).value();
}
template <Enumeration T>
void read(const json::value& from, T& value) {
    if (!boost::describe::enum_from_string(std::string{from.as_string()}.c_str(), value))
        throw std::invalid_argument{"a document has an unknown enumerator"};
}
template <Structure T>
void read(const json::value& from, T& object) {
    object = T{};
    read_object(from.as_object(), object);
}
template <class T>
void read(const json::value& from, std::vector<T>& elements) {
    elements.clear();
    for (const auto& element : from.as_array())
        read(element, elements.emplace_back());
}
template <class T>
void read(const json::value& from, std::optional<T>& value) {
    read(from, value.emplace());
}

template <Structure T>
json::object to_object(const T& object, std::span<const char* const> without) {
    json::object document;
    for_each_member(object, without, [&](std::string_view name, const auto& member) {
        if (auto value = to_value(member)) document[name] = *std::move(value);
    });
    return document;
}

template <Structure T>
void read_object(const json::object& from, T& object, std::span<const char* const> without) {
    const T empty{};
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        const std::string_view name{member.name};
        if (std::ranges::find(without, name, [](const char* n) { return std::string_view{n}; }) !=
            without.end())
            return;
        if (const auto* value = from.if_contains(name))
            read(*value, object.*member.pointer);
        else
            object.*member.pointer = empty.*member.pointer;
    });
}

// A document of a row, as it is read and written.
template <Structure T>
T parse(std::string_view text) {
    T object;
    read_object(json::parse(text).as_object(), object);
    return object;
}
template <Structure T>
std::string serialize(const T& object) {
    return json::serialize(to_object(object));
}

}  // namespace gateway::store::codec
