// When a webhook that was not taken is sent again, and when it is given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gateway::webhooks {

using std::chrono::milliseconds;

inline constexpr milliseconds given_up_after = std::chrono::hours{72};  // since the first try, in live mode
inline constexpr double jitter_max = 0.2;

struct Tries {
    bool livemode = false;
    int made = 1;  // the one that has just failed included
    milliseconds since_first{0};
};

// How long to wait for the next try; nothing: there is none. `jitter` of -1 … 1 stretches the pause by up to
// 20 % either way, so that what failed together does not come back together.
std::optional<milliseconds> pause_before_next(const Tries& tries, double jitter);
// Of -1 … 1.
double random_jitter();

}  // namespace gateway::webhooks
