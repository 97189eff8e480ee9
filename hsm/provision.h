// Setting a token up: initialisation, PIN and keys. Done by an operator's program, never by the vault.
#pragma once

#include <string>
#include <vector>

#include "hsm/hsm.h"
#include "hsm/keys/audit.h"

namespace hsm {

struct TokenSetup {
    std::string module;
    std::string token_label;  // at most 32 characters
    std::string pin_file;     // 0600, 8 to 64 characters
    std::string so_pin_file =
        {};  // 0600; "" = a random one that nobody keeps: a lost PIN then means a new token
};

enum class Made : std::uint8_t { kept, made };

// Initialises the first free slot. A token with the label stays when the PIN opens it (one try).
common::Result<Made> init_token(const TokenSetup& setup, common::Metrics& metrics);

struct KeyReport {
    KeyRef key;
    std::string id;  // hex
    Made made = Made::kept;
};
// Makes version 1 of every key of the table of which the token has no version, and `wanted` besides.
// Single-threaded: SoftHSM 2.6 is not safe when objects are made and searched at once. 500 when what is there
// differs from the table.
common::Result<std::vector<KeyReport>> make_keys(const TokenSetup& setup, const std::vector<KeyRef>& wanted,
                                                 const std::vector<std::string>& waived,
                                                 common::Metrics& metrics);

// Every finding of the audit as a line; the keys that are sound.
common::Result<Audit> audit_keys(const TokenSetup& setup, const std::vector<std::string>& waived,
                                 common::Metrics& metrics);

}  // namespace hsm
