// Payment methods as a customer's: attached ones may be used again and again.
#pragma once

#include "gateway/payments/changes.h"
#include "gateway/payments/payment.h"
#include "gateway/work.h"

namespace gateway {

struct PaymentMethodChanges {
    Change<boost::json::object> address;
    Change<std::string> email, name, phone, tax_id;
    Change<boost::json::object> metadata;
    std::optional<std::string> allow_redisplay;
    std::optional<std::int64_t> exp_month, exp_year;
};

namespace customers {

// Of an attached method only. New expiry dates are the vault's to check: see PaymentService.
common::Result<PaymentMethod> update_method(Work& work, const std::string& id,
                                            const PaymentMethodChanges& changes);
// For good: it can be read, but never be attached or charged again. 400 when it is attached to nobody.
common::Result<PaymentMethod> detach_method(Work& work, const std::string& id);
// All of a customer who goes.
void detach_all(Work& work, const std::string& customer);

}  // namespace customers
}  // namespace gateway
