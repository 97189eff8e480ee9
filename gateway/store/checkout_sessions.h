#pragma once

#include "gateway/checkout/session.h"
#include "gateway/store/table.h"

namespace gateway::store {

template <>
struct Shape<CheckoutSession> {
    static constexpr common::Text kind = "checkout.session";
    static constexpr const char* table = "checkout_sessions";
    static constexpr std::array columns{"status", "customer", "email", "payment_intent", "due_at"};
};

struct DueSession {
    std::string id;
    Scope scope;
};

// Accounts with open ones that are to be looked at, those that have waited longest first.
std::vector<common::AccountId> accounts_with_due_sessions(Transaction& tx, std::int64_t now, int limit);
// Without a lock.
std::vector<DueSession> due_sessions(Transaction& tx, common::AccountId account, std::int64_t now, int limit);

}  // namespace gateway::store
