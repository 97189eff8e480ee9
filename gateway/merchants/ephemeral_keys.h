// Keys of a shopper's device: for an hour, for one customer. Their text is derived from the id under a key of
// the gateway's pepper, so that the database holds nothing to sign in with, and a repeated request gets the
// same one.
#pragma once

#include "gateway/object.h"
#include "gateway/sealer.h"

namespace gateway {

inline constexpr std::int64_t ephemeral_key_life_seconds = 3600;

struct EphemeralKey : Object {  // "ephkey_…", account, key id
    std::string customer;
    std::int64_t expires_at = 0;
};
// Account and key id in it are those of the key's text.
inline std::string new_ephemeral_key_id(common::AccountId account) {
    return common::new_id("ephkey_", account, 12);
}
BOOST_DESCRIBE_STRUCT(EphemeralKey, (), (customer, expires_at))

class EphemeralSecrets {
  public:
    explicit EphemeralSecrets(const common::SecretBytes& pepper);
    // The part of the key's text that nobody can guess.
    common::SecretText of(std::string_view id) const;

  private:
    common::SecretBytes key_;
};

}  // namespace gateway
