#include "gateway/store/payments.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

#define LAPSED                                                                     \
    "capture_before <= $1 AND capture_before IS NOT NULL AND status = 'succeeded'" \
    " AND amount_captured + released < amount_authorized"

constexpr common::db::Statement lapsed_accounts{"lapsed_accounts",
                                                "SELECT account_id FROM charges WHERE " LAPSED
                                                " GROUP BY account_id ORDER BY min(capture_before) LIMIT $2"};
constexpr common::db::Statement lapsed_of_account{"lapsed_of_account",
                                                  "SELECT id, livemode FROM charges WHERE " LAPSED
                                                  " AND account_id = $2 ORDER BY capture_before LIMIT $3"};

}  // namespace

PORTCULLIS_TABLE(PaymentMethod);
PORTCULLIS_TABLE(PaymentIntent);
PORTCULLIS_TABLE(Charge);

std::vector<common::AccountId> accounts_with_lapsed_charges(Transaction& tx, std::int64_t now, int limit) {
    std::vector<common::AccountId> accounts;
    for (const auto& row : tx.exec(lapsed_accounts, now, limit))
        accounts.push_back({row[0].as<std::int64_t>()});
    return accounts;
}

std::vector<LapsedCharge> lapsed_charges(Transaction& tx, common::AccountId account, std::int64_t now,
                                         int limit) {
    std::vector<LapsedCharge> found;
    for (const auto& row : tx.exec(lapsed_of_account, now, account.value, limit))
        found.push_back({{account, row[1].as<bool>()}, row[0].as<std::string>()});
    return found;
}

}  // namespace gateway::store
