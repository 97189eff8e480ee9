#pragma once

#include "gateway/payments/request.h"
#include "gateway/store/session.h"

namespace gateway::store {

void insert(Transaction& tx, const AcquirerRequest& request);
std::optional<AcquirerRequest> find_request(Transaction& tx, common::AccountId account,
                                            const std::string& id);
std::optional<AcquirerRequest> lock_request(Transaction& tx, common::AccountId account,
                                            const std::string& id);
// state, responded, outcome, due_at and the document
void update(Transaction& tx, const AcquirerRequest& request);

// Accounts with a request that is due, the longest waiting first; under Scan::acquirer_requests.
std::vector<common::AccountId> accounts_with_due_requests(Transaction& tx, std::int64_t now_ms, int limit);
// Takes due requests of one account for `until_ms`; what another process is taking is skipped.
std::vector<AcquirerRequest> lease_due_requests(Transaction& tx, common::AccountId account,
                                                std::int64_t now_ms, std::int64_t until_ms, int limit);

}  // namespace gateway::store
