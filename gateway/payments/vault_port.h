// What a payment needs of the vault, so that tests can play it.
#pragma once

#include "vault/client/group.h"

namespace gateway {

// Meanings and errors as in vault::Client.
class VaultPort {
  public:
    virtual ~VaultPort() = default;
    virtual common::Task<vault::Card> create_card(vault::NewCard card, common::Deadline deadline) = 0;
    virtual common::Task<vault::SecurityCode> hold_security_code(vault::NewSecurityCode code,
                                                                 common::Deadline deadline) = 0;
    virtual common::Task<vault::Exchange> authorize(vault::AuthorizationRequest request,
                                                    common::Deadline deadline) = 0;
    virtual common::Task<vault::Exchange> capture(vault::CaptureRequest request,
                                                  common::Deadline deadline) = 0;
    virtual common::Task<vault::Exchange> reverse(vault::ReversalRequest request,
                                                  common::Deadline deadline) = 0;
    virtual common::Task<vault::Exchange> refund(vault::RefundRequest request, common::Deadline deadline) = 0;
    virtual common::Task<vault::Exchange> find_exchange(common::AccountId account, std::string request_id,
                                                        common::Deadline deadline) = 0;
};

class VaultGroupPort final : public VaultPort {
  public:
    explicit VaultGroupPort(vault::Group& vaults) : vaults_{&vaults} {}

    common::Task<vault::Card> create_card(vault::NewCard card, common::Deadline deadline) override {
        return vaults_->create_card(std::move(card), deadline);
    }
    common::Task<vault::SecurityCode> hold_security_code(vault::NewSecurityCode code,
                                                         common::Deadline deadline) override {
        return vaults_->hold_security_code(std::move(code), deadline);
    }
    common::Task<vault::Exchange> authorize(vault::AuthorizationRequest request,
                                            common::Deadline deadline) override {
        return vaults_->authorize(std::move(request), deadline);
    }
    common::Task<vault::Exchange> capture(vault::CaptureRequest request, common::Deadline deadline) override {
        return vaults_->capture(std::move(request), deadline);
    }
    common::Task<vault::Exchange> reverse(vault::ReversalRequest request,
                                          common::Deadline deadline) override {
        return vaults_->reverse(std::move(request), deadline);
    }
    common::Task<vault::Exchange> refund(vault::RefundRequest request, common::Deadline deadline) override {
        return vaults_->refund(std::move(request), deadline);
    }
    common::Task<vault::Exchange> find_exchange(common::AccountId account, std::string request_id,
                                                common::Deadline deadline) override {
        return vaults_->find_exchange(account, std::move(request_id), deadline);
    }

  private:
    vault::Group* vaults_;
};

}  // namespace gateway
