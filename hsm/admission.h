// Lets a token be used, or says why not: found by its label, logged in, audited, and the one whose keys we
// know.
#pragma once

#include <map>
#include <mutex>

#include "hsm/canaries.h"
#include "hsm/keys/audit.h"
#include "hsm/profile.h"

namespace hsm {

struct Admitted {
    std::size_t token = 0;  // place in the list: 0 = the primary
    CK_SLOT_ID slot = 0;
    std::unique_ptr<Session> owner;  // logged in
    std::map<KeyRef, FoundKey> keys;
};

// Any thread. The library must be initialised, and stay so during a call.
class Admission {
  public:
    // `labels`: the primary token, then its copies in the order of preference.
    Admission(Module& module, Canaries& canaries, Profile profile, std::vector<std::string> labels,
              common::SecretBytes pin, common::Metrics& metrics);

    using Ids = std::map<KeyRef, Bytes>;
    // `known`: CKA_ID of each key that was seen before, on whichever token. Cause::unavailable or
    // Cause::not_found when the token cannot be reached; anything else is a token that must not be used.
    common::Result<Admitted> admit(std::size_t token, const Ids& known);
    // A PIN that this token refused is never sent to it again: CKR_PIN_INCORRECT without a call.
    Call login(Session& session, std::size_t token);
    bool pin_refused(std::size_t token) const;
    bool every_pin_refused() const;

    std::size_t size() const { return labels_.size(); }
    const std::string& label(std::size_t token) const { return labels_[token]; }
    const Profile& profile() const { return profile_; }

  private:
    common::Result<Admitted> examine(std::size_t token, const Ids& known);
    common::Status compare(const Admitted& admitted, const Ids& known);

    Module& module_;
    Canaries& canaries_;
    Profile profile_;
    std::vector<std::string> labels_;
    common::SecretBytes pin_;  // kept for a second login after the token was away
    common::Metrics& metrics_;
    mutable std::mutex login_mutex_;  // held during a login: two threads must not both try a wrong PIN
    std::vector<bool> pin_refused_;
};

// 500 with every finding, each in the log; nothing when there is none.
common::Status refuse_findings(const Audit& audit);

}  // namespace hsm
