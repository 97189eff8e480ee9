// Where a stream of the audit log was cut off because its beginning was old enough: signed in the HSM, so
// that a lawful prune is told from a deletion. PCI DSS 4.0.1 requirements 10.3.4, 10.5.1.
#pragma once

#include <chrono>

#include "vault/audit/checkpoint.h"

namespace vault::audit {

// Nothing younger may be cut off: twelve months, in a leap year too.
inline constexpr std::chrono::days keep_min{366};

struct Cut {
    std::string stream;
    std::int64_t checkpoint = 0;  // number of the first one that is kept; it is of the last entry removed:
    std::int64_t sequence = 0;
    common::crypto::Digest hash{};
    common::crypto::Digest vouched_by{};  // MAC of that checkpoint
    std::int64_t before = 0;              // entries of this time, milliseconds of the unix epoch, were kept
    std::int64_t made_at = 0;
    unsigned key_version = 0;  // of the audit key
    common::crypto::Digest mac{};
    bool operator==(const Cut&) const = default;

    bool is_lawful() const { return before <= made_at - std::chrono::milliseconds{keep_min}.count(); }
    bool is_at(const Checkpoint& one) const {
        return one.number == checkpoint && one.sequence == sequence && one.hash == hash &&
               one.mac == vouched_by;
    }
};

// What the MAC is made of.
common::SecretBytes signed_part(const Cut& cut);

}  // namespace vault::audit
