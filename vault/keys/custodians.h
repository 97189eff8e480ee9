// Custodians, and the acts that m of them must approve with their own keys. Whatever the database says is
// believed only when it fits the register that the HSM has signed, and an approval only when its signature
// fits. PCI DSS 4.0.1 requirements 3.6.1.3, 3.7.6, 3.7.7, 3.7.8; NIST SP 800-57 part 2, split knowledge.
#pragma once

#include <functional>
#include <span>

#include "common/clock.h"
#include "hsm/hsm.h"
#include "vault/audit/trail.h"
#include "vault/keys/custody_anchor.h"
#include "vault/keys/custody_rules.h"
#include "vault/keys/dual_control.h"
#include "vault/store/custodian_rows.h"

namespace vault::keys {

class Custodians final : public DualControl {
  public:
    struct Options {
        // As they stand in the audit trail: who proposes and cancels, and from where.
        std::string actor = "vault", origin = "vault";
        std::string anchor_file = {};                       // see custody_anchor.h
        std::chrono::seconds life{std::chrono::hours{24}};  // of a proposal
        // A claimed act may be taken up again this long after its proposal expired.
        std::chrono::seconds resume_max{std::chrono::days{7}};
        std::string holder = {};  // of claims; "" = this run, see claim_holder.h
        // A run that cannot be seen from here counts as ended after this time.
        std::chrono::seconds unseen_max{std::chrono::hours{1}};
    };
    // `trail` may be null: nothing is recorded then.
    Custodians(hsm::Hsm& hsm, store::CustodianRows& rows, const common::Clock& clock, audit::Trail* trail,
               Options options);

    // The first custodians, by their acknowledgements (CMS): distinct names and keys, 2 ≤ threshold ≤ number.
    // 400 for anything else, 409 when there are custodians already, or have been.
    common::Task<bool> init(std::int64_t threshold, std::vector<common::crypto::Bytes> acknowledgements,
                            common::Deadline deadline);

    struct View {
        Register entry;
        CustodyRows rows;
    };
    // 403 when there are no custodians; 500 Cause::integrity when a row is not what was signed.
    common::Task<View> view(common::Deadline deadline);

    struct Progress {
        Act act;
        std::vector<std::string> approved_by;  // custodians whose signature holds now
        std::int64_t needed = 0;
        bool is_approved() const { return static_cast<std::int64_t>(approved_by.size()) >= needed; }
    };
    common::Task<std::vector<Progress>> open_acts(common::Deadline deadline);
    // What custodians sign, of an open act. 404 otherwise.
    common::Task<std::string> document(std::string id, common::Deadline deadline);

    // Files an act for approval. 400 when its parameters cannot be signed.
    common::Task<Act> propose(CustodialAct act, common::Deadline deadline);
    // Files the enrolment of who signed this acknowledgement, or his new certificate when his name is there.
    common::Task<Act> propose_enrolment(common::crypto::Bytes acknowledgement, common::Deadline deadline);
    // `signature`: CMS SignedData of the act's document, with or without it inside.
    common::Task<Progress> approve(std::string id, common::crypto::Bytes signature,
                                   common::Deadline deadline);
    // A claimed act can be cancelled too, when its run has ended; what that run did stays done.
    common::Task<bool> cancel(std::string id, common::Deadline deadline);
    // Carries out an approved "custodians.…" act.
    common::Task<View> apply(std::string id, common::Deadline deadline);

    // Whether the register was signed by this version of the registry key; and a new signature by the newest.
    common::Task<bool> needs(hsm::KeyRef registry_key, common::Deadline deadline);
    common::Task<bool> sign_anew(common::Deadline deadline);

    common::Task<ApprovedAct> claim(CustodialAct act, common::Deadline deadline) override;
    common::Task<bool> finish(std::string id, common::Deadline deadline) override;

  private:
    // An error of the step ends the change with that error, and nothing is written.
    using Step = std::function<common::Status(CustodyDraft&)>;
    // Reads and verifies, lets `step` change the draft, has it signed and writes it; again when another
    // process was faster, so `step` must have no effect but on the draft and on what it returns through
    // references.
    common::Task<bool> change(Step step, common::Deadline deadline);
    common::Task<hsm::KeyRef> signing_key(const RegisterRow& entry, common::Deadline deadline);
    common::Task<bool> record(std::vector<audit::Entry> entries, common::Deadline deadline);
    common::Task<bool> write(CustodyDraft& draft, common::Deadline deadline);
    common::Result<Act> new_act(const CustodialAct& wanted) const;
    common::Status file(CustodyDraft& draft, Act& act) const;
    common::Status decide(CustodyDraft& draft, const Act& wanted, std::optional<ApprovedAct>& claimed,
                          std::optional<common::Error>& refused) const;
    void take(CustodyDraft& draft, Act act, const std::vector<std::string>& approved_by) const;
    bool is_abandoned(const Act& act) const;
    void note(CustodyDraft& draft, common::Text action, const Act& act, audit::Outcome outcome) const;
    std::int64_t now_ms() const;

    hsm::Hsm& hsm_;
    store::CustodianRows& rows_;
    const common::Clock& clock_;
    audit::Trail* trail_;
    Options options_;
    CustodyAnchor anchor_;
    std::string holder_;
};

}  // namespace vault::keys
