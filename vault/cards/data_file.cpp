#include "vault/cards/data_file.h"

#include <algorithm>
#include <fstream>

#include <boost/json.hpp>

#include "common/json.h"

namespace vault::cards {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

namespace {

std::size_t line_at(std::string_view text, std::size_t offset) {
    return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n'));
}

Error not_json(std::string_view text) {
    boost::json::parser parser;
    boost::system::error_code fault;
    const auto read = parser.write_some(text.data(), text.size(), fault);
    if (!fault && read == text.size()) fault = boost::json::error::incomplete;
    return Error::internal("line {}: a data file is not valid JSON",
                           {Safe::number(static_cast<std::int64_t>(line_at(text, read)))});
}

}  // namespace

Result<std::string> read_data_file(const std::string& path, std::size_t bytes_max) {
    std::ifstream file{path, std::ios::binary | std::ios::ate};
    const auto size = file ? static_cast<std::streamoff>(file.tellg()) : std::streamoff{-1};
    const Fail refused{Error::internal("{} cannot be read or is too large", {Safe::param(path)})};
    if (size < 0 || static_cast<std::size_t>(size) > bytes_max) return refused;
    std::string text(static_cast<std::size_t>(size), '\0');
    file.seekg(0);
    if (!file.read(text.data(), size)) return refused;
    return text;
}

Result<boost::json::object> parse_data(std::string_view text) {
    auto parsed = common::json::parse(text);
    if (!parsed) return Fail{not_json(text)};
    if (!parsed->is_object()) return Fail{Error::internal("a data file holds no JSON object")};
    return std::move(parsed->as_object());
}

std::size_t line_of_entry(std::string_view text, std::size_t n) {
    constexpr std::string_view spaces = " \t\r\n";
    std::size_t depth = 0, line = 1, entries = 0;
    bool in_text = false, before_entry = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') ++line;
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
            continue;
        }
        if (before_entry && spaces.find(c) == spaces.npos) {
            before_entry = false;
            if (++entries == n) return line;
        }
        if (c == '"') in_text = true;
        if (c == '}' || c == ']') --depth;
        if (c == '{' || c == '[') ++depth;
        if (depth == 2 && (c == '[' || c == ',')) before_entry = true;
    }
    return line;
}

}  // namespace vault::cards
