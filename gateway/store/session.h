// What every transaction of the gateway begins with: whose rows it may see.
#pragma once

#include "common/db/pool.h"
#include "common/ids.h"

namespace gateway::store {

using common::db::Transaction;

// Row-level security hides the rows of every other account until the transaction ends.
void enter(Transaction& tx, common::AccountId account);

// The scans over all accounts that the policies of the schema allow.
enum class Scan : std::uint8_t {
    acquirer_requests,
    idempotency_keys,
    webhook_deliveries,
    webhook_purge,
    balance_transactions,
    charges,
    checkout_sessions,
    payouts,
};
void enter_scan(Transaction& tx, Scan scan);

}  // namespace gateway::store
