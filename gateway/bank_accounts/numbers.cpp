#include "gateway/bank_accounts/numbers.h"

#include "common/assert.h"
#include "common/crypto.h"
#include "common/ids.h"

namespace gateway {
namespace {

constexpr std::size_t shown_size = 4, fingerprint_size = 16;

common::SecretText whole_number(const BankAccount& account, std::string_view number) {
    common::SecretText text{common::base62_of(account.scope.account)};
    text.append(account.scope.livemode ? "|live|" : "|test|");
    text.append(account.country);
    text.push_back('|');
    text.append(account.routing_number.value_or(""));
    text.push_back('|');
    text.append(number);
    return text;
}

}  // namespace

BankNumbers::BankNumbers(const common::SecretBytes& pepper)
    : sealer_{pepper, "portcullis bank account numbers"},
      fingerprint_key_{derived_key(pepper, "portcullis bank account fingerprints")} {}

void BankNumbers::seal(BankAccount& account, const common::SecretText& number) const {
    PORTCULLIS_ASSERT(number.size() >= shown_size);
    account.last4 = number.view().substr(number.size() - shown_size);
    account.sealed_number = sealer_.seal(account.id, number.view());
    const auto digest =
        common::crypto::hmac_sha256(fingerprint_key_.bytes(), whole_number(account, number.view()).view());
    account.fingerprint = common::crypto::to_hex(digest).substr(0, fingerprint_size);
}

}  // namespace gateway
