// Which keys the configuration of the vault has, and what it says of HSM, database, audit log and keys, for
// the vault and for its command-line tools.
#pragma once

#include <span>

#include "common/config.h"
#include "common/db/pool.h"
#include "hsm/hsm.h"
#include "vault/audit/log.h"
#include "vault/cards/purge.h"
#include "vault/keys/housekeeping.h"

namespace vault {

std::span<const common::ConfigKey> config_keys();

hsm::Options hsm_options(const common::Config& config);
common::db::Pool::Options pool_options(const common::Config& config);
common::db::Pool::Options audit_pool_options(const common::Config& config);
// As the role that owns the schema, for work of minutes.
common::db::Pool::Options owner_pool_options(const common::Config& config);
cards::RetentionRules retention_rules(const common::Config& config);
keys::Cryptoperiods cryptoperiods(const common::Config& config);
// The stream of this process; that of the tools of an operator, named "operator:alice".
audit::Log::Options audit_options(const common::Config& config);
audit::Log::Options operator_audit_options(const common::Config& config, std::string actor);

}  // namespace vault
