#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace vault::iso8583 {

// AES-128-CMAC (NIST SP 800-38B) cut to its left eight bytes, as sixteen upper-case hexadecimal characters.
std::string mac_of(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data);

}  // namespace vault::iso8583
