// Every object on the token against the table of keys. PCI DSS 4.0.1 requirement 3.7.7: no key can be put in
// the place of another unnoticed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hsm/keys/attributes.h"
#include "hsm/profile.h"
#include "hsm/session.h"

namespace hsm {

struct FoundKey {
    Bytes id;  // CKA_ID, by which it is found again
    CK_OBJECT_HANDLE handle = 0;
};

struct Audit {
    std::map<KeyRef, FoundKey> keys;    // those without a finding
    std::vector<std::string> findings;  // "KEK-card-v1: CKA_WRAP is true, must be false; destroy the key, …"
};

// The call that failed, or what was found.
Call audit_token(Session& session, const Profile& profile, Audit& result);
// One object by itself; its findings are added.
Call audit_object(Session& session, CK_OBJECT_HANDLE object, const Profile& profile, Audit& result);

}  // namespace hsm
