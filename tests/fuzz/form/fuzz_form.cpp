// A form is refused with 400 or decoded within the limits, and what was decoded has one canonical meaning:
// written out again and decoded, its digest is the same.
#include <cstdlib>

#include "common/form.h"
#include "common/utf8.h"

namespace {

using common::form::Value;

void require(bool holds) {
    if (!holds) std::abort();
}

void write(const Value& value, const std::string& name, std::string& body, std::size_t depth) {
    require(depth <= common::form::depth_max);
    if (value.is_text()) {
        require(common::is_utf8(value.text()) && value.text().find('\0') == std::string_view::npos);
        body += name + '=' + common::form::percent_encode(value.text()) + '&';
        return;
    }
    if (value.kind() == Value::Kind::array) {
        require(value.indexes().empty() || value.indexes().size() == value.elements().size());
        for (std::size_t i = 0; i < value.elements().size(); ++i) {
            const auto index = value.indexes().empty() ? std::to_string(i) : value.indexes()[i];
            write(value.elements()[i], name + '[' + index + ']', body, depth + 1);
        }
        return;
    }
    for (const auto& [key, member] : value.members()) {
        require(common::is_utf8(key));
        const auto coded = common::form::percent_encode(key);
        write(member, name.empty() ? coded : name + '[' + coded + ']', body, depth + 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto form = common::form::decode(input);
    if (!form) {
        require(form.error().status() == 400 && form.error().param().size() <= 255);
        return 0;
    }
    std::string again;
    write(*form, "", again, 0);
    const auto second = common::form::decode(again);
    require(second.has_value());
    require(common::form::digest(*form) == common::form::digest(*second));
    require(common::form::percent_decode_segment(common::form::percent_encode(input)) == input);
    return 0;
}
