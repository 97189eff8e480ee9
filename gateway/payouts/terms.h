// How payouts go, as the operator has configured it.
#pragma once

#include <algorithm>

#include "gateway/payouts/payout.h"

namespace gateway::payouts {

struct Terms {
    bool test_mode = false, live_mode = false;  // where there is a bank
    std::int64_t days = 2;                      // until a standard payout arrives
    std::int64_t instant_minutes = 30;          // until an instant one does
    std::int64_t hold_minutes = 60;  // until a standard one is sent to the bank; so long it can be canceled

    bool serves(bool livemode) const { return livemode ? live_mode : test_mode; }
    std::int64_t arrival(PayoutMethod method, std::int64_t now) const {
        return now + (method == PayoutMethod::instant ? instant_minutes * 60 : days * 24 * 3600);
    }
    // Milliseconds; never after the arrival.
    std::int64_t sending_ms(PayoutMethod method, std::int64_t now_ms) const {
        if (method == PayoutMethod::instant) return now_ms;
        return now_ms + std::min(hold_minutes * 60, days * 24 * 3600) * 1000;
    }
};

}  // namespace gateway::payouts
