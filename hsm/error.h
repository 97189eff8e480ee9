// What a return value of PKCS#11 is called and what is to be done about it.
#pragma once

#include <string_view>

#include "common/result.h"
#include "hsm/cryptoki.h"

namespace hsm {

enum class Trouble : std::uint8_t {
    none,
    session,  // the session is of no use: take another
    handle,   // the object's handle is of no use: find the object again
    login,    // logged out: log in again, once
    pin,      // the PIN is refused: stop, for further tries lock the token
    device,   // token or module is gone: begin again from C_Initialize
    general,  // CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED: bad data or a bad device, which only a canary can
              // tell
    data,     // the input is not what was sealed
    other,    // our mistake, or the module cannot do it
};

Trouble trouble_of(CK_RV value);
std::string_view name_of(CK_RV value);  // "CKR_DEVICE_ERROR"; "CKR_OTHER" when unknown

// The outcome of the last call of a piece of work.
struct Call {
    CK_RV value = CKR_OK;
    const char* function = "";
    bool ok() const { return value == CKR_OK; }
};

// 503 for the log: "CKR_DEVICE_ERROR in C_Encrypt".
common::Error error_of(const Call& call, common::Cause cause = common::Cause::unavailable);

}  // namespace hsm
