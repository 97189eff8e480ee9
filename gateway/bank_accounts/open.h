// Bank accounts as merchants, browsers and the operator hand them in.
#pragma once

#include "gateway/bank_accounts/numbers.h"
#include "gateway/merchants/merchants.h"

namespace gateway {

struct NewBankAccount {
    common::SecretText number;
    std::string country;
    std::optional<std::string> currency, routing_number, holder_name, holder_type, account_type, bank_name,
        customer;
};

// Of the merchant `owner`, whose currency it has unless it says another; it has no time yet.
// 400 country_code_invalid, account_number_invalid, routing_number_invalid, parameter_missing; `within` is
// the name of the hash that the parameters are in, if they are in one.
common::Result<BankAccount> open_bank_account(const Account& owner, bool livemode, const BankNumbers& numbers,
                                              const NewBankAccount& input, std::string_view within = "");

}  // namespace gateway
