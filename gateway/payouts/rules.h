// The business rules of payouts: pure, each an error in the API's words or nothing.
#pragma once

#include "common/result.h"
#include "gateway/bank_accounts/bank_account.h"
#include "gateway/merchants/merchants.h"
#include "gateway/payouts/terms.h"

namespace gateway::rules {

// 400 parameter_invalid_integer, or without a code where the currency is paid out in whole units only.
common::Status payout_amount(common::Money amount);
// 400 payouts_not_allowed: to this merchant, or because there is no bank in this mode.
common::Status may_pay_out(const Account& account, const payouts::Terms& terms, bool livemode);
common::Status may_receive(const BankAccount& destination, common::Currency currency);
// 400 balance_insufficient.
common::Status covers(std::int64_t available, common::Money amount);
common::Status may_cancel(const Payout& payout);

// What a merchant is told about a bank's code.
std::string_view message_of(std::string_view failure_code);

}  // namespace gateway::rules
