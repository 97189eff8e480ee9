// What changed a merchant's balance, as the merchant API shows it. It is a view of the ledger: the transfers
// are written in the same transaction.
#pragma once

#include <optional>
#include <vector>

#include <boost/describe.hpp>

#include "common/money.h"
#include "gateway/object.h"

namespace gateway {

struct FeeDetail {
    std::int64_t amount = 0;
    std::string type, description;
};
BOOST_DESCRIBE_STRUCT(FeeDetail, (), (amount, type, description))

enum class BalanceStatus : std::uint8_t { pending, available };
BOOST_DESCRIBE_ENUM(BalanceStatus, pending, available)

struct BalanceTransaction : Object {
    std::string type = "charge", reporting_category = "charge";
    BalanceStatus status = BalanceStatus::pending;
    common::Currency currency = *common::Currency::find("eur");  // until it is set
    std::int64_t amount = 0, fee = 0, net = 0;                   // net = amount − fee
    std::vector<FeeDetail> fee_details;                          // their sum is the fee
    std::int64_t available_on = 0;                               // unix seconds
    std::optional<std::string> source, payout, description;      // source: the charge
};
BOOST_DESCRIBE_STRUCT(BalanceTransaction, (),
                      (type, reporting_category, status, currency, amount, fee, net, fee_details,
                       available_on, source, payout, description))

}  // namespace gateway
