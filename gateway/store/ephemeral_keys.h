#pragma once

#include "gateway/merchants/ephemeral_keys.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<EphemeralKey> {
    static constexpr common::Text kind = "ephemeral key";
    static constexpr const char* table = "ephemeral_keys";
    static constexpr std::array columns{"customer", "expires_at"};
};

// Those of the customer whose time is over.
void remove_expired_keys(Transaction& tx, const Scope& scope, const std::string& customer, std::int64_t now);

}  // namespace gateway::store
