// A checkpoint vouches for a stream up to one entry, with an HMAC that only the HSM can make. Checkpoints are
// chained as entries are, so that none can be taken out. PCI DSS 4.0.1 requirement 10.3.4.
#pragma once

#include <cstdint>
#include <string>

#include "common/crypto.h"
#include "common/result.h"
#include "common/secret.h"
#include "hsm/hsm.h"

namespace vault::audit {

struct Checkpoint {
    std::string stream;
    std::int64_t number = 0;            // gapless from 1
    std::int64_t sequence = 0;          // of the entry
    common::crypto::Digest hash{};      // of the entry
    std::int64_t made_at = 0;           // milliseconds of the unix epoch
    unsigned key_version = 0;           // of the audit key
    common::crypto::Digest previous{};  // MAC of the checkpoint before; zeros for the first
    common::crypto::Digest mac{};       // HMAC-SHA-256 of all of the above under the audit key
    bool operator==(const Checkpoint&) const = default;
};

// What the MAC is made of.
common::SecretBytes signed_part(const Checkpoint& checkpoint);

// One line of JSON, with its line end; numbers as numbers, digests in hex.
std::string to_line(const Checkpoint& checkpoint);
// Strict: members that are missing, unknown or of another form are an error. Without the line end.
common::Result<Checkpoint> checkpoint_of_line(std::string_view line);

// Whether this version of the audit key made the MAC. 503: the HSM does not have it, or cannot be used.
common::Task<bool> is_signed(hsm::Hsm& hsm, unsigned key_version, common::SecretBytes signed_part,
                             common::crypto::Digest mac, common::Deadline deadline);

// The key that makes new checkpoints: the newest on the token.
hsm::KeyRef newest_audit_key(const hsm::Hsm& hsm);

}  // namespace vault::audit
