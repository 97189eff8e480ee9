#include "hsm/canaries.h"

#include "hsm/keys/attributes.h"

namespace hsm {
namespace {

constexpr std::string_view canary_text = "portcullis canary";

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Call seals_and_opens(Session& session, CK_OBJECT_HANDLE handle, const std::string& label, Bytes& sealed) {
    if (const auto done = session.encrypt(handle, bytes_of(canary_text), bytes_of(label), sealed); !done.ok())
        return done;
    common::SecretBytes plain;
    auto done = session.decrypt(handle, sealed, bytes_of(label), plain);
    if (done.ok() && plain.text() != canary_text) done.value = CKR_GENERAL_ERROR;
    return done;
}

}  // namespace

Call Canaries::test(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees) {
    return kind_of(key.purpose).seals ? test_seal(session, key, handle, agrees)
                                      : test_hmac(session, key, handle, agrees);
}

Call Canaries::test_seal(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees) {
    const auto label = label_of(key);
    Bytes sealed;
    {
        const std::lock_guard lock{mutex_};
        if (const auto kept = sealed_.find(key); kept != sealed_.end()) sealed = kept->second;
    }
    agrees = false;
    if (sealed.empty()) {
        const auto done = seals_and_opens(session, handle, label, sealed);
        if (!done.ok()) return done;
        agrees = true;
        const std::lock_guard lock{mutex_};
        sealed_.try_emplace(key, std::move(sealed));
        return done;
    }
    common::SecretBytes plain;
    const auto done = session.decrypt(handle, sealed, bytes_of(label), plain);
    agrees = done.ok() && plain.text() == canary_text;
    return done;
}

Call Canaries::test_hmac(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees) {
    agrees = false;
    common::crypto::Digest digest{};
    const auto done = session.hmac(handle, bytes_of(canary_text), digest);
    if (!done.ok()) return done;
    const std::lock_guard lock{mutex_};
    agrees = digests_.try_emplace(key, digest).first->second == digest;
    return done;
}

Call Canaries::compare(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, bool& agrees) {
    agrees = false;
    if (kind_of(key.purpose).seals) {
        Bytes sealed;
        if (const auto done = seals_and_opens(session, handle, label_of(key), sealed); !done.ok())
            return done;
    }
    auto done = test(session, key, handle, agrees);
    const auto trouble = trouble_of(done.value);
    if (trouble != Trouble::general && trouble != Trouble::data) return done;
    // What this key sealed just now opened, the canary does not, twice: it is another key.
    done = test(session, key, handle, agrees);
    if (trouble_of(done.value) == Trouble::general || trouble_of(done.value) == Trouble::data)
        done.value = CKR_OK;
    return done;
}

void Canaries::forget(KeyRef key) {
    const std::lock_guard lock{mutex_};
    sealed_.erase(key);
    digests_.erase(key);
}

}  // namespace hsm
