// A document is refused with 400, or parsed, and then its text parses to the same document again.
#include <cstdlib>

#include "common/json.h"
#include "common/log.h"
#include "common/utf8.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

// The redactor replaces digits, and nothing else.
void redact_only_masks(std::string_view input) {
    std::string line{input};
    const auto masked = common::log::redact(line);
    require(line.size() == input.size());
    require((masked == 0) == (line == input));
    for (std::size_t i = 0; i < line.size(); ++i)
        require(line[i] == input[i] || (line[i] == '*' && input[i] >= '0' && input[i] <= '9'));
}

// Boost.JSON 1.81 reads decimals to within a unit in the last place only.
bool has_decimals(const boost::json::value& value) {
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object)
            if (has_decimals(member.value())) return true;
    } else if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            if (has_decimals(element)) return true;
    }
    return value.is_double();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    redact_only_masks(input);
    const auto document = common::json::parse(input, common::json::wiping_storage());
    if (!document) {
        require(document.error().status() == 400);
        return 0;
    }
    require(common::is_utf8(input));
    const auto text = common::json::serialize_secret(*document);
    const auto again = common::json::parse(text.view());
    require(again.has_value() && (has_decimals(*document) || *again == *document));
    return 0;
}
