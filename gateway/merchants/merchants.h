// Accounts and their API keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/db/pool.h"
#include "common/secret.h"
#include "gateway/merchants/ephemeral_keys.h"
#include "gateway/scope.h"
#include "vault/client/client.h"

namespace gateway {

enum class KeyKind : std::uint8_t { secret, restricted, publishable, ephemeral };

struct Account {
    common::AccountId id;
    std::int64_t created = 0;  // unix seconds
    std::string name;
    std::string default_currency = "eur";
    std::string default_version = "2026-10-28.endive";
    std::string authentication_mode = "always";  // always, risk_based, delegated (set by the operator only)
    bool charges_enabled = true;
    bool payouts_enabled = true;      // set by the operator
    bool raw_card_data_live = false;  // settings.card_data.raw_allowed
    std::string statement_descriptor;
    vault::MerchantIdentity identity;
};

// Who presented a key.
struct Caller {
    Account account;
    bool livemode = false;
    KeyKind kind = KeyKind::secret;
    std::string key_id;
    std::vector<std::string> permissions;  // of a restricted key: "payment_intents:write" …
    std::string customer;                  // that an ephemeral key is for
};

class Merchants {
  public:
    Merchants(common::db::Pool& database, common::SecretBytes pepper, const common::Clock& clock);
    ~Merchants();
    // Key: prefix, 8 characters of the account, 12 of the key id, '_', 32 secret, 6 checksum. 401 in the
    // API's words: malformed or unknown "Invalid API Key provided: sk_test_***1234"; expired or revoked with
    // code api_key_expired. Unknown ids take the same path as wrong secrets. Answers are kept for a few
    // seconds.
    common::Task<Caller> authenticate(std::string_view key);

    common::Result<Account> create_account(Account account);  // blocking; for provisioning
    // The text of an ephemeral key, which its holder sends.
    common::SecretText text_of(const EphemeralKey& key) const;
    // Nothing is remembered of a key that was ended; other processes forget it within seconds.
    void forget(const EphemeralKey& key);
    // The key, shown this once; only HMAC-SHA-256(pepper, secret) is stored.
    common::Result<common::SecretText> create_key(common::AccountId account, bool livemode, KeyKind kind,
                                                  std::vector<std::string> permissions = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gateway
