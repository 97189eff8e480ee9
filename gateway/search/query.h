// The language of the API's searches: clauses joined by AND or by OR, as in
//   status:"succeeded" AND amount>=1000 AND -metadata["order"]:null
// Pure; what a field means in the database is gateway/store/search.h's business.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace gateway::search {

inline constexpr std::size_t query_bytes_max = 5000;
inline constexpr std::size_t clauses_max = 10;
inline constexpr std::size_t part_characters_min = 3;

enum class Kind : std::uint8_t {
    number,    // whole, 64 bits
    time,      // the same, unix seconds
    flag,      // true, false
    token,     // ids and the like: equal byte for byte
    text,      // equal or contained, in whatever case
    metadata,  // field["key"], whose values are tokens
};

struct Field {
    std::string_view name;  // of a constant
    Kind kind;
    bool operator==(const Field&) const = default;
};

enum class Operator : std::uint8_t { equal, contains, greater, greater_or_equal, less, less_or_equal };

using Value = std::variant<std::monostate, std::int64_t, bool, std::string>;  // monostate: null

struct Clause {
    Field field;
    std::string key;  // of metadata
    Operator op = Operator::equal;
    Value value;  // fits the field's kind and the operator; null with `equal` only
    bool negated = false;
    bool operator==(const Clause&) const = default;
};

enum class Join : std::uint8_t { all, any };  // AND, OR

struct Query {
    Join join = Join::all;        // also of a single clause
    std::vector<Clause> clauses;  // 1–clauses_max
    bool operator==(const Query&) const = default;
};

// The grammar; spaces stand only where it says so, and `null` without quotes is the absence of a value:
// clang-format off
//   query    = clause *9(" AND " clause) / clause *9(" OR " clause)
//   clause   = ["-"] field operator value
//   field    = name / name '[' quoted ']'            the latter for metadata
//   operator = ":" / "~" / ">" / ">=" / "<" / "<="
//   value    = quoted / word
//   quoted   = '"' … '"' / "'" … "'"                 \", \' and \\ stand for the second character
//   word     = 1*(A–Z / a–z / 0–9 / "_" / "." / "@" / "+" / "-")
// clang-format on
// 400 with param `query` and a message that says what is wrong, at which character, and what would be right.
common::Result<Query> parse(std::string_view text, std::span<const Field> fields);

// The one text of a query: what `parse` reads back as the same.
std::string to_text(const Query& query);

std::string_view to_string(Operator op);  // ":", "~", ">=" …

}  // namespace gateway::search
