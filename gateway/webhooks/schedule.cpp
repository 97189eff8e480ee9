#include "gateway/webhooks/schedule.h"

#include <algorithm>
#include <array>

#include "common/crypto.h"

namespace gateway::webhooks {
namespace {

using namespace std::chrono_literals;

constexpr std::array<milliseconds, 6> live_pauses{1min, 5min, 30min, 2h, 5h, 10h};
constexpr milliseconds live_pause_last = 12h;
constexpr std::array<milliseconds, 2> test_pauses{5min, 2h};  // three tries in all

}  // namespace

std::optional<milliseconds> pause_before_next(const Tries& tries, double jitter) {
    const auto index = static_cast<std::size_t>(std::max(tries.made, 1) - 1);
    if (!tries.livemode && index >= test_pauses.size()) return std::nullopt;
    auto pause = live_pause_last;
    if (!tries.livemode)
        pause = test_pauses.at(index);
    else if (index < live_pauses.size())
        pause = live_pauses.at(index);
    const double stretch = 1 + jitter_max * std::clamp(jitter, -1.0, 1.0);
    pause = milliseconds{static_cast<std::int64_t>(static_cast<double>(pause.count()) * stretch)};
    if (tries.livemode && tries.since_first + pause > given_up_after) return std::nullopt;
    return pause;
}

double random_jitter() {
    std::array<std::uint8_t, 4> drawn{};
    common::crypto::random_bytes(drawn);
    std::uint32_t number = 0;
    for (const auto byte : drawn)
        number = number << 8 | byte;
    return 2.0 * number / 0xffffffffU - 1;
}

}  // namespace gateway::webhooks
