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

constexpr std::chrono::milliseconds pause_max{2000};
constexpr std::chrono::milliseconds quiet_wait{500};  // for calls under way, before the library begins again
constexpr int attempts_max = 6;                       // each kind of trouble is healed once

std::vector<std::string> labels_of(const Options& options) {
    std::vector<std::string> labels{options.token_label};
    labels.insert(labels.end(), options.fallback_tokens.begin(), options.fallback_tokens.end());
    return labels;
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

Provider::Provider(Options options, Profile profile, std::unique_ptr<Module> module, common::SecretBytes pin,
                   common::Metrics& metrics)
    : options_{std::move(options)},
      metrics_{metrics},
      module_{std::move(module)},
      admission_{*module_, canaries_, std::move(profile), labels_of(options_), std::move(pin), metrics} {}

Result<std::unique_ptr<Provider>> Provider::start(const Options& options, std::vector<KeyRef> required,
                                                  common::Metrics& metrics) {
    auto pin = common::read_secret_file(options.pin_file);
    if (!pin) return Fail{std::move(pin.error())};
    auto profile = Profile::load(options.profile_file, options.directory, options.token_label);
    if (!profile) return Fail{std::move(profile.error())};
    auto module = Module::load(options.module, profile->library_parameters, metrics);
    if (!module) return Fail{std::move(module.error())};
    std::unique_ptr<Provider> made{
        new Provider{options, std::move(*profile), std::move(*module), std::move(*pin), metrics}};
    if (auto connected = made->connect(true); !connected) return Fail{std::move(connected.error())};
    for (const auto key : required)
        if (!made->keys_.contains(key))
            return Fail{Error::internal("HSM: the token has no key {}; make it with: portcullis-hsm keys",
                                        {Safe::param(label_of(key))})};
    if (made->admission_.size() > 1)
        made->tender_ =
            std::jthread{[provider = made.get()](const std::stop_token& stop) { provider->tend(stop); }};
    return made;
}

Provider::~Provider() {
    if (tender_.joinable()) {
        tender_.request_stop();
        tender_.join();
    }
    idle_.clear();
    owner_.reset();
}

// From C_Initialize to a token that may be used, the primary if that is one. The caller holds life_ alone (or
// is the only one).
Status Provider::connect(bool first) {
    last_connect_ = Steady::now();
    if (auto done = module_->initialize(); !done.ok()) return Fail{error_of(done)};
    std::optional<Error> why;
    const auto known = known_ids();
    for (std::size_t token = 0; token < admission_.size(); ++token) {
        auto admitted = admission_.admit(token, known);
        // Once more at once: a token that has just come back may well fail a first call.
        if (!admitted && admitted.error().cause() == common::Cause::unavailable)
            admitted = admission_.admit(token, known);
        if (admitted) {
            install(std::move(*admitted));
            return {};
        }
        const bool absent = admitted.error().cause() == common::Cause::unavailable ||
                            admitted.error().cause() == common::Cause::not_found;
        if (!why) why = std::move(admitted.error());
        if (first && !absent) break;  // someone is there to put it right
    }
    if (admission_.every_pin_refused()) state_ = State::stopped;
    return Fail{std::move(*why)};
}

// The caller holds life_ alone (or is the only one).
void Provider::install(Admitted admitted) {
    const auto generation = ++generation_;
    slot_ = admitted.slot;
    admitted.owner->generation = generation;
    owner_ = std::move(admitted.owner);
    if (admitted.token != in_use_) {
        metrics_.count("hsm_failovers_total", {{"to", admission_.label(admitted.token)}});
        common::log::error("hsm_token_changed", {{"from", Safe::param(admission_.label(in_use_))},
                                                 {"to", Safe::param(admission_.label(admitted.token))}});
    }
    in_use_ = admitted.token;
    for (std::size_t token = 0; token < admission_.size(); ++token)
        metrics_.gauge("hsm_token_in_use", token == in_use_ ? 1 : 0, {{"token", admission_.label(token)}});
    {
        const std::lock_guard lock{mutex_};
        for (auto& [key, found] : admitted.keys)
            keys_[key] = KnownKey{std::move(found.id), found.handle, generation};
    }
    state_ = State::usable;
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
    return heal(key, state, generation);
}

// True: once more. What was healed once and fails again is taken for a failure of the device.
bool Provider::heal(const KeyRef* key, Attempt& state, std::uint64_t generation) {
    const auto call = state.outcome.call;
    switch (const auto trouble = trouble_of(call.value); trouble) {
        case Trouble::session:
            if (!state.once(trouble)) break;
            drop_idle(false);  // whatever ended this session has ended the others
            return true;
        case Trouble::handle:
            if (!state.once(trouble)) break;
            if (key != nullptr) forget_handle(*key);
            return true;
        case Trouble::login: {
            if (!state.once(trouble)) break;
            const auto done = log_in_again();
            if (done.ok()) return true;
            state.outcome = {done, false, false};
            // Another token may take the PIN.
            return trouble_of(done.value) == Trouble::pin && state_ != State::stopped &&
                   state.once(Trouble::pin);
        }
        case Trouble::device:
            break;
        default:
            return false;
    }
    mark_down(generation, call);
    state.outcome.usable = false;
    return state.once(Trouble::device);
}

void Provider::drop_idle(bool void_now) {
    std::vector<std::unique_ptr<Session>> dropped;
    {
        const std::lock_guard lock{mutex_};
        dropped.swap(idle_);
    }
    if (void_now)
        for (const auto& session : dropped)
            session->abandon();
}

Call Provider::log_in_again() {
    const std::lock_guard lock{login_mutex_};
    std::unique_ptr<Session> owner;
    auto done = Session::open(*module_, slot_, false, owner);
    if (!done.ok()) return done;
    done = admission_.login(*owner, in_use_);
    if (done.ok()) {
        owner->generation = generation_;
        owner_ = std::move(owner);
    } else if (trouble_of(done.value) == Trouble::pin) {
        auto expected = State::usable;
        state_.compare_exchange_strong(expected,
                                       admission_.every_pin_refused() ? State::stopped : State::down);
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
    drop_idle(true);
    if (owner_) owner_->abandon();
    owner_.reset();
    module_->finalize();
    const auto connected = connect(false);
    if (connected) {
        revival_pause_ = std::chrono::milliseconds{0};
        common::log::info("hsm_usable_again",
                          {{"token", Safe::param(admission_.label(in_use_))},
                           {"generation", Safe::number(static_cast<std::int64_t>(generation_))}});
        return true;
    }
    revival_pause_ = std::clamp(revival_pause_ * 2, options_.revival_pause_min, pause_max);
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

Hsm::Health Provider::health() const {
    const std::lock_guard lock{mutex_};
    return {state_ == State::usable,
            std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - last_success_), last_error_,
            admission_.label(in_use_)};
}

}  // namespace hsm
