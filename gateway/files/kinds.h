// What a file is, by its bytes: its name and the type that was claimed for it are not asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace gateway::files {

enum class Kind : std::uint8_t { pdf, jpg, png, csv };
std::string_view name_of(Kind kind);        // "jpg", as the API calls it
std::string_view media_type_of(Kind kind);  // "image/jpeg"
std::optional<Kind> kind_of_name(std::string_view name);

// Nothing for all other kinds, and for what is empty. CSV is UTF-8 without control characters, all of whose
// records have the same number of fields, two at least (RFC 4180); a text that is no table is none.
std::optional<Kind> kind_of(std::string_view content);

// What a file may be used for; decides what it may be. Those that the gateway makes itself cannot be
// uploaded.
struct Purpose {
    std::string_view name;
    std::size_t size_max;
    bool documents;  // PDF is taken besides JPEG and PNG
};
const Purpose* find_purpose(std::string_view name);       // nullptr: none that can be uploaded
inline constexpr std::size_t size_max = 5 * 1024 * 1024;  // of all purposes

// 400 without a code on `file`: empty, too large, or of a kind that the purpose does not take.
common::Result<Kind> judge(std::string_view content, const Purpose& purpose);

}  // namespace gateway::files
