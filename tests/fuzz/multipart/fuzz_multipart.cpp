// A body is refused with 400 or split within the limits; the parts lie in it one behind the other, hold no
// delimiter, and written out again they are read as the same. The first line of the input is the content
// type.
#include <cstdlib>

#include "common/multipart.h"
#include "common/utf8.h"

namespace {

namespace multipart = common::multipart;

void require(bool holds) {
    if (!holds) std::abort();
}

bool within(std::string_view part, std::string_view whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

// A name that holds "%22" cannot be written so that it is read again.
bool writable(const multipart::Part& part) {
    return !part.name.contains("%22") && !part.filename.value_or("").contains("%22");
}

std::string written(const std::vector<multipart::Part>& parts, const std::string& boundary) {
    std::string body;
    for (const auto& part : parts) {
        body += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + in_quotes(part.name);
        if (part.filename) body += "; filename=" + in_quotes(*part.filename);
        body += "\r\n\r\n";
        body.append(part.content).append("\r\n");
    }
    return body + "--" + boundary + "--\r\n";
}

void check(const std::vector<multipart::Part>& parts, const std::string& boundary, std::string_view body) {
    const multipart::Limits limits;
    const char* behind = body.data();
    require(parts.size() <= limits.parts_max);
    for (const auto& part : parts) {
        require(within(part.content, body) && part.content.data() > behind);
        behind = part.content.data() + part.content.size();
        require(!part.content.contains("\r\n--" + boundary));
        require(!part.name.empty() && part.name.size() <= limits.name_bytes_max &&
                common::is_utf8(part.name));
        require(!part.filename ||
                (part.filename->size() <= limits.filename_bytes_max && common::is_utf8(*part.filename)));
    }
    if (!std::ranges::all_of(parts, writable)) return;
    const auto again = written(parts, boundary);
    if (again.size() > limits.body_bytes_max) return;
    multipart::Limits wide;
    wide.header_bytes_max *= 2;  // escapes may have made names longer than they came
    const auto second = multipart::decode(again, boundary, wide);
    require(second.has_value() && second->size() == parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        require((*second)[i].name == parts[i].name && (*second)[i].filename == parts[i].filename);
        require((*second)[i].content == parts[i].content);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto line = input.find('\n');
    const auto boundary = multipart::boundary_of(input.substr(0, line));
    if (!boundary) {
        require(boundary.error().status() == 400);
        return 0;
    }
    const auto body = line == input.npos ? std::string_view{} : input.substr(line + 1);
    const auto parts = multipart::decode(body, *boundary);
    if (!parts) {
        require(parts.error().status() == 400);
        return 0;
    }
    check(*parts, *boundary, body);
    return 0;
}
