// The one entry that the HSM's registry key covers: who the custodians are, how many must approve, and which
// acts are open, each by the digest of its row. A row that was inserted, edited, brought back or taken away
// does not fit it. PCI DSS 4.0.1 requirement 3.7.7.
#pragma once

#include <map>
#include <string>

#include "common/result.h"
#include "common/secret.h"
#include "vault/keys/custody.h"

namespace vault::keys {

inline constexpr std::int64_t threshold_min = 2;
inline constexpr std::size_t custodians_max = 16, open_acts_max = 64;

struct Register {
    std::string vault;           // "vlt_…", drawn when the first custodians were enrolled
    std::int64_t set = 0;        // counts the changes of custodians and threshold
    std::int64_t threshold = 0;  // how many must approve
    std::int64_t sequence = 0;   // counts all changes
    std::map<std::string, std::string> custodians, acts;  // digest in hex by name, by id

    // 500 Cause::integrity.
    static common::Result<Register> parse(const std::string& content);
    std::string content() const;  // canonical JSON
    // Takes the row's digest, or forgets it when it is not active or open any more.
    void note(const Custodian& custodian);
    void note(const Act& act);
};

// What the MAC of the entry covers.
common::SecretBytes mac_input(const RegisterRow& entry);
// Whether the rows are exactly those of the register; 500 Cause::integrity naming the first that is not.
common::Status check_rows(const Register& entry, const CustodyRows& rows);

}  // namespace vault::keys
