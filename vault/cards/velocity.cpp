#include "vault/cards/velocity.h"

#include "vault/client/card_errors.h"

namespace vault::cards {
namespace {

using common::Fail;
using common::SecretBytes;
using common::Task;

constexpr std::chrono::minutes slot_time{5};
constexpr std::int64_t slots_an_hour = std::chrono::hours{1} / slot_time;

SecretBytes input_of(std::string_view digits) {
    constexpr std::string_view context{"portcullis-velocity\0", 20};
    SecretBytes input{context.size() + digits.size()};
    const auto out = std::copy(context.begin(), context.end(), input.bytes().begin());
    std::copy(digits.begin(), digits.end(), out);
    return input;
}

}  // namespace

std::int64_t velocity_slot_of(common::TimePoint time) {
    return time.time_since_epoch() / slot_time;
}

Task<bool> Velocity::allow(const Pan& pan, common::Deadline deadline) {
    if (per_hour_ == 0) co_return true;
    const auto key = co_await registry_.active(hsm::Purpose::velocity, deadline);
    if (!key) co_return Fail{key.error()};
    const auto mac = co_await hsm_.mac(*key, input_of(pan.digits(PanAccess{})), deadline);
    if (!mac) co_return Fail{mac.error()};
    const auto slot = velocity_slot_of(clock_.now());
    const auto counted =
        co_await counters_.count({mac->begin(), mac->end()}, slot, slot - slots_an_hour, per_hour_, deadline);
    if (!counted) co_return Fail{counted.error()};
    if (!*counted) co_return Fail{card_error(CardFault::velocity_exceeded)};
    co_return true;
}

}  // namespace vault::cards
