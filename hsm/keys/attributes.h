// The table of keys: what each may do, written out as PKCS#11 attributes. Keys are made from it and audited
// by it.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hsm/cryptoki.h"
#include "hsm/hsm.h"

namespace hsm {

struct KeyKind {
    Purpose purpose;
    std::string_view name;  // label without its version: "KEK-card"
    CK_KEY_TYPE type;
    CK_MECHANISM_TYPE generator;
    CK_MECHANISM_TYPE mechanism;  // the only one in CKA_ALLOWED_MECHANISMS
    bool seals;                   // ENCRYPT and DECRYPT; otherwise SIGN
};

inline constexpr CK_ULONG key_bytes = 32;
inline constexpr std::size_t id_bytes = 16;

std::span<const KeyKind> all_kinds();
const KeyKind& kind_of(Purpose purpose);

struct Flag {
    CK_ATTRIBUTE_TYPE type;
    std::string_view name;  // "CKA_EXTRACTABLE"
    bool value;
    bool settable;  // false: the module sets it (CKA_LOCAL), so it is audited but not in the template
};
// Every boolean attribute of a key of this kind.
std::vector<Flag> flags_of(const KeyKind& kind);

}  // namespace hsm
