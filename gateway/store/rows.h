// Reading columns that may be null.
#pragma once

#include <optional>
#include <string>

#include <pqxx/pqxx>

namespace gateway::store {

inline std::optional<std::string> optional_text(const pqxx::field& field) {
    if (field.is_null()) return std::nullopt;
    return field.as<std::string>();
}
inline std::optional<std::int64_t> optional_integer(const pqxx::field& field) {
    if (field.is_null()) return std::nullopt;
    return field.as<std::int64_t>();
}

}  // namespace gateway::store
