#include "common/json.h"

#include <algorithm>
#include <cmath>

#include <boost/json/basic_parser_impl.hpp>

namespace common::json {
namespace {

namespace bj = boost::json;

class WipingResource final : public bj::memory_resource {
    // Boost.JSON frees keys with another alignment than it asked for, so what it says is not passed on; it
    // never needs more than any memory has.
    void* do_allocate(std::size_t size, std::size_t) override { return ::operator new(size); }
    void do_deallocate(void* memory, std::size_t size, std::size_t) override {
        wipe(memory, size);
        ::operator delete(memory);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

// Builds the document and counts the members it has seen. Boost.JSON drops all but the last of equal keys, so
// a document with fewer members than were seen had duplicates.
struct Handler {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    explicit Handler(const bj::storage_ptr& storage) : stack{storage} { stack.reset(storage); }

    using Failed = bj::error_code;
    bool on_document_begin(Failed&) { return true; }
    bool on_document_end(Failed&) { return true; }
    bool on_object_begin(Failed&) { return true; }
    bool on_object_end(std::size_t n, Failed&) {
        members += n;
        stack.push_object(n);
        return true;
    }
    bool on_array_begin(Failed&) { return true; }
    bool on_array_end(std::size_t n, Failed&) {
        stack.push_array(n);
        return true;
    }
    bool on_key_part(bj::string_view text, std::size_t, Failed&) {
        stack.push_chars(text);
        return true;
    }
    bool on_key(bj::string_view text, std::size_t, Failed&) {
        stack.push_key(text);
        return true;
    }
    bool on_string_part(bj::string_view text, std::size_t, Failed&) {
        stack.push_chars(text);
        return true;
    }
    bool on_string(bj::string_view text, std::size_t, Failed&) {
        stack.push_string(text);
        return true;
    }
    bool on_number_part(bj::string_view, Failed&) { return true; }
    bool on_int64(std::int64_t value, bj::string_view, Failed&) {
        stack.push_int64(value);
        return true;
    }
    bool on_uint64(std::uint64_t value, bj::string_view, Failed&) {
        stack.push_uint64(value);
        return true;
    }
    bool on_double(double value, bj::string_view, Failed& failed) {
        if (!std::isfinite(value)) {
            failed = bj::error::exponent_overflow;
            return false;
        }
        stack.push_double(value);
        return true;
    }
    bool on_bool(bool value, Failed&) {
        stack.push_bool(value);
        return true;
    }
    bool on_null(Failed&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(bj::string_view, Failed&) { return true; }
    bool on_comment(bj::string_view, Failed&) { return true; }

    bj::value_stack stack;
    std::size_t members = 0;
};

std::size_t members_in(const bj::value& value) {
    std::size_t members = 0;
    if (const auto* object = value.if_object()) {
        members += object->size();
        for (const auto& member : *object)
            members += members_in(member.value());
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            members += members_in(element);
    }
    return members;
}

Error bad_json(Text why) {
    return Error{400, ErrorType::invalid_request, "", why};
}

}  // namespace

bj::storage_ptr wiping_storage() {
    static WipingResource resource;
    return bj::storage_ptr{&resource};
}

Result<bj::value> parse(std::string_view text, bj::storage_ptr storage) {
    bj::parse_options options;
    options.max_depth = depth_max;
    bj::basic_parser<Handler> parser{options, storage};
    bj::error_code failed;
    const auto used = parser.write_some(false, text.data(), text.size(), failed);
    if (failed == bj::error::too_deep) return Fail{bad_json("The JSON is nested more than 16 levels deep.")};
    if (failed) return Fail{bad_json("The body is not valid JSON.")};
    if (used != text.size()) return Fail{bad_json("Something follows the JSON document.")};
    auto value = parser.handler().stack.release();
    if (members_in(value) != parser.handler().members)
        return Fail{bad_json("The JSON has two members of the same name.")};
    return value;
}

Result<std::string_view> text_of(const bj::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr)
        return Fail{
            Error::invalid("parameter_missing", key, "Missing required param: {}.", {Safe::param(key)})};
    const auto* text = value->if_string();
    if (text == nullptr)
        return Fail{
            Error::invalid("parameter_invalid_string", key, "Invalid string: {}.", {Safe::param(key)})};
    return std::string_view{text->data(), text->size()};
}

Result<std::int64_t> integer_of(const bj::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr)
        return Fail{
            Error::invalid("parameter_missing", key, "Missing required param: {}.", {Safe::param(key)})};
    const auto* integer = value->if_int64();
    if (integer == nullptr)
        return Fail{
            Error::invalid("parameter_invalid_integer", key, "Invalid integer: {}.", {Safe::param(key)})};
    return *integer;
}

std::string_view text_or(const bj::object& object, std::string_view key, std::string_view fallback) {
    const auto* value = object.if_contains(key);
    const auto* text = value != nullptr ? value->if_string() : nullptr;
    return text != nullptr ? std::string_view{text->data(), text->size()} : fallback;
}

std::int64_t integer_or(const bj::object& object, std::string_view key, std::int64_t fallback) {
    const auto* value = object.if_contains(key);
    const auto* integer = value != nullptr ? value->if_int64() : nullptr;
    return integer != nullptr ? *integer : fallback;
}

Status only_members(const bj::object& object, std::initializer_list<std::string_view> known) {
    for (const auto& member : object) {
        const std::string_view key{member.key().data(), member.key().size()};
        if (std::find(known.begin(), known.end(), key) == known.end())
            return Fail{Error::invalid("parameter_unknown", key, "Received unknown parameter: {}",
                                       {Safe::param(key)})};
    }
    return {};
}

SecretText serialize_secret(const bj::value& value) {
    SecretText text;
    std::vector<char, WipingAllocator<char>> chunk(4096);
    bj::serializer serializer;
    serializer.reset(&value);
    while (!serializer.done()) {
        const auto part = serializer.read(chunk.data(), chunk.size());
        text.append({part.data(), part.size()});
    }
    return text;
}

}  // namespace common::json
