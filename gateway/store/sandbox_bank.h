// The sandbox bank's own book.
#pragma once

#include "gateway/scope.h"
#include "gateway/store/session.h"

namespace gateway::store {

struct BankOrder {
    Scope scope;
    std::string payout;
    std::int64_t amount = 0;
    std::string currency, reference;
    std::int64_t settles_at = 0;  // unix seconds
    std::string failure_code;     // what will have become of it then; "" = paid
};

// Leaves an order for the same payout as it is.
void insert(Transaction& tx, const BankOrder& order);
std::optional<BankOrder> find_bank_order(Transaction& tx, const Scope& scope, const std::string& payout);

}  // namespace gateway::store
