#include "vault/keys/custody_register.h"

#include "common/assert.h"
#include "common/crypto.h"
#include "common/json.h"
#include "hsm/custody/documents.h"
#include "vault/keys/associated_data.h"

namespace vault::keys {
namespace {

using common::Cause;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
namespace json = boost::json;

Fail tampered(common::Text what, std::string_view name = "") {
    return Fail{Error::internal(what, {Safe::param(name)}).with_cause(Cause::integrity)};
}

std::string digest_of(const AssociatedData& row) {
    return common::crypto::to_hex(common::crypto::sha256(row.span()));
}

std::uint64_t unsigned_of(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

std::string digest_of(const Custodian& one) {
    AssociatedData row{"portcullis-custodian"};
    row.text(1, one.name).text(2, one.active ? "active" : "removed").bytes(3, one.certificate);
    row.bytes(4, one.acknowledgement).number(5, unsigned_of(one.enrolled_at));
    return digest_of(row);
}

std::string digest_of(const Act& act) {
    AssociatedData row{"portcullis-act"};
    row.text(1, act.id).text(2, act.kind).text(3, act.parameters).bytes(4, act.digest);
    row.text(5, act.proposed_by).number(6, unsigned_of(act.proposed_at));
    row.number(7, unsigned_of(act.expires_at)).text(8, to_string(act.state)).text(9, act.holder);
    row.number(10, unsigned_of(act.claimed_at)).number(11, unsigned_of(act.ended_at));
    return digest_of(row);
}

json::object object_of(const std::map<std::string, std::string>& digests) {
    json::object object;
    for (const auto& [name, digest] : digests)
        object[name] = digest;
    return object;
}

bool read_digests(const json::object& content, std::string_view name,
                  std::map<std::string, std::string>& digests) {
    const auto* value = content.if_contains(name);
    if (value == nullptr || !value->is_object()) return false;
    for (const auto& member : value->get_object()) {
        if (!member.value().is_string()) return false;
        digests.emplace(member.key(), member.value().get_string());
    }
    return true;
}

}  // namespace

std::string_view to_string(ActState state) {
    switch (state) {
        case ActState::proposed:
            return "proposed";
        case ActState::claimed:
            return "claimed";
        case ActState::finished:
            return "finished";
        case ActState::expired:
            return "expired";
        case ActState::cancelled:
            return "cancelled";
    }
    return "cancelled";
}

std::optional<ActState> act_state_of(std::string_view text) {
    for (const auto state :
         {ActState::proposed, ActState::claimed, ActState::finished, ActState::expired, ActState::cancelled})
        if (to_string(state) == text) return state;
    return std::nullopt;
}

Result<Register> Register::parse(const std::string& text) {
    const auto content = hsm::custody::parse_canonical(text);
    if (!content) return tampered("the custodians' register cannot be read");
    Register entry;
    entry.vault = common::json::text_or(*content, "vault", "");
    entry.set = common::json::integer_or(*content, "set", 0);
    entry.threshold = common::json::integer_or(*content, "threshold", 0);
    entry.sequence = common::json::integer_or(*content, "sequence", 0);
    if (entry.vault.empty() || entry.threshold < threshold_min ||
        !read_digests(*content, "custodians", entry.custodians) ||
        !read_digests(*content, "acts", entry.acts))
        return tampered("the custodians' register cannot be read");
    return entry;
}

std::string Register::content() const {
    const auto text = hsm::custody::canonical(json::object{{"vault", vault},
                                                           {"set", set},
                                                           {"threshold", threshold},
                                                           {"sequence", sequence},
                                                           {"custodians", object_of(custodians)},
                                                           {"acts", object_of(acts)}});
    PORTCULLIS_ASSERT(text.has_value());  // names and numbers are limited below what a document holds
    return *text;
}

void Register::note(const Custodian& one) {
    if (one.active)
        custodians[one.name] = digest_of(one);
    else
        custodians.erase(one.name);
}

void Register::note(const Act& act) {
    if (act.is_open())
        acts[act.id] = digest_of(act);
    else
        acts.erase(act.id);
}

common::SecretBytes mac_input(const RegisterRow& entry) {
    AssociatedData data{"portcullis-custody-register"};
    data.number(1, unsigned_of(entry.sequence)).text(2, entry.content);
    return common::SecretBytes::copy_of(data.span());
}

Status check_rows(const Register& entry, const CustodyRows& rows) {
    std::size_t custodians = 0, acts = 0;
    for (const auto& one : rows.custodians) {
        const auto found = entry.custodians.find(one.name);
        if (found == entry.custodians.end())
            return tampered("custodian {} was put into the database by hand", one.name);
        if (found->second != digest_of(one)) return tampered("the row of custodian {} was changed", one.name);
        ++custodians;
    }
    for (const auto& act : rows.acts) {
        const auto found = entry.acts.find(act.id);
        if (found == entry.acts.end())
            return tampered("act {} was put into the database, or opened again, by hand", act.id);
        if (found->second != digest_of(act)) return tampered("the row of act {} was changed", act.id);
        ++acts;
    }
    if (custodians != entry.custodians.size() || acts != entry.acts.size())
        return tampered("rows of custodians or acts were taken out of the database");
    return {};
}

}  // namespace vault::keys
