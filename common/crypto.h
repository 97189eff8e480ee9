// The cryptographic primitives used outside the HSM, over OpenSSL 3. Algorithms are fetched once; contexts
// are kept a thread. Failures of OpenSSL itself (out of memory, broken provider) abort: nothing sensible can
// follow them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/secret.h"

namespace common::crypto {

using Bytes = std::vector<std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;

void random_bytes(std::span<std::uint8_t> out);     // CSPRNG, drawn in blocks
std::string random_base62(std::size_t characters);  // uniform: rejection sampling
SecretText random_secret(std::size_t characters);   // the same, for what must not stay in memory

Digest sha256(std::span<const std::uint8_t> data);
Digest sha256(std::string_view data);
Digest hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data);
Digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view data);

inline constexpr std::size_t gcm_key_size = 32, gcm_iv_size = 12, gcm_tag_size = 16;

// AES-256-GCM (NIST SP 800-38D). The IV is drawn inside; the result is iv(12) ‖ ciphertext ‖ tag(16).
Bytes gcm_seal(std::span<const std::uint8_t> key, std::span<const std::uint8_t> plain,
               std::span<const std::uint8_t> aad);
// Nothing for any failure whatever: wrong key, tampered data, other associated data, short input.
std::optional<SecretBytes> gcm_open(std::span<const std::uint8_t> key, std::span<const std::uint8_t> sealed,
                                    std::span<const std::uint8_t> aad);
// The same for what is too large for the secure heap.
std::optional<SecretText> gcm_open_text(std::span<const std::uint8_t> key,
                                        std::span<const std::uint8_t> sealed,
                                        std::span<const std::uint8_t> aad);

std::string to_hex(std::span<const std::uint8_t> data);  // lower case
std::optional<Bytes> from_hex(std::string_view hex);     // either case
std::string to_base64(std::span<const std::uint8_t> data);
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace common::crypto
