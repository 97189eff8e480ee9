// Bank accounts as merchants hand them in. The number is kept sealed, for payouts; no answer shows more of it
// than its last four characters.
#pragma once

#include "gateway/sealer.h"
#include "gateway/tokens/token.h"
#include "gateway/work.h"

namespace gateway {

struct NewBankAccount {
    common::SecretText number;
    std::string country;
    std::optional<std::string> currency, routing_number, holder_name, holder_type, account_type, customer;
};

class BankNumbers {
  public:
    explicit BankNumbers(const common::SecretBytes& pepper);

    std::string seal(std::string_view bank_account, std::string_view number) const {
        return sealer_.seal(bank_account, number);
    }
    // Nothing when it does not open: see Sealer.
    std::optional<common::SecretText> open(const BankAccount& account) const {
        return sealer_.open(account.id, account.sealed_number);
    }
    // The same for the same number at the same bank, in one account and mode; not to be turned back.
    std::string fingerprint(const Scope& scope, const BankAccount& account, std::string_view number) const;

  private:
    Sealer sealer_;
    common::SecretBytes fingerprint_key_;
};

namespace tokens {

// 400 country_code_invalid, account_number_invalid, routing_number_invalid, parameter_missing; `within` is
// the name of the hash that the parameters are in. Without a currency it is the account's.
common::Result<BankAccount> read_bank_account(const Work& work, const BankNumbers& numbers,
                                              const NewBankAccount& input, std::string_view within);
common::Result<Token> create(Work& work, const BankNumbers& numbers, const NewBankAccount& input);

}  // namespace tokens
}  // namespace gateway
