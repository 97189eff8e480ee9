#include "gateway/store/ephemeral_keys.h"

#include "gateway/store/table_impl.h"

namespace gateway::store {
namespace {

constexpr common::db::Statement remove_expired{"ephemeral_keys_remove_expired",
                                               "DELETE FROM ephemeral_keys WHERE account_id = $1 AND "
                                               "livemode = $2 AND customer = $3 AND expires_at <= $4"};

}  // namespace

PORTCULLIS_TABLE(EphemeralKey);

void remove_expired_keys(Transaction& tx, const Scope& scope, const std::string& customer, std::int64_t now) {
    tx.exec(remove_expired, scope.account.value, scope.livemode, customer, now);
}

}  // namespace gateway::store
