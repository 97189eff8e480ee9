#include "vault/keys/custody_rules.h"

#include "certs/cms.h"
#include "certs/identity.h"
#include "common/crypto.h"
#include "common/json.h"
#include "hsm/custody/acknowledgement.h"
#include "hsm/custody/documents.h"

namespace vault::keys {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
namespace crypto = common::crypto;
namespace json = boost::json;

constexpr std::size_t acknowledgement_bytes_max = 11 * 1024;  // in base64 it is still a member of a document

Fail refuse(common::Text why, std::string_view what = "") {
    return Fail{Error::invalid("custody_refused", "", why, {Safe::param(what)})};
}

Result<certs::X509Ptr> certificate_of(const Custodian& custodian) {
    return hsm::custody::certificate_of(custodian.certificate);
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool signed_it(const Custodian& custodian, const Approval& approval, std::string_view document) {
    const auto certificate = certificate_of(custodian);
    return certificate && !hsm::custody::fault_of_certificate(certificate->get()) &&
           certs::cms_verify(approval.signature, certificate->get(), bytes_of(document)).has_value();
}

template <class Row, class Same>
void replace_or_add(std::vector<Row>& rows, const Row& row, Same same) {
    const auto found = std::ranges::find_if(rows, same);
    if (found != rows.end())
        *found = row;
    else
        rows.push_back(row);
}

Result<Custodian> custodian_in(const json::object& parameters, std::int64_t now_ms) {
    const auto cms = crypto::from_base64(common::json::text_or(parameters, "acknowledgement", ""));
    if (!cms) return refuse("The act holds no acknowledgement.");
    return custodian_of(*cms, now_ms);
}

}  // namespace

Custodian* CustodyDraft::find_custodian(std::string_view name) {
    const auto found = std::ranges::find(custodians, name, &Custodian::name);
    return found == custodians.end() ? nullptr : &*found;
}

Result<Act*> CustodyDraft::find_act(std::string_view id) {
    const auto found = std::ranges::find(acts, id, &Act::id);
    if (found != acts.end()) return &*found;
    return Fail{Error{404,
                      ErrorType::invalid_request,
                      "resource_missing",
                      "Act {} is not open: it has expired, was finished or cancelled, or never was; see "
                      "`portcullis-vault custodians acts`.",
                      {Safe::id(id)}}
                    .with_cause(common::Cause::not_found)};
}

// Rows that are not active or open any more are written, and then count no longer.
void CustodyDraft::put(const Custodian& custodian) {
    const auto same = [name = custodian.name](const Custodian& one) { return one.name == name; };
    entry.note(custodian);
    replace_or_add(change.custodians, custodian, same);
    replace_or_add(custodians, Custodian{custodian}, same);
    std::erase_if(custodians, [](const Custodian& one) { return !one.active; });
}

void CustodyDraft::put(const Act& act) {
    const auto same = [id = act.id](const Act& one) { return one.id == id; };
    entry.note(act);
    replace_or_add(change.acts, act, same);
    replace_or_add(acts, Act{act}, same);
    std::erase_if(acts, [](const Act& one) { return !one.is_open(); });
}

void CustodyDraft::put(Approval approval) {
    const auto same = [&](const Approval& one) {
        return one.act == approval.act && one.custodian == approval.custodian;
    };
    replace_or_add(change.approvals, approval, same);
    replace_or_add(approvals, approval, same);
}

bool CustodyDraft::is_changed() const {
    return !change.custodians.empty() || !change.acts.empty() || !change.approvals.empty();
}

void CustodyDraft::expire(std::int64_t resume_max_ms) {
    for (auto act : std::vector{acts}) {
        const auto end = act.expires_at + (act.state == ActState::claimed ? resume_max_ms : 0);
        if (now_ms < end) continue;
        act.state = ActState::expired;
        act.ended_at = now_ms;
        put(act);
    }
}

Result<std::string> document_of(const std::string& vault, const Act& act) {
    const auto parameters = hsm::custody::parse_canonical(act.parameters);
    if (!parameters) return Fail{parameters.error()};
    return hsm::custody::text_of(
        {vault, act.id, act.kind, *parameters, act.proposed_at / 1000, act.expires_at / 1000});
}

std::vector<std::string> approvers(const CustodyDraft& draft, const Act& act) {
    std::vector<std::string> names;
    const auto document = document_of(draft.entry.vault, act);
    if (!document || !std::ranges::equal(crypto::sha256(*document), act.digest)) return names;
    // A custodian is asked once, whatever number of approvals bear his name.
    for (const auto& custodian : draft.custodians) {
        const bool approved = std::ranges::any_of(draft.approvals, [&](const Approval& one) {
            return one.act == act.id && one.custodian == custodian.name &&
                   signed_it(custodian, one, *document);
        });
        if (approved) names.push_back(custodian.name);
    }
    return names;
}

bool is_approved(const CustodyDraft& draft, const std::vector<std::string>& approved_by) {
    return draft.entry.threshold >= threshold_min &&
           static_cast<std::int64_t>(approved_by.size()) >= draft.entry.threshold;
}

Result<Approval> read_approval(const CustodyDraft& draft, const Act& act,
                               std::vector<std::uint8_t> signature) {
    const auto document = document_of(draft.entry.vault, act);
    if (!document) return Fail{document.error()};
    for (const auto& custodian : draft.custodians) {
        const auto certificate = certificate_of(custodian);
        if (!certificate) return Fail{certificate.error()};
        const auto named = certs::cms_names_signer(signature, certificate->get());
        if (!named) return Fail{named.error()};
        if (!*named) continue;
        if (const auto fault = hsm::custody::fault_of_certificate(certificate->get()))
            return Fail{Error::invalid("custody_refused", "",
                                       "The certificate of custodian {} cannot be used: {}.",
                                       {Safe::param(custodian.name), Safe::param(*fault)})};
        if (auto content = certs::cms_verify(signature, certificate->get(), bytes_of(*document)); !content)
            return Fail{std::move(content.error())};
        const auto before = approvers(draft, act);
        if (std::ranges::find(before, custodian.name) != before.end())
            return refuse("Custodian {} has approved this act already; another one must.", custodian.name);
        return Approval{act.id, custodian.name, std::move(signature), draft.now_ms};
    }
    return refuse("No custodian of this vault signed this.");
}

Result<Custodian> custodian_of(std::span<const std::uint8_t> acknowledgement, std::int64_t now_ms) {
    if (acknowledgement.size() > acknowledgement_bytes_max)
        return refuse(
            "An acknowledgement has at most 11 KiB; sign it without the certificates of its chain.");
    const auto read = hsm::custody::read_acknowledgement(acknowledgement);
    if (!read) return Fail{read.error()};
    return Custodian{read->name,
                     true,
                     hsm::custody::der_of(read->certificate.get()),
                     {acknowledgement.begin(), acknowledgement.end()},
                     now_ms,
                     0};
}

Status check_set(const std::vector<Custodian>& custodians, std::int64_t threshold) {
    if (threshold < threshold_min) return refuse("At least two custodians must have to approve an act.");
    if (threshold > static_cast<std::int64_t>(custodians.size()))
        return refuse("There would be fewer custodians than must approve an act.");
    if (custodians.size() > custodians_max) return refuse("There can be at most 16 custodians.");
    std::vector<certs::X509Ptr> certificates;
    for (std::size_t i = 0; i < custodians.size(); ++i) {
        auto certificate = certificate_of(custodians[i]);
        if (!certificate) return Fail{std::move(certificate.error())};
        for (std::size_t k = 0; k < i; ++k) {
            if (custodians[k].name == custodians[i].name)
                return refuse("{} is the name of two custodians.", custodians[i].name);
            if (EVP_PKEY_eq(X509_get0_pubkey(certificates[k].get()), X509_get0_pubkey(certificate->get())) ==
                1)
                return refuse("Custodian {} has the key of another custodian.", custodians[i].name);
        }
        certificates.push_back(std::move(*certificate));
    }
    return {};
}

bool is_set_change(std::string_view kind) {
    return kind.starts_with("custodians.");
}

Result<CustodialAct> enrolment(const std::vector<Custodian>& custodians,
                               std::span<const std::uint8_t> acknowledgement) {
    const auto custodian = custodian_of(acknowledgement, 0);
    if (!custodian) return Fail{custodian.error()};
    const auto certificate = certificate_of(*custodian);
    if (!certificate) return Fail{certificate.error()};
    const bool known = std::ranges::find(custodians, custodian->name, &Custodian::name) != custodians.end();
    return CustodialAct{known ? "custodians.replace" : "custodians.enrol",
                        {{"name", custodian->name},
                         {"fingerprint", certs::fingerprint_of(certificate->get())},
                         {"acknowledgement", crypto::to_base64(acknowledgement)}}};
}

Status change_set(CustodyDraft& draft, const Act& act) {
    const auto parameters = hsm::custody::parse_canonical(act.parameters);
    if (!parameters) return Fail{parameters.error()};
    const std::string name{common::json::text_or(*parameters, "name", "")};
    const auto* const present = draft.find_custodian(name);
    if (act.kind == "custodians.enrol" || act.kind == "custodians.replace") {
        auto custodian = custodian_in(*parameters, draft.now_ms);
        if (!custodian) return Fail{std::move(custodian.error())};
        if (custodian->name != name || (present != nullptr) != (act.kind == "custodians.replace"))
            return refuse("Custodian {} was enrolled or removed since this was proposed.", name);
        draft.put(*custodian);
    } else if (act.kind == "custodians.remove") {
        if (present == nullptr) return refuse("There is no custodian {}.", name);
        auto gone = *present;
        gone.active = false;
        gone.removed_at = draft.now_ms;
        draft.put(gone);
    } else if (act.kind == "custodians.threshold") {
        draft.entry.threshold = common::json::integer_or(*parameters, "threshold", 0);
    } else {
        return refuse("{} is no act on custodians.", act.kind);
    }
    ++draft.entry.set;
    return check_set(draft.custodians, draft.entry.threshold);
}

}  // namespace vault::keys
