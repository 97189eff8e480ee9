// What a PKCS#11 module does otherwise than the table of keys and the standard expect: a small TOML file of
// the HSM's maker, or of hsm/profiles/. Without one nothing is waived.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace hsm {

struct Profile {
    std::string name = "standard";
    std::string library_parameters;  // for C_Initialize; "" = none
    bool initializes_tokens =
        true;  // false: the token is there from the start, its security officer without PIN
    // By name ("CKA_COPYABLE"). An unknown one is neither written nor read; the audit lets it pass only when
    // the module itself answers CKR_ATTRIBUTE_TYPE_INVALID.
    std::vector<std::string> unknown;
    std::vector<std::string> unreliable;  // read but not compared

    bool is_unknown(std::string_view name) const;
    bool is_unreliable(std::string_view name) const;

    // "" = the standard's. {directory} and {token_label} in the library's parameters are filled in. 500
    // naming the file and what is wrong in it: a name that is not in the table of keys, or an unreliable one
    // among those that keep a key in the HSM.
    static common::Result<Profile> load(const std::string& file, std::string_view directory,
                                        std::string_view token_label);
};

}  // namespace hsm
