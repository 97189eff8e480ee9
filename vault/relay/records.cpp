#include "vault/relay/records.h"

#include <algorithm>
#include <array>

namespace vault::relay {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
    return std::ranges::find(codes, code) != codes.end();
}

constexpr std::array<std::string_view, 5> approvals{"00", "08", "10", "11", "85"};
// The host could not say yes or no.
constexpr std::array<std::string_view, 4> undecided{"06", "19", "91", "96"};
// Reversed, never seen, seen before, nothing to do: whichever it is, no hold is left.
constexpr std::array<std::string_view, 4> reversal_done{"00", "21", "25", "94"};
constexpr std::array<std::string_view, 2> capture_done{"00", "94"};

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::authorization:
            return "authorization";
        case Kind::capture:
            return "capture";
        case Kind::reversal:
            return "reversal";
        case Kind::refund:
            return "refund";
        case Kind::refused:
            return "refused";
    }
    return "refused";
}

std::string_view to_string(State state) {
    switch (state) {
        case State::intent:
            return "intent";
        case State::queued:
            return "queued";
        case State::answered:
            return "answered";
        case State::reversed:
            return "reversed";
        case State::not_sent:
            return "not_sent";
        case State::parked:
            return "parked";
    }
    return "parked";
}

bool is_approval(std::string_view response_code) {
    return is_one_of(response_code, approvals);
}

Disposition disposition(Kind kind, std::string_view response_code) {
    if (is_one_of(response_code, undecided)) return Disposition::repeat;
    // A capture that is refused has failed for good, and the answer says why. A reversal cannot be refused.
    if (kind == Kind::capture || is_one_of(response_code, reversal_done)) return Disposition::done;
    return Disposition::park;
}

bool needs_alarm(Kind kind, std::string_view response_code) {
    if (kind == Kind::reversal) return disposition(kind, response_code) == Disposition::park;
    return kind == Kind::capture && !is_one_of(response_code, capture_done) &&
           disposition(kind, response_code) == Disposition::done;
}

}  // namespace vault::relay
