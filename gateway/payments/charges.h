// What a merchant may say about a charge afterwards.
#pragma once

#include "gateway/payments/changes.h"
#include "gateway/payments/payment.h"
#include "gateway/work.h"

namespace gateway {

struct ChargeChanges {
    Change<std::string> description, receipt_email, user_report;  // safe, fraudulent
    Change<boost::json::object> shipping, metadata;
    std::optional<std::string> customer, transfer_group;  // only where there is none
};

namespace payments {

// Writes charge.updated.
common::Result<Charge> update_charge(Work& work, const std::string& id, const ChargeChanges& changes);

}  // namespace payments
}  // namespace gateway
