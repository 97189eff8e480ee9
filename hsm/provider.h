// Keeps a token usable: the login, the sessions and the handles, and what to do when one of them fails, up to
// going over to a copy of the token and back.
#pragma once

#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "hsm/admission.h"
#include "hsm/hsm.h"

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

    Canaries& canaries() { return canaries_; }

    std::vector<KeyRef> known_keys() const;
    Admission::Ids known_ids() const;  // with their CKA_ID
    void forget(KeyRef key);
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

    Provider(Options options, Profile profile, std::unique_ptr<Module> module, common::SecretBytes pin,
             common::Metrics& metrics);
    common::Status connect(bool first);
    void install(Admitted admitted);
    Outcome run(const KeyRef* key, const KeyWork& work);
    bool attempt(const KeyRef* key, const KeyWork& work, Attempt& state);
    bool heal(const KeyRef* key, Attempt& state, std::uint64_t generation);
    Call find_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing);
    Call learn_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing);
    Call vouch(Session& session, KeyRef key, CK_OBJECT_HANDLE handle, FoundKey& entry, bool& sound);
    void forget_handle(KeyRef key);
    bool begin_again_for(KeyRef key);
    void drop_idle(bool void_now);
    Call log_in_again();
    Call take(std::unique_ptr<Session>& session);
    void give_back(std::unique_ptr<Session> session);
    bool revive();
    void mark_down(std::uint64_t generation, const Call& call);
    void note_failure(const Call& call);
    void note_success();
    void tend(const std::stop_token& stop);
    void try_other(std::size_t token);
    void go_over(Admitted admitted, std::uint64_t generation);
    void look_for_absent();

    Options options_;
    common::Metrics& metrics_;
    std::unique_ptr<Module> module_;
    Canaries canaries_;
    Admission admission_;

    // Shared by every call, held alone while the library begins again or another token is taken.
    std::shared_timed_mutex life_;
    std::atomic<State> state_{State::down};
    std::atomic<std::uint64_t> generation_{0};
    std::atomic<std::size_t> in_use_{0};  // of the tokens of admission_
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

    // The thread that looks after the tokens which are not in use; none without fall-back tokens.
    std::chrono::steady_clock::time_point next_look_{};
    std::chrono::milliseconds look_pause_{0};
    std::mutex tending_mutex_;
    std::condition_variable_any tending_;
    std::jthread tender_;  // last: it ends before what it uses
};

}  // namespace hsm
