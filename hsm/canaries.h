// Data that is known to open, and HMACs that are known: by them a bad device is told from bad data, and a
// copy of a token from another token.
#pragma once

#include <map>
#include <mutex>

#include "hsm/hsm.h"
#include "hsm/session.h"

namespace hsm {

// One canary a key, made when the key is first tested. Any thread.
class Canaries {
  public:
    // One call or two. `agrees`: the key does what it did when its canary was made. A failed call says
    // nothing of the key.
    Call test(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees);
    // Before a token is trusted with the key: also seals, and tells a failing call of a token that is the
    // right one from a token that has another key there.
    Call compare(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees);
    void forget(KeyRef key);

  private:
    Call test_seal(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees);
    Call test_hmac(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees);

    std::mutex mutex_;
    std::map<KeyRef, Bytes> sealed_;
    std::map<KeyRef, common::crypto::Digest> digests_;
};

}  // namespace hsm
