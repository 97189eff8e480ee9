// Which parts of setup intents and their attempts are columns of their tables.
#pragma once

#include "gateway/setups/setup.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<SetupIntent> {
    static constexpr common::Text kind = "setupintent";
    static constexpr const char* table = "setup_intents";
    static constexpr std::array columns{"status", "customer", "payment_method", "in_flight"};
};

template <>
struct Shape<SetupAttempt> {
    static constexpr common::Text kind = "setupattempt";
    static constexpr const char* table = "setup_attempts";
    static constexpr std::array columns{"setup_intent", "status"};
};

}  // namespace gateway::store
