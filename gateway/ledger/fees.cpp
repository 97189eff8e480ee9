#include "gateway/ledger/fees.h"

#include <algorithm>

#include "common/assert.h"

namespace gateway::ledger {

std::int64_t PriceList::fixed_of(common::Currency currency) const {
    const auto found = fixed_in.find(currency.code());
    return found == fixed_in.end() ? fixed : found->second;
}

std::int64_t fee_of(common::Money amount, const PriceList& prices) {
    const auto fixed = prices.fixed_of(amount.currency());
    PORTCULLIS_ASSERT(amount.minor() > 0 && fixed >= 0);
    PORTCULLIS_ASSERT(prices.basis_points >= 0 && prices.basis_points <= basis_points_max);
    // Whole ten thousands apart from the rest, so that no product leaves 64 bits.
    const auto whole = amount.minor() / basis_points_max, rest = amount.minor() % basis_points_max;
    const auto share =
        whole * prices.basis_points + (rest * prices.basis_points + basis_points_max / 2) / basis_points_max;
    return share + std::min(fixed, amount.minor() - share);
}

}  // namespace gateway::ledger
