// Well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstdint>
#include <string_view>

namespace common {

// Length of the sequence that starts `text`, 1–4; 0 when it is malformed or cut off.
constexpr std::size_t utf8_sequence_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0U) == 0x80U; };
    if (text.empty()) return 0;
    const auto first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4 || !continues(1)) return 0;
    if (first < 0xe0) return 2;
    const auto second = byte(1);
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    if (first < 0xf0) return continues(2) ? 3 : 0;
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second > 0x8f) return 0;
    return continues(2) && continues(3) ? 4 : 0;
}

constexpr bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto size = utf8_sequence_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

// Characters (code points) of well-formed text: every byte that is not a continuation.
constexpr std::size_t utf8_length(std::string_view text) {
    std::size_t length = 0;
    for (const char c : text)
        length += (static_cast<std::uint8_t>(c) & 0xc0U) != 0x80U ? 1U : 0U;
    return length;
}

}  // namespace common
