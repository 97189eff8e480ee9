// The bank that carries payouts out. It is asked outside of transactions, and may be asked the same thing
// twice.
#pragma once

#include "common/secret.h"
#include "common/task.h"
#include "gateway/bank_accounts/bank_account.h"

namespace gateway::payouts {

struct Order {
    Scope scope;
    std::string payout;  // by which the bank knows the order: the second of this name is the first
    common::Money amount;
    BankAccount destination;
    common::SecretText number;
    std::string statement_descriptor;
    std::int64_t arrival_date = 0;  // unix seconds
};

struct Outcome {
    std::string failure_code;  // "" = paid
    bool paid() const { return failure_code.empty(); }
};

class Bank {
  public:
    virtual ~Bank() = default;
    // The bank's reference, the same each time. An error says nothing about whether it has the order.
    virtual common::Task<std::string> take(Order order) = 0;
    // What has become of an order that it took; nothing as long as it is on its way. What was paid may come
    // back later.
    virtual common::Task<std::optional<Outcome>> outcome(Scope scope, std::string payout) = 0;
};

}  // namespace gateway::payouts
