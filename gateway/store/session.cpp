#include "gateway/store/session.h"

namespace gateway::store {

void enter(Transaction& tx, common::AccountId account) {
    // SET LOCAL takes no parameters; set_config() would, but stays on the coordinator of a sharded database.
    tx.exec_raw("SET LOCAL app.account_id = '" + std::to_string(account.value) + "'");
}

void enter_scan(Transaction& tx, Scan scan) {
    switch (scan) {
        case Scan::acquirer_requests:
            tx.exec_raw("SET LOCAL app.scan = 'acquirer_requests'");
            break;
        case Scan::idempotency_keys:
            tx.exec_raw("SET LOCAL app.scan = 'idempotency_keys'");
            break;
        case Scan::webhook_deliveries:
            tx.exec_raw("SET LOCAL app.scan = 'webhook_deliveries'");
            break;
        case Scan::webhook_purge:
            tx.exec_raw("SET LOCAL app.scan = 'webhook_purge'");
            break;
        case Scan::balance_transactions:
            tx.exec_raw("SET LOCAL app.scan = 'balance_transactions'");
            break;
        case Scan::charges:
            tx.exec_raw("SET LOCAL app.scan = 'charges'");
            break;
        case Scan::checkout_sessions:
            tx.exec_raw("SET LOCAL app.scan = 'checkout_sessions'");
            break;
        case Scan::payouts:
            tx.exec_raw("SET LOCAL app.scan = 'payouts'");
            break;
    }
}

}  // namespace gateway::store
