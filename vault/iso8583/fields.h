// The field table: ISO 8583:1987 formats of fields 2–128, without 65, 93 and 96, on which implementations
// disagree.
#pragma once

#include <cstdint>

namespace vault::iso8583 {

enum class Kind : std::uint8_t {
    none,  // not in the dictionary
    n,     // digits
    z,     // track 2: digits, '=' and 'D'
    an,    // letters, digits, space
    ans,   // printable ASCII
    b,     // binary, written here as hexadecimal
    x_n,   // 'C' or 'D', then digits
};

enum class Prefix : std::uint8_t { fixed = 0, ll = 2, lll = 3 };  // digits of the length in front

struct FieldFormat {
    Kind kind = Kind::none;
    Prefix prefix = Prefix::fixed;
    std::uint16_t size = 0;  // characters (maximum when there is a prefix); of `b` the hexadecimal ones
};

const FieldFormat& format_of(int field);  // 2–128; Kind::none for anything else

}  // namespace vault::iso8583
