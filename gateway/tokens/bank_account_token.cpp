#include "gateway/tokens/bank_account_token.h"

#include "gateway/customers/customer.h"
#include "gateway/store/tokens.h"

namespace gateway::tokens {

common::Result<Token> create(Work& work, const BankNumbers& numbers, const NewBankAccount& input) {
    auto account = open_bank_account(work.account, work.scope().livemode, numbers, input, "bank_account");
    if (!account) return common::Fail{account.error()};
    if (input.customer)
        if (auto found = customers::require(work.tx, work.scope(), *input.customer, "customer"); !found)
            return common::Fail{found.error()};
    Token token;
    work.stamp(token, "tok_");
    token.type = TokenType::bank_account;
    token.client_ip = work.call.client_address;
    token.bank_account = *std::move(account);
    store::insert(work.tx, token);
    return token;
}

}  // namespace gateway::tokens
