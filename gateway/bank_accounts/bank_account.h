// Bank accounts: a merchant's, where his payouts go, and those that came as tokens.
#pragma once

#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "common/money.h"
#include "gateway/object.h"

namespace gateway {

struct BankAccount : Object {                                    // "ba_…"
    std::string country;                                         // ISO 3166, two letters
    common::Currency currency = *common::Currency::find("eur");  // until it is set
    std::string last4, fingerprint, sealed_number;               // see numbers.h
    std::optional<std::string> holder_name, holder_type, account_type, bank_name, routing_number, customer;
    // One in each mode and currency takes the merchant's payouts; those that it replaced stay for the payouts
    // that went there.
    bool active = true;
};
// With the id, to which the number is sealed: a token's document has no other place for it.
BOOST_DESCRIBE_STRUCT(BankAccount, (),
                      (id, country, currency, last4, fingerprint, sealed_number, holder_name, holder_type,
                       account_type, bank_name, routing_number, customer, active))

}  // namespace gateway
