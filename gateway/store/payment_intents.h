#pragma once

#include "gateway/payments/payment.h"
#include "gateway/store/session.h"

namespace gateway::store {

struct IntentRow {
    PaymentIntent intent;
    std::string in_flight;  // acquirer request that is on its way; "" = none: others may act
};

void insert(Transaction& tx, const PaymentIntent& intent, const std::string& in_flight);
std::optional<PaymentIntent> find_payment_intent(Transaction& tx, const Scope& scope, const std::string& id);
// Locked until the transaction ends.
std::optional<IntentRow> lock_payment_intent(Transaction& tx, const Scope& scope, const std::string& id);
// Everything but the identity. Only while the status is still `from`: false otherwise.
bool update(Transaction& tx, const PaymentIntent& intent, IntentStatus from, const std::string& in_flight);
// Takes back an intent that was made for a confirmation that was never sent.
void remove_payment_intent(Transaction& tx, const Scope& scope, const std::string& id);
bool payment_intent_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id);

}  // namespace gateway::store
