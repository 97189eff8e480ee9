#include "vault/keys/custodians.h"

#include "common/crypto.h"
#include "hsm/custody/documents.h"
#include "vault/keys/claim_holder.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Deadline;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Status;
using common::Task;
namespace crypto = common::crypto;

constexpr int tries_max = 8;
constexpr std::size_t id_characters = 24, kind_bytes_max = 64, detail_bytes_max = 900;

Fail tampered(common::Text what) {
    return Fail{Error::internal(what).with_cause(Cause::integrity)};
}

Error no_custodians() {
    return Error{403, ErrorType::invalid_request, "custodians_missing",
                 "There are no custodians yet who could approve this: enrol them with `portcullis-vault "
                 "custodians init`."};
}

// For the audit trail: all of it, or its digest when it is long.
std::string detail_of(const Act& act) {
    auto text = act.kind + ' ' + act.parameters;
    if (text.size() <= detail_bytes_max) return text;
    return act.kind + " with parameters of SHA-256 " + crypto::to_hex(crypto::sha256(act.parameters));
}

// Those on the token, the oldest first: new signatures are made by the newest.
std::vector<hsm::KeyRef> registry_keys(const hsm::Hsm& hsm) {
    std::vector<hsm::KeyRef> all;
    for (const auto& [key, id] : hsm.keys())
        if (key.purpose == hsm::Purpose::registry) all.push_back(key);
    if (all.empty()) all.push_back({hsm::Purpose::registry, 1});
    return all;
}

}  // namespace

Custodians::Custodians(hsm::Hsm& hsm, store::CustodianRows& rows, const common::Clock& clock,
                       audit::Trail* trail, Options options)
    : hsm_{hsm},
      rows_{rows},
      clock_{clock},
      trail_{trail},
      options_{std::move(options)},
      anchor_{options_.anchor_file},
      holder_{options_.holder.empty() ? new_claim_holder() : options_.holder} {}

std::int64_t Custodians::now_ms() const {
    return clock_.now().time_since_epoch().count();
}

void Custodians::note(CustodyDraft& draft, common::Text action, const Act& act,
                      audit::Outcome outcome) const {
    draft.trail.push_back(
        {options_.actor, std::string{action.view()}, act.id, options_.origin, outcome, detail_of(act)});
}

Task<Custodians::View> Custodians::view(Deadline deadline) {
    auto rows = co_await rows_.load(deadline);
    if (!rows) co_return Fail{std::move(rows).error()};
    if (auto checked = anchor_.check(rows->entry); !checked) co_return Fail{std::move(checked).error()};
    if (!rows->entry) {
        if (!rows->custodians.empty() || !rows->acts.empty())
            co_return tampered("the custodians' register was taken out of the database");
        co_return Fail{no_custodians()};
    }
    const auto key = co_await signing_key(*rows->entry, deadline);
    if (!key) co_return Fail{key.error()};
    auto entry = Register::parse(rows->entry->content);
    if (!entry) co_return Fail{std::move(entry).error()};
    if (auto checked = check_rows(*entry, *rows); !checked) co_return Fail{std::move(checked).error()};
    // What another host has written since counts here too from now on.
    if (auto advanced = anchor_.advance(*rows->entry); !advanced) co_return Fail{std::move(advanced).error()};
    co_return View{std::move(*entry), std::move(*rows)};
}

// The registry key that signed it; 500 Cause::integrity when none on the token did.
Task<hsm::KeyRef> Custodians::signing_key(const RegisterRow& entry, Deadline deadline) {
    for (const auto key : registry_keys(hsm_)) {
        const auto mac = co_await hsm_.mac(key, mac_input(entry), deadline);
        if (!mac) co_return Fail{mac.error()};
        if (common::equal_in_constant_time(*mac, entry.mac)) co_return key;
    }
    co_return tampered("the custodians' register differs from what the HSM signed");
}

Task<bool> Custodians::needs(hsm::KeyRef registry_key, Deadline deadline) {
    const auto rows = co_await rows_.load(deadline);
    if (!rows) co_return Fail{rows.error()};
    if (!rows->entry) co_return false;
    const auto key = co_await signing_key(*rows->entry, deadline);
    if (!key) co_return Fail{key.error()};
    co_return *key == registry_key;
}

Task<bool> Custodians::sign_anew(Deadline deadline) {
    const auto rows = co_await rows_.load(deadline);
    if (!rows) co_return Fail{rows.error()};
    if (!rows->entry) co_return true;
    co_return co_await change([](CustodyDraft&) { return common::Status{}; }, deadline);
}

Task<bool> Custodians::record(std::vector<audit::Entry> entries, Deadline deadline) {
    if (trail_ == nullptr) co_return true;
    for (auto& entry : entries) {
        auto recorded = co_await trail_->record(std::move(entry), deadline);
        if (!recorded) co_return recorded;
    }
    co_return true;
}

Task<bool> Custodians::write(CustodyDraft& draft, Deadline deadline) {
    auto& next = draft.change.next;
    next.sequence = draft.entry.sequence = draft.change.previous + 1;
    next.content = draft.entry.content();
    auto mac = co_await hsm_.mac(registry_keys(hsm_).back(), mac_input(next), deadline);
    if (!mac) co_return Fail{std::move(mac).error()};
    next.mac.assign(mac->begin(), mac->end());
    auto written = co_await rows_.apply(draft.change, deadline);
    if (!written && written.error().cause() == Cause::outcome_unknown) {
        // Ours is there, or it is not: nobody else writes the same.
        auto present = co_await rows_.load(deadline);
        if (!present) co_return Fail{std::move(present).error()};
        if (!present->entry || present->entry->mac != next.mac)
            co_return Fail{Error::unavailable("the custodians' register was not written", Cause::conflict)};
    } else if (!written) {
        co_return written;
    }
    if (auto advanced = anchor_.advance(next); !advanced) co_return Fail{std::move(advanced).error()};
    co_return true;
}

Task<bool> Custodians::change(Step step, Deadline deadline) {
    for (int tries = 0; tries < tries_max; ++tries) {
        auto present = co_await view(deadline);
        if (!present) co_return Fail{std::move(present).error()};
        CustodyDraft draft;
        draft.entry = std::move(present->entry);
        draft.custodians = std::move(present->rows.custodians);
        draft.acts = std::move(present->rows.acts);
        draft.approvals = std::move(present->rows.approvals);
        draft.change.previous = draft.entry.sequence;
        draft.now_ms = now_ms();
        draft.expire(std::chrono::milliseconds{options_.resume_max}.count());
        if (auto done = step(draft); !done) co_return Fail{std::move(done).error()};
        if (auto recorded = co_await record(draft.trail, deadline); !recorded) co_return recorded;
        if (!draft.is_changed()) co_return true;
        auto written = co_await write(draft, deadline);
        if (written || written.error().cause() != Cause::conflict) co_return written;
    }
    co_return Fail{Error::unavailable("the custodians' register changes too often", Cause::overloaded)};
}

Task<bool> Custodians::init(std::int64_t threshold, std::vector<crypto::Bytes> acknowledgements,
                            Deadline deadline) {
    auto present = co_await view(deadline);
    if (!present && present.error().code() != "custodians_missing")
        co_return Fail{std::move(present).error()};
    auto past = co_await rows_.history(1, deadline);
    if (!past) co_return Fail{std::move(past).error()};
    if (present || !past->empty())
        co_return Fail{Error{409, ErrorType::invalid_request, "custodians_present",
                             "There are custodians already; they approve of further ones: `portcullis-vault "
                             "custodians propose enrol`."}};
    CustodyDraft draft;
    draft.now_ms = now_ms();
    draft.entry.vault = "vlt_" + crypto::random_base62(id_characters);
    draft.entry.set = 1;
    draft.entry.threshold = threshold;
    std::vector<Custodian> custodians;
    auto detail = std::to_string(threshold) + " of";
    for (const auto& one : acknowledgements) {
        auto custodian = custodian_of(one, draft.now_ms);
        if (!custodian) co_return Fail{std::move(custodian).error()};
        detail += ' ' + custodian->name;
        custodians.push_back(std::move(*custodian));
    }
    if (auto checked = check_set(custodians, threshold); !checked) co_return Fail{std::move(checked).error()};
    for (const auto& custodian : custodians)
        draft.put(custodian);
    draft.trail.push_back({options_.actor, "custody.init", draft.entry.vault, options_.origin,
                           audit::Outcome::begun, std::move(detail)});
    if (auto recorded = co_await record(draft.trail, deadline); !recorded) co_return recorded;
    co_return co_await write(draft, deadline);
}

Result<Act> Custodians::new_act(const CustodialAct& wanted) const {
    constexpr std::int64_t second = 1000;
    if (wanted.kind.empty() || wanted.kind.size() > kind_bytes_max)
        return Fail{
            Error::invalid("parameter_invalid", "kind", "The kind of an act has 1 to 64 characters.")};
    auto parameters = hsm::custody::canonical(wanted.parameters);
    if (!parameters) return Fail{std::move(parameters.error())};
    Act act;
    act.id = "act_" + crypto::random_base62(id_characters);
    act.kind = wanted.kind;
    act.parameters = std::move(*parameters);
    act.proposed_by = options_.actor;
    act.proposed_at = now_ms() / second * second;
    act.expires_at = act.proposed_at + std::chrono::milliseconds{options_.life}.count();
    return act;
}

Status Custodians::file(CustodyDraft& draft, Act& act) const {
    if (draft.acts.size() >= open_acts_max)
        return Fail{Error::invalid("acts_too_many", "",
                                   "There are 64 open acts: cancel some with `portcullis-vault custodians "
                                   "cancel`.")};
    const auto document = document_of(draft.entry.vault, act);
    if (!document) return Fail{document.error()};
    const auto digest = crypto::sha256(*document);
    act.digest.assign(digest.begin(), digest.end());
    note(draft, "custody.propose", act, audit::Outcome::begun);
    draft.put(act);
    return {};
}

Task<Act> Custodians::propose(CustodialAct wanted, Deadline deadline) {
    auto act = new_act(wanted);
    if (!act) co_return act;
    Step step = [this, &act](CustodyDraft& draft) -> Status {
        if (is_set_change(act->kind)) {
            auto trial = draft;  // says now what would be refused after all have signed
            if (auto possible = change_set(trial, *act); !possible) return possible;
        }
        return file(draft, *act);
    };
    auto done = co_await change(std::move(step), deadline);
    if (!done) co_return Fail{std::move(done).error()};
    co_return act;
}

Task<Act> Custodians::propose_enrolment(crypto::Bytes acknowledgement, Deadline deadline) {
    auto present = co_await view(deadline);
    if (!present) co_return Fail{std::move(present).error()};
    auto wanted = enrolment(present->rows.custodians, acknowledgement);
    if (!wanted) co_return Fail{std::move(wanted).error()};
    co_return co_await propose(std::move(*wanted), deadline);
}

}  // namespace vault::keys
