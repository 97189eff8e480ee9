// What a merchant does with payouts. What becomes of them is for the clock: see settle.h.
#pragma once

#include "gateway/payments/changes.h"
#include "gateway/payouts/payout.h"
#include "gateway/payouts/terms.h"
#include "gateway/work.h"

namespace gateway::payouts {

struct NewPayout {
    std::int64_t amount = 0;
    common::Currency currency = *common::Currency::find("eur");  // until it is set
    PayoutMethod method = PayoutMethod::standard;
    std::optional<std::string> destination, description, statement_descriptor;
    boost::json::object metadata;
};

// Takes the money from what is available, however many ask for it at once: 400 balance_insufficient, as well
// as payouts_not_allowed and what is wrong with amount or destination.
common::Result<Payout> create(Work& work, const Terms& terms, const NewPayout& input);
common::Result<Payout> update(Work& work, const std::string& id, const Change<boost::json::object>& metadata);
// Gives the money back. 400 in every state but pending.
common::Result<Payout> cancel(Work& work, const std::string& id);
// Always 400, or 404: this gateway takes no money from bank accounts.
common::Result<Payout> reverse(Work& work, const std::string& id);

}  // namespace gateway::payouts
