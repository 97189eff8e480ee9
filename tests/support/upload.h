// Bodies of uploads.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

inline constexpr auto* multipart_type = "multipart/form-data; boundary=limit";
inline constexpr std::string_view pdf = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n";

// The fields, then the file; no file without a name.
inline std::string multipart(const std::vector<std::pair<std::string_view, std::string_view>>& fields,
                             std::string_view filename = {}, std::string_view content = {}) {
    std::string body;
    const auto part = [&body](std::string_view name, std::string_view more, std::string_view text) {
        body.append("--limit\r\nContent-Disposition: form-data; name=\"")
            .append(name)
            .append("\"")
            .append(more)
            .append("\r\n\r\n")
            .append(text)
            .append("\r\n");
    };
    for (const auto& [name, value] : fields)
        part(name, "", value);
    if (!filename.empty()) part("file", std::string{"; filename=\""}.append(filename).append("\""), content);
    return body + "--limit--\r\n";
}

}  // namespace tests
