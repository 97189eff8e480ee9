// Parameters of the balance, its transactions and the ledger.
#pragma once

#include "gateway/api/lists.h"

namespace gateway::api {

inline constexpr Rule list_balance_rules[] = {PORTCULLIS_LIST_RULES, range("created"), text("currency", 3),
                                              text("payout"),        text("source"),   text("type")};
inline constexpr Rule list_transfers_rules[] = {PORTCULLIS_LIST_RULES, range("created"), text("source")};

}  // namespace gateway::api
