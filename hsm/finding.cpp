// Provider's knowledge of the keys: found again by CKA_ID, and never believed without an audit and a canary.
#include "common/log.h"
#include "hsm/provider.h"

namespace hsm {
namespace {

using common::Safe;
using Steady = std::chrono::steady_clock;

// A key that is gone makes us look for the token this often.
constexpr std::chrono::seconds missing_key_pause{5};

}  // namespace

Call Provider::find_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing) {
    Bytes id;
    {
        const std::lock_guard lock{mutex_};
        const auto known = keys_.find(key);
        if (known != keys_.end()) {
            if (known->second.generation == generation_) {
                handle = known->second.handle;
                return {};
            }
            id = known->second.id;
        }
    }
    if (id.empty()) return learn_key(session, key, handle, missing);
    std::vector<CK_OBJECT_HANDLE> found;
    auto done = session.find_by_id(id, found);
    if (!done.ok()) return done;
    // Private objects are not seen without a login, which anyone in this process may have ended.
    if (found.empty() && !session.logged_in()) return {CKR_USER_NOT_LOGGED_IN, "C_GetSessionInfo"};
    missing = found.size() != 1;
    if (missing) return done;
    // Whoever has the PIN can read a CKA_ID and give it to a key of his own.
    FoundKey entry;
    bool sound = false;
    done = vouch(session, key, found.front(), entry, sound);
    missing = done.ok() && !sound;
    if (!done.ok() || missing) return done;
    handle = entry.handle;
    const std::lock_guard lock{mutex_};
    keys_[key] = KnownKey{std::move(entry.id), handle, generation_};
    return done;
}

// Audits one key and hears its canary. The one that did not pass is in the log.
Call Provider::vouch(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, FoundKey& entry, bool& sound) {
    Audit audit;
    auto done = audit_object(session, handle, admission_.profile(), audit);
    if (!done.ok() || !refuse_findings(audit) || !audit.keys.contains(key)) return done;
    entry = std::move(audit.keys.at(key));
    done = canaries_.compare(session, key, entry.handle, sound);
    if (done.ok() && !sound) {
        metrics_.count("hsm_keys_replaced_total");
        common::log::error("hsm_key_replaced", {{"key", Safe::param(label_of(key))}});
    }
    return done;
}

// A key that was made since we began. It must be as sound as those that were there.
Call Provider::learn_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing) {
    std::vector<CK_OBJECT_HANDLE> found;
    auto done = session.find_by_label(label_of(key), found);
    if (!done.ok()) return done;
    missing = found.size() != 1;
    if (missing) return done;
    FoundKey entry;
    bool sound = false;
    done = vouch(session, key, found.front(), entry, sound);
    if (!done.ok()) return done;
    const std::lock_guard lock{mutex_};
    missing =
        !sound || std::ranges::any_of(keys_, [&](const auto& known) { return known.second.id == entry.id; });
    if (missing) return done;
    handle = entry.handle;
    keys_[key] = KnownKey{std::move(entry.id), entry.handle, generation_};
    return done;
}

// A key that was there is not: is the token? The answer comes from beginning again, though not at every call
// when it is the key alone that is gone.
bool Provider::begin_again_for(KeyRef key) {
    const std::lock_guard lock{mutex_};
    const auto known = keys_.find(key);
    if (known == keys_.end()) return false;
    if (known->second.lost && Steady::now() - last_connect_ < missing_key_pause) return false;
    known->second.lost = true;
    known->second.generation = 0;
    last_error_ = "a key that was on the token is not there";
    auto expected = State::usable;
    state_.compare_exchange_strong(expected, State::down);
    return true;
}

void Provider::forget_handle(KeyRef key) {
    const std::lock_guard lock{mutex_};
    if (const auto known = keys_.find(key); known != keys_.end()) known->second.generation = 0;
}

Admission::Ids Provider::known_ids() const {
    const std::lock_guard lock{mutex_};
    Admission::Ids ids;
    for (const auto& [key, known] : keys_)
        ids.emplace(key, known.id);
    return ids;
}

std::vector<KeyRef> Provider::known_keys() const {
    const std::lock_guard lock{mutex_};
    std::vector<KeyRef> all;
    for (const auto& entry : keys_)
        all.push_back(entry.first);
    return all;
}

void Provider::forget(KeyRef key) {
    canaries_.forget(key);
    const std::lock_guard lock{mutex_};
    keys_.erase(key);
}

}  // namespace hsm
