// Numbers of bank accounts as they are stored: sealed, each bound to its bank account's id; and fingerprints,
// by which two of them are known to be the same. No answer shows more than the last four characters.
#pragma once

#include "gateway/bank_accounts/bank_account.h"
#include "gateway/sealer.h"

namespace gateway {

class BankNumbers {
  public:
    // Under two keys of their own.
    explicit BankNumbers(const common::SecretBytes& pepper);

    // Fills in last4, fingerprint and sealed_number; id, scope, country and routing number are there. The
    // fingerprint is the same for the same number at the same bank, in one account and mode; it is not to be
    // turned back.
    void seal(BankAccount& account, const common::SecretText& number) const;
    // Nothing when it does not open: see Sealer.
    std::optional<common::SecretText> open(const BankAccount& account) const {
        return sealer_.open(account.id, account.sealed_number);
    }

  private:
    Sealer sealer_;
    common::SecretBytes fingerprint_key_;
};

}  // namespace gateway
