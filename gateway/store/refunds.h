#pragma once

#include "gateway/refunds/refund.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<Refund> {
    static constexpr common::Text kind = "refund";
    static constexpr const char* table = "refunds";
    static constexpr std::array columns{"charge", "payment_intent", "status", "amount"};
};

// The acquirer request by which a charge was captured.
std::optional<std::string> capture_of(Transaction& tx, const Charge& charge);

}  // namespace gateway::store
