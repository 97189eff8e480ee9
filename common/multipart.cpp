#include "common/multipart.h"

#include <algorithm>

#include "common/http/text.h"
#include "common/utf8.h"

namespace common::multipart {
namespace {

using http::equal_ignoring_case;
using http::is_token;
using http::is_token_char;
using http::trimmed;

constexpr std::size_t boundary_max = 70;
constexpr std::string_view line_end = "\r\n";

// `what` completes the sentence.
Error malformed(Text what) {
    return Error::invalid("", "", "The multipart/form-data body could not be read: {}.", {Safe::word(what)});
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_boundary(std::string_view text) {
    constexpr std::string_view others = "'()+_,-./:=? ";
    const auto allowed = [&](char c) {
        const char low = http::lower(c);
        return http::is_digit(c) || (low >= 'a' && low <= 'z') || others.contains(c);
    };
    return !text.empty() && text.size() <= boundary_max && !text.ends_with(' ') &&
           std::ranges::all_of(text, allowed);
}

// How a backslash in a quoted string is read.
enum class Escapes : std::uint8_t {
    any,         // RFC 9110: whatever follows it
    file_names,  // only a quote or a backslash, for Windows' paths come unescaped; and %22 is a quote
};

// The text of the quoted string that begins behind its quote; `rest` is moved behind the closing one. Nothing
// when it does not end.
std::optional<std::string> quoted(std::string_view& rest, Escapes escapes) {
    std::string text;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        const char c = rest[i];
        if (c == '"') {
            rest.remove_prefix(i + 1);
            return text;
        }
        const bool names = escapes == Escapes::file_names;
        if (c == '\\' && i + 1 < rest.size() && (!names || rest[i + 1] == '"' || rest[i + 1] == '\\')) {
            text += rest[++i];
        } else if (names && rest.substr(i).starts_with("%22")) {
            text += '"';
            i += 2;
        } else {
            text += c;
        }
    }
    return std::nullopt;
}

struct Parameter {
    std::string_view name;
    std::string value;
};

// One `; name=value` from the front of `rest`. Nothing when it is malformed.
std::optional<Parameter> next_parameter(std::string_view& rest, Escapes escapes) {
    rest = trimmed(rest);
    if (!rest.starts_with(';')) return std::nullopt;
    rest = trimmed(rest.substr(1));
    const auto equals = rest.find('=');
    if (equals == rest.npos || !is_token(rest.substr(0, equals))) return std::nullopt;
    Parameter parameter{rest.substr(0, equals), {}};
    rest.remove_prefix(equals + 1);
    if (rest.starts_with('"')) {
        rest.remove_prefix(1);
        auto value = quoted(rest, escapes);
        if (!value) return std::nullopt;
        parameter.value = *std::move(value);
        return parameter;
    }
    const auto end = std::ranges::find_if_not(rest, is_token_char);
    parameter.value.assign(rest.begin(), end);
    rest.remove_prefix(parameter.value.size());
    if (parameter.value.empty()) return std::nullopt;
    return parameter;
}

// A name for people and logs: no control characters, sound UTF-8.
bool is_plain(std::string_view name) {
    return is_utf8(name) && std::ranges::none_of(name, is_control);
}

Status read_disposition(std::string_view value, const Limits& limits, Part& part) {
    auto rest = value;
    const auto type = trimmed(rest.substr(0, rest.find(';')));
    if (!equal_ignoring_case(type, "form-data"))
        return Fail{malformed("a part's Content-Disposition is not form-data")};
    rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    bool named = false;
    while (!trimmed(rest).empty()) {
        auto parameter = next_parameter(rest, Escapes::file_names);
        if (!parameter) return Fail{malformed("a Content-Disposition is malformed")};
        if (!is_plain(parameter->value))
            return Fail{malformed("a name holds control characters or is not UTF-8")};
        if (equal_ignoring_case(parameter->name, "name")) {
            if (std::exchange(named, true)) return Fail{malformed("a part has two names")};
            part.name = std::move(parameter->value);
        } else if (equal_ignoring_case(parameter->name, "filename")) {
            if (part.filename) return Fail{malformed("a part has two file names")};
            part.filename = std::move(parameter->value);
        } else if (equal_ignoring_case(parameter->name, "filename*")) {
            return Fail{malformed("filename* is not for forms; send filename in UTF-8")};
        }
    }
    if (part.name.empty()) return Fail{malformed("a part has no name")};
    if (part.name.size() > limits.name_bytes_max) return Fail{malformed("the name of a part is too long")};
    if (part.filename && part.filename->size() > limits.filename_bytes_max)
        return Fail{malformed("a file name is too long")};
    return {};
}

// One field of a part's head; what is none of the known three is passed over, as RFC 7578 wants it.
class Head {
  public:
    explicit Head(const Limits& limits) : limits_{limits} {}

    Status take(std::string_view line, Part& part) {
        if (++fields_ > limits_.headers_max) return Fail{malformed("a part has too many header fields")};
        const auto colon = line.find(':');
        if (colon == line.npos || !is_token(line.substr(0, colon)))
            return Fail{malformed("a header field of a part is malformed")};
        const auto name = line.substr(0, colon);
        const auto value = trimmed(line.substr(colon + 1));
        if (std::ranges::any_of(value, [](char c) { return is_control(c) && c != '\t'; }))
            return Fail{malformed("a header field of a part holds control characters")};
        if (equal_ignoring_case(name, "Content-Disposition")) {
            if (std::exchange(disposition_, true)) return Fail{twice()};
            return read_disposition(value, limits_, part);
        }
        if (equal_ignoring_case(name, "Content-Type")) {
            if (std::exchange(type_, true)) return Fail{twice()};
            part.content_type = value;
        }
        if (equal_ignoring_case(name, "Content-Transfer-Encoding")) return check_encoding(value);
        return {};
    }

    bool named() const { return disposition_; }

  private:
    static Error twice() { return malformed("a header field of a part is given twice"); }

    Status check_encoding(std::string_view value) {
        if (std::exchange(encoding_, true)) return Fail{twice()};
        for (const std::string_view plain : {"binary", "8bit", "7bit"})
            if (equal_ignoring_case(value, plain)) return {};
        return Fail{malformed("the contents of parts must not be encoded")};
    }

    const Limits& limits_;
    std::size_t fields_ = 0;
    bool disposition_ = false, type_ = false, encoding_ = false;
};

// The head of a part from the front of `rest`, up to and with its empty line.
Status read_head(std::string_view& rest, const Limits& limits, Part& part) {
    Head head{limits};
    std::size_t bytes = 0;
    for (;;) {
        const auto end = rest.substr(0, limits.header_bytes_max - bytes + line_end.size()).find(line_end);
        if (end == rest.npos)
            return Fail{rest.size() > limits.header_bytes_max - bytes
                            ? malformed("the head of a part is too long")
                            : malformed("it ends within the head of a part")};
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + line_end.size());
        bytes += end + line_end.size();
        if (bytes > limits.header_bytes_max) return Fail{malformed("the head of a part is too long")};
        if (line.empty()) break;
        if (auto taken = head.take(line, part); !taken) return taken;
    }
    if (!head.named()) return Fail{malformed("a part has no Content-Disposition")};
    return {};
}

// What follows a delimiter: another part, or the end of the body.
enum class After : std::uint8_t { part, end, neither };

After after_delimiter(std::string_view& rest) {
    if (rest.starts_with(line_end)) {
        rest.remove_prefix(line_end.size());
        return After::part;
    }
    return rest == "--" || rest == "--\r\n" ? After::end : After::neither;
}

}  // namespace

Result<std::string> boundary_of(std::string_view content_type) {
    auto rest = content_type.substr(std::min(content_type.find(';'), content_type.size()));
    if (!equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))), "multipart/form-data"))
        return Fail{malformed("its content type is another one")};
    std::optional<std::string> boundary;
    while (!trimmed(rest).empty()) {
        auto parameter = next_parameter(rest, Escapes::any);
        if (!parameter) return Fail{malformed("its content type is malformed")};
        if (!equal_ignoring_case(parameter->name, "boundary")) continue;
        if (boundary) return Fail{malformed("its content type names two boundaries")};
        boundary = std::move(parameter->value);
    }
    if (!boundary) return Fail{malformed("its content type names no boundary")};
    if (!is_boundary(*boundary)) return Fail{malformed("its boundary is none by RFC 2046")};
    return *std::move(boundary);
}

Result<std::vector<Part>> decode(std::string_view body, std::string_view boundary, const Limits& limits) {
    if (!is_boundary(boundary)) return Fail{malformed("its boundary is none by RFC 2046")};
    if (body.size() > limits.body_bytes_max) return Fail{malformed("it is too large")};
    // A match cannot begin within another one, since a boundary has no CR: the search is linear.
    const auto delimiter = std::string{"\r\n--"}.append(boundary);
    const auto first = std::string_view{delimiter}.substr(line_end.size());
    if (!body.starts_with(first)) return Fail{malformed("it does not begin with the boundary")};
    auto rest = body.substr(first.size());
    std::vector<Part> parts;
    for (;;) {
        const auto after = after_delimiter(rest);
        if (after == After::neither)
            return Fail{malformed("something else follows a boundary than a part or the end")};
        if (after == After::end) return parts;
        if (parts.size() == limits.parts_max) return Fail{malformed("it has too many parts")};
        Part part;
        if (auto read = read_head(rest, limits, part); !read) return Fail{std::move(read).error()};
        const auto end = rest.find(delimiter);
        if (end == rest.npos) return Fail{malformed("it ends within a part")};
        part.content = rest.substr(0, end);
        rest.remove_prefix(end + delimiter.size());
        parts.push_back(std::move(part));
    }
}

}  // namespace common::multipart
