#include "gateway/store/sandbox_bank.h"

namespace gateway::store {
namespace {

using common::db::Statement;

constexpr Statement insert_order{
    "sandbox_bank_insert",
    "INSERT INTO sandbox_bank_orders (account_id, payout, livemode, amount, currency, reference, settles_at,"
    " failure_code) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id, payout) DO NOTHING"};
constexpr Statement find_order{"sandbox_bank_find",
                               "SELECT amount, currency, reference, settles_at, failure_code"
                               " FROM sandbox_bank_orders"
                               " WHERE account_id = $1 AND livemode = $2 AND payout = $3"};

}  // namespace

void insert(Transaction& tx, const BankOrder& order) {
    tx.exec(insert_order, order.scope.account.value, order.payout, order.scope.livemode, order.amount,
            order.currency, order.reference, order.settles_at, order.failure_code);
}

std::optional<BankOrder> find_bank_order(Transaction& tx, const Scope& scope, const std::string& payout) {
    const auto rows = tx.exec(find_order, scope.account.value, scope.livemode, payout);
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    return BankOrder{scope,
                     payout,
                     row[0].as<std::int64_t>(),
                     row[1].as<std::string>(),
                     row[2].as<std::string>(),
                     row[3].as<std::int64_t>(),
                     row[4].as<std::string>()};
}

}  // namespace gateway::store
