// multipart/form-data (RFC 7578) as SDKs, browsers and curl send it, read in place. Strict: no preamble or
// epilogue, no folded or bare line ends, no encoded contents, and no line of a content that begins like a
// delimiter, for two readers could split such a body differently.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace common::multipart {

struct Limits {
    std::size_t parts_max = 100;
    std::size_t headers_max = 8;              // fields of one part
    std::size_t header_bytes_max = 4 * 1024;  // of one part, all fields with their line ends
    std::size_t name_bytes_max = 255;
    std::size_t filename_bytes_max = 1024;
    std::size_t body_bytes_max = 8 * 1024 * 1024;
};

// Names are UTF-8 without control characters. `%22`, `\"` and `\\` stand for what they escape: browsers and
// stripe-node write the first, curl and Go the others. Any other `%` or backslash is itself.
struct Part {
    std::string name;
    std::optional<std::string> filename;  // nothing: a field and no file; never a path to be opened
    std::string content_type;             // as claimed; "" when absent
    std::string_view content;             // within the body, any bytes
};

// The boundary of "multipart/form-data; boundary=…", quoted or not. 400 when the type is another one, or the
// boundary is missing, given twice or none by RFC 2046: at most 70 of its characters, no space at the end.
Result<std::string> boundary_of(std::string_view content_type);

// 400 in the API's form for whatever is malformed or beyond the limits. The parts look into `body`.
Result<std::vector<Part>> decode(std::string_view body, std::string_view boundary, const Limits& limits = {});

}  // namespace common::multipart
