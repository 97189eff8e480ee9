// What a capture costs the merchant: a share of the amount and a fixed part. Integers only.
#pragma once

#include <map>
#include <string>

#include "common/money.h"

namespace gateway::ledger {

inline constexpr std::int64_t basis_points_max = 10'000;

struct PriceList {
    std::int64_t basis_points = 150;  // hundredths of a percent of the amount, 0–basis_points_max
    std::int64_t fixed = 25;          // minor units, ≥ 0, in each currency that is not named here:
    std::map<std::string, std::int64_t, std::less<>> fixed_in;

    std::int64_t fixed_of(common::Currency currency) const;
};

// amount · basis_points / 10000, where half a minor unit and more is rounded up, and the fixed part; never
// more than the amount, so that no payment leaves the merchant owing. The amount is > 0.
std::int64_t fee_of(common::Money amount, const PriceList& prices);

// What holds between the operator and all merchants.
struct Terms {
    PriceList prices;
    std::int64_t settlement_days = 2;  // from the capture until the money is available
};

}  // namespace gateway::ledger
