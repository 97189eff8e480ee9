#include "hsm/keys/audit.h"

#include <set>

namespace hsm {
namespace {

constexpr std::size_t objects_max = 4096;
constexpr const char* remedy =
    "; if you did not change it, treat the token as tampered with; otherwise destroy the key and make it "
    "again";

// Collects what is wrong with one object.
class ObjectAudit {
  public:
    ObjectAudit(Session& session, CK_OBJECT_HANDLE object, const Profile& profile, Audit& result)
        : session_{session}, object_{object}, profile_{profile}, result_{result} {}

    Call run() {
        Bytes label;
        auto done = session_.read(object_, CKA_LABEL, label);
        if (fatal(done)) return done;
        label_.assign(label.begin(), label.end());
        const auto key = key_of_label(label_);
        if (!key) {
            found("is not in the table of keys; give the token to Portcullis alone, or remove the object");
            return {CKR_OK, done.function};
        }
        const auto& kind = kind_of(key->purpose);
        done = check_number(CKA_CLASS, "CKA_CLASS", CKO_SECRET_KEY);
        if (!done.ok() || faults_ != 0) return done;
        for (const auto& [type, name, value] :
             {Number{CKA_KEY_TYPE, "CKA_KEY_TYPE", kind.type},
              Number{CKA_VALUE_LEN, "CKA_VALUE_LEN", key_bytes},
              Number{CKA_KEY_GEN_MECHANISM, "CKA_KEY_GEN_MECHANISM", kind.generator}})
            if (done = check_number(type, name, value); !done.ok()) return done;
        for (const auto& flag : flags_of(kind))
            if (done = check_flag(flag); !done.ok()) return done;
        if (done = check_mechanisms(kind); !done.ok()) return done;
        FoundKey entry{.id = {}, .handle = object_};
        if (done = session_.read(object_, CKA_ID, entry.id); fatal(done)) return done;
        if (entry.id.size() != id_bytes) found("CKA_ID must be 16 random bytes", remedy);
        if (faults_ != 0) return {CKR_OK, done.function};
        if (!result_.keys.try_emplace(*key, std::move(entry)).second)
            found(
                "is the label of more than one object; find out which is the true one and destroy the other");
        return {CKR_OK, done.function};
    }

  private:
    struct Number {
        CK_ATTRIBUTE_TYPE type;
        std::string_view name;
        CK_ULONG value;
    };

    // An attribute that the module does not know is a finding; anything else ends the audit.
    static bool fatal(const Call& call) {
        return !call.ok() && call.value != CKR_ATTRIBUTE_TYPE_INVALID &&
               call.value != CKR_ATTRIBUTE_SENSITIVE;
    }

    void found(std::string_view what, std::string_view then = "") {
        ++faults_;
        result_.findings.push_back((label_.empty() ? "an object without a label" : label_) + ": " +
                                   std::string{what} + std::string{then});
    }

    // True when there is a value to compare.
    bool readable(const Call& done, std::string_view name) {
        if (done.ok()) return !profile_.is_unreliable(name);
        if (done.value != CKR_ATTRIBUTE_TYPE_INVALID || !profile_.is_unknown(name))
            found(std::string{name} + " cannot be read (" + std::string{name_of(done.value)} +
                  "); if this module does not know it, its profile (hsm.profile) must say so");
        return false;
    }

    Call check_number(CK_ATTRIBUTE_TYPE type, std::string_view name, CK_ULONG wanted) {
        Bytes bytes;
        const auto done = session_.read(object_, type, bytes);
        if (fatal(done)) return done;
        if (!readable(done, name)) return {CKR_OK, done.function};
        CK_ULONG value = 0;
        if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
        if (bytes.size() != sizeof value || value != wanted)
            found(std::string{name} + " is " + std::to_string(value) + ", must be " + std::to_string(wanted),
                  remedy);
        return done;
    }

    Call check_flag(const Flag& flag) {
        Bytes bytes;
        const auto done = session_.read(object_, flag.type, bytes);
        if (fatal(done)) return done;
        if (!readable(done, flag.name)) return {CKR_OK, done.function};
        const bool value = bytes.size() == 1 && bytes.front() != CK_FALSE;
        if (bytes.size() != 1 || value != flag.value)
            found(std::string{flag.name} + (value ? " is true" : " is false") +
                      (flag.value ? ", must be true" : ", must be false"),
                  remedy);
        return done;
    }

    Call check_mechanisms(const KeyKind& kind) {
        Bytes bytes;
        const auto done = session_.read(object_, CKA_ALLOWED_MECHANISMS, bytes);
        if (fatal(done)) return done;
        if (!readable(done, "CKA_ALLOWED_MECHANISMS")) return {CKR_OK, done.function};
        CK_MECHANISM_TYPE only = 0;
        if (bytes.size() == sizeof only) std::memcpy(&only, bytes.data(), sizeof only);
        if (bytes.size() != sizeof only || only != kind.mechanism)
            found("CKA_ALLOWED_MECHANISMS must hold exactly mechanism " + std::to_string(kind.mechanism),
                  remedy);
        return done;
    }

    Session& session_;
    CK_OBJECT_HANDLE object_;
    const Profile& profile_;
    Audit& result_;
    std::string label_;
    int faults_ = 0;
};

void check_ids(Audit& result) {
    std::map<Bytes, KeyRef> seen;
    for (const auto& [key, entry] : result.keys) {
        const auto [other, fresh] = seen.try_emplace(entry.id, key);
        if (!fresh)
            result.findings.push_back(label_of(key) + ": has the CKA_ID of " + label_of(other->second) +
                                      "; find out which is the true one and destroy the other");
    }
}

}  // namespace

Call audit_object(Session& session, CK_OBJECT_HANDLE object, const Profile& profile, Audit& result) {
    return ObjectAudit{session, object, profile, result}.run();
}

Call audit_token(Session& session, const Profile& profile, Audit& result) {
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE match[] = {{CKA_TOKEN, &yes, sizeof yes}};
    std::vector<CK_OBJECT_HANDLE> objects;
    auto done = session.find(match, objects_max, objects);
    if (!done.ok()) return done;
    if (objects.size() == objects_max) result.findings.push_back("the token holds 4096 objects or more");
    for (const auto object : objects)
        if (done = audit_object(session, object, profile, result); !done.ok()) return done;
    check_ids(result);
    return done;
}

}  // namespace hsm
