// What files need of the vault, so that tests can play it.
#pragma once

#include "vault/client/group.h"

namespace gateway::files {

// Meanings and errors as in vault::Client.
class KeyPort {
  public:
    virtual ~KeyPort() = default;
    virtual common::Task<vault::DataKey> create_data_key(vault::DataKeyScope scope,
                                                         common::Deadline deadline) = 0;
    virtual common::Task<common::SecretBytes> open_data_key(vault::DataKeyScope scope,
                                                            vault::SealedDataKey key,
                                                            common::Deadline deadline) = 0;
};

class VaultKeys final : public KeyPort {
  public:
    explicit VaultKeys(vault::Group& vaults) : vaults_{&vaults} {}

    common::Task<vault::DataKey> create_data_key(vault::DataKeyScope scope,
                                                 common::Deadline deadline) override {
        return vaults_->create_data_key(std::move(scope), deadline);
    }
    common::Task<common::SecretBytes> open_data_key(vault::DataKeyScope scope, vault::SealedDataKey key,
                                                    common::Deadline deadline) override {
        return vaults_->open_data_key(std::move(scope), std::move(key), deadline);
    }

  private:
    vault::Group* vaults_;
};

}  // namespace gateway::files
