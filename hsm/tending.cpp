// Provider's care for the tokens that are not in use: a copy that would not do is known before it is needed,
// and the primary is gone back to.
#include "common/log.h"
#include "hsm/provider.h"

namespace hsm {
namespace {

using common::Cause;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds lock_wait{500};
constexpr int look_pause_max = 16;  // times Options::other_tokens_every

}  // namespace

void Provider::tend(const std::stop_token& stop) {
    std::unique_lock lock{tending_mutex_};
    while (!stop.stop_requested()) {
        tending_.wait_for(lock, stop, options_.other_tokens_every, [] { return false; });
        for (std::size_t token = 0; token < admission_.size() && !stop.stop_requested(); ++token)
            if (token != in_use_ && state_ == State::usable && !admission_.pin_refused(token))
                try_other(token);
    }
}

void Provider::try_other(std::size_t token) {
    std::optional<Admitted> better;
    std::uint64_t generation = 0;
    bool absent = false;
    {
        const std::shared_lock alive{life_, lock_wait};
        if (!alive || state_ != State::usable) return;
        generation = generation_;
        auto admitted = admission_.admit(token, known_ids());
        if (admitted && token < in_use_) better = std::move(*admitted);
        if (!admitted) {
            common::log::failure("hsm_other_token_unusable", admitted.error());
            absent = token < in_use_ && admitted.error().cause() == Cause::not_found;
        }
    }
    if (better) go_over(std::move(*better), generation);
    if (absent) look_for_absent();
}

void Provider::go_over(Admitted admitted, std::uint64_t generation) {
    const auto still = [&] { return generation == generation_ && state_ == State::usable; };
    if (const std::unique_lock alone{life_, lock_wait}; alone && still()) {
        drop_idle(false);
        install(std::move(admitted));
        return;
    }
    const std::shared_lock alive{life_};
    // If the library has begun again the handle may be somebody else's by now.
    if (!still()) admitted.owner->abandon();
    admitted.owner.reset();
}

// Many a module lists its tokens at C_Initialize only. Beginning again holds up every call for as long as it
// takes, so it is done ever more seldom.
void Provider::look_for_absent() {
    if (Steady::now() < next_look_) return;
    look_pause_ = std::clamp(look_pause_ * 2, options_.other_tokens_every,
                             options_.other_tokens_every * look_pause_max);
    next_look_ = Steady::now() + look_pause_;
    auto expected = State::usable;
    if (state_.compare_exchange_strong(expected, State::down)) revive();
    if (in_use_ == 0) look_pause_ = std::chrono::milliseconds{0};
}

}  // namespace hsm
