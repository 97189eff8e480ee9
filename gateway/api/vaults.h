// The vaults of the configuration: the one of vault.host and vault.port, or those of vault.peers.
#pragma once

#include <vector>

#include "common/config.h"
#include "vault/client/group.h"

namespace gateway::api {

// 500 with the entry of vault.peers that is none, or is there twice.
common::Result<std::vector<vault::Group::Vault>> vaults_of(const common::Config& config);

}  // namespace gateway::api
