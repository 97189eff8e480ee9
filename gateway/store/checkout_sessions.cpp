#include "gateway/store/checkout_sessions.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement due_accounts{"checkout_due_accounts",
                                 "SELECT account_id FROM checkout_sessions WHERE due_at <= $1"
                                 " GROUP BY account_id ORDER BY min(due_at) LIMIT $2"};
constexpr Statement due{"checkout_due",
                        "SELECT id, livemode FROM checkout_sessions WHERE account_id = $1 AND due_at <= $2"
                        " ORDER BY due_at LIMIT $3"};

}  // namespace

PORTCULLIS_TABLE(CheckoutSession);

std::vector<common::AccountId> accounts_with_due_sessions(Transaction& tx, std::int64_t now, int limit) {
    std::vector<common::AccountId> accounts;
    for (const auto& row : tx.exec(due_accounts, now, limit))
        accounts.push_back({row[0].as<std::int64_t>()});
    return accounts;
}

std::vector<DueSession> due_sessions(Transaction& tx, common::AccountId account, std::int64_t now,
                                     int limit) {
    std::vector<DueSession> sessions;
    for (const auto& row : tx.exec(due, account.value, now, limit))
        sessions.push_back({row[0].as<std::string>(), {account, row[1].as<bool>()}});
    return sessions;
}

}  // namespace gateway::store
