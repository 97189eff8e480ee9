// Base62 as ids use it: 0–9, A–Z, a–z, most significant character first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace common::base62 {

inline constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr int value_of(char c) {  // -1: not base62
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    if (c >= 'a' && c <= 'z') return c - 'a' + 36;
    return -1;
}

// The low `characters` digits of `value`, zero-padded.
inline std::string encode(std::uint64_t value, std::size_t characters) {
    std::string text(characters, '0');
    for (std::size_t i = characters; i-- > 0; value /= 62)
        text[i] = alphabet[value % 62];
    return text;
}

// At most ten characters, so that the value fits.
inline std::optional<std::uint64_t> decode(std::string_view text) {
    if (text.empty() || text.size() > 10) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        const int digit = value_of(c);
        if (digit < 0) return std::nullopt;
        value = value * 62 + static_cast<std::uint64_t>(digit);
    }
    return value;
}

}  // namespace common::base62
