#pragma once

#include "common/config.h"
#include "gateway/ledger/fees.h"
#include "gateway/payouts/terms.h"

namespace gateway::api {

// fees.* and settlement.* of the configuration.
common::Result<ledger::Terms> terms_of(const common::Config& config);
// payouts.*
common::Result<payouts::Terms> payout_terms_of(const common::Config& config);

}  // namespace gateway::api
