// Keeps a token usable: the login, the sessions and the handles, and what to do when one of them fails.
#pragma once

#include <deque>
#include <mutex>
#include <shared_mutex>

#include "hsm/hsm.h"
#include "hsm/keys/audit.h"

namespace hsm {

// All functions may be called from any thread; they block.
class Provider {
  public:
    static common::Result<std::unique_ptr<Provider>> start(const Options& options,
                                                           std::vector<KeyRef> required,
                                                           common::Metrics& metrics);
    ~Provider();

    using Work = std::function<Call(Session&)>;
    using KeyWork = std::function<Call(Session&, CK_OBJECT_HANDLE)>;
    struct Outcome {
        Call call;
        bool usable = true;    // false: the HSM as a whole cannot be used; `call` is the last failure
        bool missing = false;  // the token has no such key
        bool ok() const { return usable && !missing && call.ok(); }
    };
    // Runs the work with a session (and the key's handle), once more after whatever can be healed.
    // Trouble::general and Trouble::data are the caller's to judge.
    Outcome with_session(const Work& work);
    Outcome with_key(KeyRef key, const KeyWork& work);
    // The caller found that CKR_GENERAL_ERROR meant the device: the next call begins again from C_Initialize.
    void device_failed(const Call& call);

    std::vector<KeyRef> known_keys() const;
    Hsm::Health health() const;

  private:
    enum class State : std::uint8_t { usable, down, stopped };
    struct KnownKey {
        Bytes id;
        CK_OBJECT_HANDLE handle = 0;
        std::uint64_t generation = 0;  // 0 = the handle is to be found again
        bool lost = false;             // looked for in vain, and the token begun again because of it
    };
    struct Attempt;

    Provider(Options options, std::unique_ptr<Module> module, common::SecretBytes pin);
    common::Status connect(bool first);
    common::Status refuse_findings(const Audit& audit) const;
    Outcome run(const KeyRef* key, const KeyWork& work);
    bool attempt(const KeyRef* key, const KeyWork& work, Attempt& state);
    Call find_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing);
    Call learn_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing);
    void forget_handle(KeyRef key);
    bool begin_again_for(KeyRef key);
    void drop_idle();
    Call log_in_again();
    Call take(std::unique_ptr<Session>& session);
    void give_back(std::unique_ptr<Session> session);
    bool revive();
    void mark_down(std::uint64_t generation, const Call& call);
    void note_failure(const Call& call);
    void note_success();

    Options options_;
    std::unique_ptr<Module> module_;
    common::SecretBytes pin_;  // kept for a second login after the token was away

    // Shared by every call, held alone while the library begins again.
    std::shared_timed_mutex life_;
    std::atomic<State> state_{State::down};
    std::atomic<std::uint64_t> generation_{0};
    CK_SLOT_ID slot_ = 0;
    std::unique_ptr<Session> owner_;  // keeps the login; never works
    std::chrono::steady_clock::time_point next_revival_{};
    std::chrono::milliseconds revival_pause_{0};

    mutable std::mutex mutex_;  // of what follows, held briefly
    std::vector<std::unique_ptr<Session>> idle_;
    std::map<KeyRef, KnownKey> keys_;
    std::chrono::steady_clock::time_point last_success_{std::chrono::steady_clock::now()};
    std::chrono::steady_clock::time_point last_connect_{};
    std::string last_error_;
    std::mutex login_mutex_;
};

}  // namespace hsm
