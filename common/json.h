// JSON over Boost.JSON: strict parsing of what comes from outside, in wiping memory where it may hold card
// data.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "common/result.h"
#include "common/secret.h"

namespace common::json {

inline constexpr std::size_t depth_max = 16;

// A memory resource that wipes what it frees; pass as storage for documents that hold secrets.
boost::json::storage_ptr wiping_storage();

// RFC 8259, depth ≤ 16, no duplicate keys, valid UTF-8, nothing after the document. 400 otherwise.
Result<boost::json::value> parse(std::string_view text, boost::json::storage_ptr storage = {});

// Typed members of an object; 400 (parameter_missing / parameter_invalid…) naming the member otherwise.
Result<std::string_view> text_of(const boost::json::object& object, std::string_view key);
Result<std::int64_t> integer_of(const boost::json::object& object, std::string_view key);
std::string_view text_or(const boost::json::object& object, std::string_view key, std::string_view fallback);
std::int64_t integer_or(const boost::json::object& object, std::string_view key, std::int64_t fallback);
// 400 parameter_unknown when the object has a member that is not in the list.
Status only_members(const boost::json::object& object, std::initializer_list<std::string_view> known);

// Serializes into wiping memory.
SecretText serialize_secret(const boost::json::value& value);

}  // namespace common::json
