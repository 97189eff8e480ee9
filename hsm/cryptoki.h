// The PKCS#11 v2.40 header, without its macros TRUE and FALSE. Included by files of this folder only.
#pragma once

#define CK_DISABLE_TRUE_FALSE
#include <p11-kit/pkcs11.h>

namespace hsm {

inline constexpr CK_RV aead_decrypt_failed =
    0x42;  // CKR_AEAD_DECRYPT_FAILED of v3.0; modules for 2.40 give it too

}  // namespace hsm
