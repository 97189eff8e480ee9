// From the approval of an act to its end.
#include "common/crypto.h"
#include "vault/keys/claim_holder.h"
#include "vault/keys/custodians.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using common::Task;
using Names = std::vector<std::string>;

std::string joined(const Names& names) {
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : "+") + name;
    return text;
}

Error needs_approval(const CustodyDraft& draft, const Act& act, const Names& approved_by) {
    return Error{
        403,
        ErrorType::invalid_request,
        "approval_required",
        "This takes the approval of {} custodians. It is filed as {}, approved so far by {}. "
        "`portcullis-vault custodians show {} --out act.json` writes what they sign, `custodians "
        "approve` takes their signatures; then run this again.",
        {Safe::number(draft.entry.threshold), Safe::id(act.id),
         approved_by.empty() ? Safe::word("nobody") : Safe::param(joined(approved_by)), Safe::id(act.id)}};
}

Error under_way(const Act& act) {
    return Error{409,
                 ErrorType::invalid_request,
                 "act_under_way",
                 "Act {} is being carried out by {}.",
                 {Safe::id(act.id), Safe::param(holder_in_words(act.holder))}}
        .with_cause(Cause::conflict);
}

}  // namespace

Task<std::vector<Custodians::Progress>> Custodians::open_acts(Deadline deadline) {
    std::vector<Progress> all;
    Step step = [&all](CustodyDraft& draft) -> Status {
        all.clear();
        for (const auto& act : draft.acts)
            all.push_back({act, approvers(draft, act), draft.entry.threshold});
        return {};
    };
    auto done = co_await change(std::move(step), deadline);
    if (!done) co_return Fail{std::move(done).error()};
    co_return all;
}

Task<std::string> Custodians::document(std::string id, Deadline deadline) {
    Result<std::string> text;
    Step step = [&text, id = std::move(id)](CustodyDraft& draft) -> Status {
        const auto act = draft.find_act(id);
        if (!act) return Fail{act.error()};
        text = document_of(draft.entry.vault, **act);
        return {};
    };
    auto done = co_await change(std::move(step), deadline);
    if (!done) co_return Fail{std::move(done).error()};
    co_return text;
}

Task<Custodians::Progress> Custodians::approve(std::string id, common::crypto::Bytes signature,
                                               Deadline deadline) {
    Progress progress;
    Step step = [this, &progress, &signature, &id](CustodyDraft& draft) -> Status {
        const auto act = draft.find_act(id);
        if (!act) return Fail{act.error()};
        auto approval = read_approval(draft, **act, signature);
        if (!approval) return Fail{std::move(approval.error())};
        note(draft, "custody.approve", **act, audit::Outcome::begun);
        draft.trail.back().actor = "custodian:" + approval->custodian;
        draft.put(std::move(*approval));
        progress = {**act, approvers(draft, **act), draft.entry.threshold};
        return {};
    };
    auto done = co_await change(std::move(step), deadline);
    if (done) co_return progress;
    if (done.error().code() != "custody_refused" && done.error().code() != "cms_invalid")
        co_return Fail{std::move(done).error()};
    auto recorded = co_await record({{options_.actor, "custody.approve", id, options_.origin,
                                      audit::Outcome::refused, done.error().message()}},
                                    deadline);
    if (!recorded) co_return Fail{std::move(recorded).error()};
    co_return Fail{std::move(done).error()};
}

Task<bool> Custodians::cancel(std::string id, Deadline deadline) {
    Step step = [this, id = std::move(id)](CustodyDraft& draft) -> Status {
        const auto found = draft.find_act(id);
        if (!found) return Fail{found.error()};
        auto act = **found;
        if (act.state == ActState::claimed && !is_abandoned(act)) return Fail{under_way(act)};
        act.state = ActState::cancelled;
        act.ended_at = draft.now_ms;
        note(draft, "custody.cancel", act, audit::Outcome::begun);
        draft.put(act);
        return {};
    };
    co_return co_await change(std::move(step), deadline);
}

Task<Custodians::View> Custodians::apply(std::string id, Deadline deadline) {
    Step step = [this, id = std::move(id)](CustodyDraft& draft) -> Status {
        const auto found = draft.find_act(id);
        if (!found) return Fail{found.error()};
        auto act = **found;
        if (!is_set_change(act.kind))
            return Fail{Error::invalid("custody_refused", "",
                                       "Act {} is no change of custodians: the command that proposed it "
                                       "carries it out.",
                                       {Safe::id(act.id)})};
        const auto approved_by = approvers(draft, act);
        if (!is_approved(draft, approved_by)) return Fail{needs_approval(draft, act, approved_by)};
        if (auto changed = change_set(draft, act); !changed) return changed;
        act.state = ActState::finished;
        act.ended_at = draft.now_ms;
        note(draft, "custody.change", act, audit::Outcome::begun);
        draft.trail.back().actor = "custodian:" + joined(approved_by);
        draft.put(act);
        return {};
    };
    auto done = co_await change(std::move(step), deadline);
    if (!done) co_return Fail{std::move(done).error()};
    co_return co_await view(deadline);
}

bool Custodians::is_abandoned(const Act& act) const {
    const bool long_ago = now_ms() - act.claimed_at > std::chrono::milliseconds{options_.unseen_max}.count();
    switch (state_of_holder(act.holder)) {
        case HolderState::gone:
            return true;
        case HolderState::alive:
            return long_ago && act.holder == holder_;  // a run of ours that failed
        case HolderState::unknown:
            return long_ago;
    }
    return false;
}

void Custodians::take(CustodyDraft& draft, Act act, const Names& approved_by) const {
    act.state = ActState::claimed;
    act.holder = holder_;
    act.claimed_at = draft.now_ms;
    note(draft, "custody.claim", act, audit::Outcome::begun);
    draft.trail.back().actor = "custodian:" + joined(approved_by);
    draft.put(act);
}

// An interrupted run comes first, then an approved proposal; only when there is neither is it refused.
Status Custodians::decide(CustodyDraft& draft, const Act& wanted, std::optional<ApprovedAct>& claimed,
                          std::optional<Error>& refused) const {
    claimed.reset();
    refused.reset();
    const Act* proposed = nullptr;
    for (const bool interrupted : {true, false})
        for (const auto& act : draft.acts) {
            if (act.kind != wanted.kind || act.parameters != wanted.parameters) continue;
            if ((act.state == ActState::claimed) != interrupted) continue;
            const auto approved_by = approvers(draft, act);
            if (interrupted && !is_abandoned(act)) {
                refused = under_way(act);
            } else if (is_approved(draft, approved_by)) {
                claimed = ApprovedAct{act.id, approved_by};
                take(draft, act, approved_by);
                return {};
            } else if (!interrupted) {
                proposed = &act;
            }
        }
    if (refused) {
        note(draft, "custody.claim", wanted, audit::Outcome::refused);
        return {};
    }
    Act filed = proposed != nullptr ? *proposed : wanted;
    if (proposed == nullptr)
        if (auto done = file(draft, filed); !done) return done;
    refused = needs_approval(draft, filed, approvers(draft, filed));
    return {};
}

Task<ApprovedAct> Custodians::claim(CustodialAct wanted, Deadline deadline) {
    auto act = new_act(wanted);
    if (!act) co_return Fail{std::move(act).error()};
    if (is_set_change(act->kind))
        co_return Fail{Error::invalid("parameter_invalid", "kind",
                                      "Changes of custodians are carried out by `custodians apply` alone.")};
    std::optional<ApprovedAct> claimed;
    std::optional<Error> refused;
    Step step = [&](CustodyDraft& draft) { return decide(draft, *act, claimed, refused); };
    auto done = co_await change(std::move(step), deadline);
    if (!done) co_return Fail{std::move(done).error()};
    if (!claimed) co_return Fail{std::move(*refused)};
    co_return std::move(*claimed);
}

Task<bool> Custodians::finish(std::string id, Deadline deadline) {
    Step step = [this, id = std::move(id)](CustodyDraft& draft) -> Status {
        const auto found = draft.find_act(id);
        if (!found) return Fail{found.error()};
        auto act = **found;
        if (act.state != ActState::claimed || act.holder != holder_)
            return Fail{Error{409,
                              ErrorType::invalid_request,
                              "act_not_held",
                              "Act {} is not carried out by this run.",
                              {Safe::id(act.id)}}};
        act.state = ActState::finished;
        act.ended_at = draft.now_ms;
        note(draft, "custody.finish", act, audit::Outcome::done);
        draft.put(act);
        return {};
    };
    co_return co_await change(std::move(step), deadline);
}

}  // namespace vault::keys
