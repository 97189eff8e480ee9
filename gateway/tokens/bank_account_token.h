// Tokens of bank accounts, for which no vault is asked.
#pragma once

#include "gateway/bank_accounts/open.h"
#include "gateway/tokens/token.h"
#include "gateway/work.h"

namespace gateway::tokens {

// What open_bank_account refuses, and 400 for a customer that is not there.
common::Result<Token> create(Work& work, const BankNumbers& numbers, const NewBankAccount& input);

}  // namespace gateway::tokens
