#include "gateway/store/session.h"

namespace gateway::store {

void enter(Transaction& tx, common::AccountId account) {
    // SET LOCAL takes no parameters; set_config() would, but stays on the coordinator of a sharded database.
    tx.exec_raw("SET LOCAL app.account_id = '" + std::to_string(account.value) + "'");
}

void enter_scan(Transaction& tx, Scan scan) {
    tx.exec_raw(scan == Scan::acquirer_requests ? "SET LOCAL app.scan = 'acquirer_requests'"
                                                : "SET LOCAL app.scan = 'idempotency_keys'");
}

}  // namespace gateway::store
