#include "hsm/admission.h"

#include "common/log.h"

namespace hsm {
namespace {

using common::Cause;
using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines)
        text += (text.empty() ? "" : " | ") + line;
    return text;
}

}  // namespace

Status refuse_findings(const Audit& audit) {
    if (audit.findings.empty()) return {};
    for (const auto& finding : audit.findings)
        common::log::error("hsm_audit_finding", {{"finding", Safe::param(finding)}});
    return Fail{Error::internal("HSM: the token differs from the table of keys: {}",
                                {Safe::param(joined(audit.findings))})};
}

Admission::Admission(Module& module, Canaries& canaries, Profile profile, std::vector<std::string> labels,
                     common::SecretBytes pin, common::Metrics& metrics)
    : module_{module},
      canaries_{canaries},
      profile_{std::move(profile)},
      labels_{std::move(labels)},
      pin_{std::move(pin)},
      metrics_{metrics},
      pin_refused_(labels_.size(), false) {}

bool Admission::pin_refused(std::size_t token) const {
    const std::lock_guard lock{login_mutex_};
    return pin_refused_[token];
}

bool Admission::every_pin_refused() const {
    const std::lock_guard lock{login_mutex_};
    return std::ranges::find(pin_refused_, false) == pin_refused_.end();
}

Call Admission::login(Session& session, std::size_t token) {
    const std::lock_guard lock{login_mutex_};
    if (pin_refused_[token]) return {CKR_PIN_INCORRECT, "C_Login"};
    const auto done = session.login(CKU_USER, pin_);
    if (trouble_of(done.value) == Trouble::pin) {
        pin_refused_[token] = true;
        common::log::error("hsm_pin_refused", {{"token", Safe::param(labels_[token])},
                                               {"result", Safe::param(name_of(done.value))}});
    }
    return done;
}

Result<Admitted> Admission::admit(std::size_t token, const Ids& known) {
    auto admitted = examine(token, known);
    metrics_.gauge("hsm_token_sound", admitted ? 1 : 0, {{"token", labels_[token]}});
    if (admitted) return admitted;
    const auto cause = admitted.error().cause();
    if (cause != Cause::unavailable && cause != Cause::not_found) {
        metrics_.count("hsm_tokens_refused_total", {{"token", labels_[token]}});
        common::log::failure("hsm_token_refused", admitted.error());
    }
    return admitted;
}

Result<Admitted> Admission::examine(std::size_t token, const Ids& known) {
    if (pin_refused(token))
        return Fail{Error::internal("HSM: token {} refused the PIN; it is not tried again before a restart",
                                    {Safe::param(labels_[token])})};
    const auto found = module_.find_token(labels_[token]);
    if (!found) return Fail{found.error()};
    if ((found->flags & CKF_USER_PIN_LOCKED) != 0)
        return Fail{
            Error::internal("HSM: the PIN of token {} is locked; its security officer must set a new one",
                            {Safe::param(found->label)})};
    if ((found->flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return Fail{
            Error::internal("HSM: token {} takes one more wrong PIN before it locks; log in by hand first",
                            {Safe::param(found->label)})};
    Admitted admitted{.token = token, .slot = found->slot, .owner = nullptr, .keys = {}};
    if (auto done = Session::open(module_, found->slot, false, admitted.owner); !done.ok())
        return Fail{error_of(done)};
    if (auto done = login(*admitted.owner, token); !done.ok()) {
        if (trouble_of(done.value) != Trouble::pin) return Fail{error_of(done)};
        return Fail{Error::internal("HSM: token {} refuses the PIN ({}); it is not tried again",
                                    {Safe::param(labels_[token]), Safe::param(name_of(done.value))})};
    }
    Audit audit;
    if (auto done = audit_token(*admitted.owner, profile_, audit); !done.ok()) return Fail{error_of(done)};
    if (auto status = refuse_findings(audit); !status) return Fail{std::move(status.error())};
    admitted.keys = std::move(audit.keys);
    if (auto status = compare(admitted, known); !status) return Fail{std::move(status.error())};
    return admitted;
}

Status Admission::compare(const Admitted& admitted, const Ids& known) {
    const auto& label = labels_[admitted.token];
    for (const auto& [key, id] : known) {
        const auto there = admitted.keys.find(key);
        if (there == admitted.keys.end()) {
            metrics_.count("hsm_keys_missing_total", {{"token", label}});
            common::log::error("hsm_key_missing",
                               {{"token", Safe::param(label)}, {"key", Safe::param(label_of(key))}});
        } else if (there->second.id != id) {
            return Fail{
                Error::internal("HSM: {} on token {} has another CKA_ID than before; is it a true copy?",
                                {Safe::param(label_of(key)), Safe::param(label)})};
        }
    }
    for (const auto& [key, found] : admitted.keys) {
        bool agrees = false;
        if (auto done = canaries_.compare(*admitted.owner, key, found.handle, agrees); !done.ok())
            return Fail{error_of(done)};
        if (!agrees)
            return Fail{
                Error::internal("HSM: {} on token {} is another key than before, though its CKA_ID is the "
                                "same; is it a true copy?",
                                {Safe::param(label_of(key)), Safe::param(label)})};
    }
    return {};
}

}  // namespace hsm
