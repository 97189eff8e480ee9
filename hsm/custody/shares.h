// A secret split m-of-n: any m shares give it back, fewer say nothing about it. Shamir's scheme over GF(2^8),
// byte by byte, as in ISO/IEC 19592-2; the arithmetic is libgfshare's.
#pragma once

#include <vector>

#include "common/result.h"
#include "common/secret.h"

namespace hsm::custody {

inline constexpr unsigned shares_max = 16, share_bytes_max = 256;

struct Share {
    std::uint8_t index = 0;  // from 1: the polynomial's value at 0 is the secret
    common::SecretBytes bytes;
};

// 400 unless 2 ≤ threshold ≤ count ≤ 16 and the secret has 16 to 256 bytes.
common::Result<std::vector<Share>> split_secret(const common::SecretBytes& secret, unsigned threshold,
                                                unsigned count);
// From exactly `threshold` shares of one set; with any others the result is some other bytes, which only a
// commitment tells. 400 when an index is 0 or given twice, or sizes differ.
common::Result<common::SecretBytes> combine_shares(const std::vector<const Share*>& shares);

}  // namespace hsm::custody
