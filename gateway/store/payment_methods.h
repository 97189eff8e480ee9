#pragma once

#include "gateway/payments/payment.h"
#include "gateway/store/session.h"

namespace gateway::store {

void insert(Transaction& tx, const PaymentMethod& method);
std::optional<PaymentMethod> find_payment_method(Transaction& tx, const Scope& scope, const std::string& id);
// Locked until the transaction ends.
std::optional<PaymentMethod> lock_payment_method(Transaction& tx, const Scope& scope, const std::string& id);
// customer, consumed and the document
void update(Transaction& tx, const PaymentMethod& method);
// Whether the id exists in the other mode.
bool payment_method_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id);

}  // namespace gateway::store
