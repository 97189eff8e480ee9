#include "hsm/provider.h"

#include "common/assert.h"
#include "common/config.h"
#include "common/log.h"

namespace hsm {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds pause_min{100};
constexpr std::chrono::milliseconds pause_max{2000};
constexpr std::chrono::milliseconds quiet_wait{500};  // for calls under way, before the library begins again
constexpr std::chrono::seconds missing_key_pause{
    5};                          // a key that is gone makes us look for the token this often
constexpr int attempts_max = 6;  // each kind of trouble is healed once

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines)
        text += (text.empty() ? "" : " | ") + line;
    return text;
}

}  // namespace

// What one caller's work has been through.
struct Provider::Attempt {
    Outcome outcome;
    unsigned healed = 0;  // bits of Trouble
    bool once(Trouble trouble) {
        const unsigned bit = 1U << static_cast<unsigned>(trouble);
        const bool first = (healed & bit) == 0;
        healed |= bit;
        return first;
    }
};

Provider::Provider(Options options, std::unique_ptr<Module> module, common::SecretBytes pin)
    : options_{std::move(options)}, module_{std::move(module)}, pin_{std::move(pin)} {}

Result<std::unique_ptr<Provider>> Provider::start(const Options& options, std::vector<KeyRef> required,
                                                  common::Metrics& metrics) {
    auto pin = common::read_secret_file(options.pin_file);
    if (!pin) return Fail{std::move(pin.error())};
    auto module = Module::load(options.module, metrics);
    if (!module) return Fail{std::move(module.error())};
    std::unique_ptr<Provider> made{new Provider{options, std::move(*module), std::move(*pin)}};
    if (auto connected = made->connect(true); !connected) return Fail{std::move(connected.error())};
    for (const auto key : required)
        if (!made->keys_.contains(key))
            return Fail{Error::internal("HSM: the token has no key {}; make it with: portcullis-hsm keys",
                                        {Safe::param(label_of(key))})};
    return made;
}

Provider::~Provider() {
    idle_.clear();
    owner_.reset();
}

// From C_Initialize to a login and audited keys. The caller holds life_ alone (or is the only one).
Status Provider::connect(bool first) {
    last_connect_ = Steady::now();
    if (auto done = module_->initialize(); !done.ok()) return Fail{error_of(done)};
    auto token = module_->find_token(options_.token_label);
    if (!token) return Fail{std::move(token.error())};
    if ((token->flags & CKF_USER_PIN_LOCKED) != 0)
        return Fail{
            Error::internal("HSM: the PIN of token {} is locked; its security officer must set a new one",
                            {Safe::param(token->label)})};
    if ((token->flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return Fail{
            Error::internal("HSM: token {} takes one more wrong PIN before it locks; log in by hand first",
                            {Safe::param(token->label)})};
    slot_ = token->slot;
    std::unique_ptr<Session> owner;
    if (auto done = Session::open(*module_, slot_, false, owner); !done.ok()) return Fail{error_of(done)};
    if (auto done = owner->login(CKU_USER, pin_); !done.ok()) {
        if (trouble_of(done.value) == Trouble::pin) {
            state_ = State::stopped;
            common::log::error("hsm_pin_refused", {{"result", Safe::param(name_of(done.value))}});
            return Fail{Error::internal("HSM: the token refuses the PIN ({}); it is not tried again",
                                        {Safe::param(name_of(done.value))})};
        }
        return Fail{error_of(done)};
    }
    Audit audit;
    if (auto done = audit_token(*owner, options_.waived_attributes, audit); !done.ok())
        return Fail{error_of(done)};
    if (auto status = refuse_findings(audit); !status) return status;

    const auto generation = ++generation_;
    owner->generation = generation;
    owner_ = std::move(owner);
    const std::lock_guard lock{mutex_};
    for (auto& [key, found] : audit.keys) {
        auto& known = keys_[key];
        // A key of the same name that is another one would decrypt nothing of what we have.
        if (!first && !known.id.empty() && known.id != found.id)
            return Fail{Error::internal("HSM: {} has another CKA_ID than before; is this the same token?",
                                        {Safe::param(label_of(key))})};
        known = KnownKey{std::move(found.id), found.handle, generation};
    }
    state_ = State::usable;
    return {};
}

Status Provider::refuse_findings(const Audit& audit) const {
    if (audit.findings.empty()) return {};
    for (const auto& finding : audit.findings)
        common::log::error("hsm_audit_finding", {{"finding", Safe::param(finding)}});
    return Fail{Error::internal("HSM: the token differs from the table of keys: {}",
                                {Safe::param(joined(audit.findings))})};
}

Provider::Outcome Provider::with_session(const Work& work) {
    return run(nullptr, [&](Session& session, CK_OBJECT_HANDLE) { return work(session); });
}

Provider::Outcome Provider::with_key(KeyRef key, const KeyWork& work) {
    return run(&key, work);
}

Provider::Outcome Provider::run(const KeyRef* key, const KeyWork& work) {
    Attempt state;
    for (int i = 0; i < attempts_max; ++i)
        if (!attempt(key, work, state)) break;
    return state.outcome;
}

// True: once more.
bool Provider::attempt(const KeyRef* key, const KeyWork& work, Attempt& state) {
    state.outcome = {};
    if (state_ != State::usable && !revive()) {
        state.outcome.usable = false;
        return false;
    }
    const std::shared_lock alive{life_, quiet_wait};
    if (!alive || state_ != State::usable) {
        state.outcome.usable = false;
        return alive && state.once(Trouble::none);
    }
    auto& call = state.outcome.call;
    const auto generation = generation_.load();
    std::unique_ptr<Session> session;
    CK_OBJECT_HANDLE handle = 0;
    call = take(session);
    if (call.ok() && key != nullptr) call = find_key(*session, *key, handle, state.outcome.missing);
    if (call.ok() && !state.outcome.missing) call = work(*session, handle);
    if (state.outcome.missing) {
        give_back(std::move(session));
        return begin_again_for(*key) && state.once(Trouble::device);
    }
    if (call.ok()) {
        give_back(std::move(session));
        note_success();
        return false;
    }
    session.reset();
    note_failure(call);
    const auto trouble = trouble_of(call.value);
    switch (trouble) {
        case Trouble::session:
            return state.once(trouble);
        case Trouble::handle:
            if (key != nullptr) forget_handle(*key);
            return state.once(trouble);
        case Trouble::login: {
            if (!state.once(trouble)) return false;
            const auto done = log_in_again();
            if (!done.ok()) state.outcome = {done, false, false};
            return done.ok();
        }
        case Trouble::device:
            mark_down(generation, call);
            state.outcome.usable = false;
            return state.once(trouble);
        default:
            return false;
    }
}

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
    const auto done = session.find_by_id(id, found);
    if (!done.ok()) return done;
    // Private objects are not seen without a login, which anyone in this process may have ended.
    if (found.empty() && !session.logged_in()) return {CKR_USER_NOT_LOGGED_IN, "C_GetSessionInfo"};
    missing = found.size() != 1;
    if (missing) return done;
    handle = found.front();
    const std::lock_guard lock{mutex_};
    keys_[key] = KnownKey{std::move(id), handle, generation_};
    return done;
}

// A key that was made since we began. It must be as sound as those that were there.
Call Provider::learn_key(Session& session, KeyRef key, CK_OBJECT_HANDLE& handle, bool& missing) {
    std::vector<CK_OBJECT_HANDLE> found;
    auto done = session.find_by_label(label_of(key), found);
    if (!done.ok()) return done;
    missing = true;
    if (found.size() != 1) return done;
    Audit audit;
    done = audit_object(session, found.front(), options_.waived_attributes, audit);
    if (!done.ok() || !refuse_findings(audit) || !audit.keys.contains(key)) return done;
    auto& entry = audit.keys.at(key);
    const std::lock_guard lock{mutex_};
    for (const auto& [other, known] : keys_)
        if (known.id == entry.id) return done;
    handle = entry.handle;
    keys_[key] = KnownKey{std::move(entry.id), entry.handle, generation_};
    missing = false;
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

void Provider::drop_idle() {
    std::vector<std::unique_ptr<Session>> dropped;
    const std::lock_guard lock{mutex_};
    dropped.swap(idle_);
}

void Provider::forget_handle(KeyRef key) {
    const std::lock_guard lock{mutex_};
    if (const auto known = keys_.find(key); known != keys_.end()) known->second.generation = 0;
}

Call Provider::log_in_again() {
    const std::lock_guard lock{login_mutex_};
    std::unique_ptr<Session> owner;
    auto done = Session::open(*module_, slot_, false, owner);
    if (!done.ok()) return done;
    if (state_ == State::stopped) return {CKR_PIN_INCORRECT, "C_Login"};
    done = owner->login(CKU_USER, pin_);
    if (done.ok()) {
        owner->generation = generation_;
        owner_ = std::move(owner);
    } else if (trouble_of(done.value) == Trouble::pin) {
        state_ = State::stopped;
        common::log::error("hsm_pin_refused", {{"result", Safe::param(name_of(done.value))}});
    }
    return done;
}

Call Provider::take(std::unique_ptr<Session>& session) {
    {
        const std::lock_guard lock{mutex_};
        if (!idle_.empty()) {
            session = std::move(idle_.back());
            idle_.pop_back();
            return {};
        }
    }
    const auto done = Session::open(*module_, slot_, false, session);
    if (done.ok()) session->generation = generation_;
    return done;
}

void Provider::give_back(std::unique_ptr<Session> session) {
    const std::lock_guard lock{mutex_};
    if (session->generation == generation_ && idle_.size() < options_.workers)
        idle_.push_back(std::move(session));
}

// Begins again from C_Initialize when it is time to. True when the token can be used.
bool Provider::revive() {
    if (state_ == State::stopped) return false;
    const std::unique_lock alone{life_, quiet_wait};
    if (!alone) return state_ == State::usable;  // calls hang in the library, which so cannot be ended
    if (state_ == State::usable) return true;
    if (state_ == State::stopped || Steady::now() < next_revival_) return false;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& session : idle_)
            session->abandon();
        idle_.clear();
    }
    if (owner_) owner_->abandon();
    owner_.reset();
    module_->finalize();
    const auto connected = connect(false);
    if (connected) {
        revival_pause_ = std::chrono::milliseconds{0};
        common::log::info("hsm_usable_again",
                          {{"generation", Safe::number(static_cast<std::int64_t>(generation_))}});
        return true;
    }
    revival_pause_ = std::clamp(revival_pause_ * 2, pause_min, pause_max);
    next_revival_ = Steady::now() + revival_pause_;
    common::log::failure("hsm_unusable", connected.error());
    const std::lock_guard lock{mutex_};
    last_error_ = connected.error().log_detail();
    return false;
}

void Provider::mark_down(std::uint64_t generation, const Call& call) {
    // A late failure of a call that began before the last revival says nothing of the present.
    if (generation != generation_) return;
    auto expected = State::usable;
    if (state_.compare_exchange_strong(expected, State::down))
        common::log::error("hsm_down", {{"result", Safe::param(name_of(call.value))},
                                        {"function", Safe::param(call.function)}});
}

void Provider::device_failed(const Call& call) {
    const std::shared_lock alive{life_, quiet_wait};
    if (alive) mark_down(generation_, call);
}

void Provider::note_failure(const Call& call) {
    const std::lock_guard lock{mutex_};
    last_error_ = std::string{name_of(call.value)} + " in " + call.function;
}

void Provider::note_success() {
    const std::lock_guard lock{mutex_};
    last_success_ = Steady::now();
}

std::vector<KeyRef> Provider::known_keys() const {
    const std::lock_guard lock{mutex_};
    std::vector<KeyRef> all;
    for (const auto& entry : keys_)
        all.push_back(entry.first);
    return all;
}

Hsm::Health Provider::health() const {
    const std::lock_guard lock{mutex_};
    return {state_ == State::usable,
            std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - last_success_), last_error_};
}

}  // namespace hsm
