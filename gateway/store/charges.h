#pragma once

#include "gateway/payments/payment.h"
#include "gateway/store/session.h"

namespace gateway::store {

void insert(Transaction& tx, const Charge& charge);
std::optional<Charge> find_charge(Transaction& tx, const Scope& scope, const std::string& id);
std::optional<Charge> lock_charge(Transaction& tx, const Scope& scope, const std::string& id);
void update(Transaction& tx, const Charge& charge);
// Takes back a charge whose authorization was never sent.
void remove_charge(Transaction& tx, const Scope& scope, const std::string& id);
bool charge_in_other_mode(Transaction& tx, const Scope& scope, const std::string& id);

}  // namespace gateway::store
