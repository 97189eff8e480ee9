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
    // As in Options. A key is made on the token alone; its copies get it when the HSM is cloned again.
    std::vector<std::string> fallback_tokens = {};
    std::string profile_file = {};
    std::string directory = {};
};
// The token that the vault uses with these options.
TokenSetup setup_of(const Options& options);

enum class Made : std::uint8_t { kept, made };

// Initialises the first free slot, or, with a profile whose tokens are there from the start, sets the user's
// PIN. A token with the label stays when the PIN opens it (one try).
common::Result<Made> init_token(const TokenSetup& setup, common::Metrics& metrics);

// The same with a security officer's PIN that is in no file.
common::Result<Made> init_token(const TokenSetup& setup, const common::SecretBytes& so_pin,
                                common::Metrics& metrics);
common::SecretBytes random_pin();  // 32 characters, 192 bits
// A new user PIN, that of `setup.pin_file`, in place of one that is lost or locked. Keys and objects stay.
// One try: a wrong security officer's PIN may lock the token.
common::Status recover_pin(const TokenSetup& setup, const common::SecretBytes& so_pin,
                           common::Metrics& metrics);

struct KeyReport {
    KeyRef key;
    std::string id;  // hex
    Made made = Made::kept;
};
// Makes version 1 of every key of the table of which the token has no version, and `wanted` besides.
// Single-threaded: SoftHSM 2.6 is not safe when objects are made and searched at once. 500 when what is there
// differs from the table.
common::Result<std::vector<KeyReport>> make_keys(const TokenSetup& setup, const std::vector<KeyRef>& wanted,
                                                 common::Metrics& metrics);
// Makes this key and no other, for a rotation; `kept` when the token has it already. Otherwise as make_keys.
common::Result<KeyReport> make_key(const TokenSetup& setup, KeyRef key, common::Metrics& metrics);

// Destroys the one key of this label for ever, first on every fall-back token, and makes sure that it is gone
// (PCI DSS 4.0.1 requirement 3.7.5); nothing is destroyed unless all the tokens can be reached. Who may ask
// for it is the caller's to know: the vault does it under dual control. Gives the key's CKA_ID in hex.
// Cause::not_found when there is no such key; 500 when more than one object has the label, for then it is
// open which is meant. A key that the audit finds unsound can be destroyed too. A vault that runs must forget
// the key: Hsm::forget.
common::Result<std::string> destroy_key(const TokenSetup& setup, KeyRef key, common::Metrics& metrics);

// Every finding of the audit as a line; the keys that are sound.
common::Result<Audit> audit_keys(const TokenSetup& setup, common::Metrics& metrics);

}  // namespace hsm
