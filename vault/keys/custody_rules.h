// What may happen to custodians and acts: pure rules over rows that were verified, without database or HSM.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "vault/audit/trail.h"
#include "vault/keys/custody_register.h"
#include "vault/keys/dual_control.h"

namespace vault::keys {

// The rows as they are, and the change that is being made to them.
struct CustodyDraft {
    Register entry;
    std::vector<Custodian> custodians;  // active
    std::vector<Act> acts;              // open
    std::vector<Approval> approvals;    // of those
    CustodyChange change;
    std::vector<audit::Entry> trail;  // to be recorded before the change is made
    std::int64_t now_ms = 0;

    Custodian* find_custodian(std::string_view name);
    // 404 when it is not open.
    common::Result<Act*> find_act(std::string_view id);
    void put(const Custodian& custodian);
    void put(const Act& act);
    void put(Approval approval);
    bool is_changed() const;
    // Acts whose time has passed: proposals by `expires_at`, claimed ones `resume_max_ms` after it.
    void expire(std::int64_t resume_max_ms);
};

// An act is signed in whole seconds.
common::Result<std::string> document_of(const std::string& vault, const Act& act);
// Custodians whose signature of exactly this act holds now: active, with a certificate that is valid, and the
// digest of the act its own.
std::vector<std::string> approvers(const CustodyDraft& draft, const Act& act);
bool is_approved(const CustodyDraft& draft, const std::vector<std::string>& approved_by);

// Who signed the act's document; 400 when no custodian did, when he did already, or when it is another
// document.
common::Result<Approval> read_approval(const CustodyDraft& draft, const Act& act,
                                       std::vector<std::uint8_t> signature);

// From a signed acknowledgement, CMS. 400.
common::Result<Custodian> custodian_of(std::span<const std::uint8_t> acknowledgement, std::int64_t now_ms);
// 400 unless 2 ≤ threshold ≤ custodians ≤ 16 with distinct names and distinct keys.
common::Status check_set(const std::vector<Custodian>& custodians, std::int64_t threshold);

// Acts on the custodians themselves.
//   custodians.enrol, custodians.replace  name, fingerprint, acknowledgement (base64 of the CMS)
//   custodians.remove                     name
//   custodians.threshold                  threshold
bool is_set_change(std::string_view kind);
// The act that enrols him, or replaces his certificate when his name is there.
common::Result<CustodialAct> enrolment(const std::vector<Custodian>& custodians,
                                       std::span<const std::uint8_t> acknowledgement);
// Makes the change in the draft; 400 when it cannot be made (any more).
common::Status change_set(CustodyDraft& draft, const Act& act);

}  // namespace vault::keys
