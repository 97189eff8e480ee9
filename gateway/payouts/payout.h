// Payouts as the domain knows them: a merchant's available money on its way to his bank account. The amount
// is minor units of `currency`.
#pragma once

#include <optional>
#include <string>

#include <boost/describe.hpp>
#include <boost/json/object.hpp>

#include "common/money.h"
#include "gateway/object.h"

namespace gateway {

enum class PayoutStatus : std::uint8_t { pending, in_transit, paid, canceled, failed };
BOOST_DESCRIBE_ENUM(PayoutStatus, pending, in_transit, paid, canceled, failed)

enum class PayoutMethod : std::uint8_t { standard, instant };
BOOST_DESCRIBE_ENUM(PayoutMethod, standard, instant)

struct Payout : Object {
    std::int64_t amount = 0;
    common::Currency currency = *common::Currency::find("eur");  // until it is set
    PayoutStatus status = PayoutStatus::pending;
    PayoutMethod method = PayoutMethod::standard;
    std::int64_t arrival_date = 0;  // unix seconds
    std::string destination;        // the bank account
    std::optional<std::string> description, statement_descriptor, balance_transaction,
        failure_balance_transaction, failure_code;
    boost::json::object metadata;
    std::optional<std::string> trace;    // the bank's reference; once there is one, the bank has the order
    std::optional<std::int64_t> due_at;  // when the clock is to look at it next, in milliseconds
};
BOOST_DESCRIBE_STRUCT(Payout, (),
                      (amount, currency, status, method, arrival_date, destination, description,
                       statement_descriptor, balance_transaction, failure_balance_transaction, failure_code,
                       metadata, trace, due_at))

}  // namespace gateway
