#include "vault/cards/data_file.h"

#include <fstream>

#include "common/json.h"

namespace vault::cards {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;

Result<std::string> read_data_file(const std::string& path) {
    constexpr std::size_t bytes_max = 4 << 20;
    std::ifstream file{path, std::ios::binary};
    std::string text(bytes_max, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || !file.eof())
        return Fail{Error::internal("{} cannot be read or is too large", {Safe::param(path)})};
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

Result<boost::json::object> parse_data(std::string_view text) {
    auto parsed = common::json::parse(text);
    if (!parsed) return Fail{Error::internal("a data file is not valid JSON")};
    if (!parsed->is_object()) return Fail{Error::internal("a data file holds no JSON object")};
    return std::move(parsed->as_object());
}

}  // namespace vault::cards
