// The real backend: one thread's services over the shared database.
#pragma once

#include "gateway/api/backend.h"
#include "vault/client/group.h"

namespace gateway::api {

class ServiceBackend final : public Backend {
  public:
    ServiceBackend(common::db::Pool& database, Merchants& merchants, PaymentService& payments,
                   vault::Group& vaults, const common::Clock& clock)
        : database_{&database},
          merchants_{&merchants},
          payments_{&payments},
          vaults_{&vaults},
          clock_{&clock} {}

    common::Task<Caller> authenticate(std::string_view key) override { return merchants_->authenticate(key); }
    common::Task<std::optional<StoredResponse>> look(Call call) override;
    common::Task<StoredResponse> create_payment_method(Call call, NewPaymentMethod input) override {
        return payments_->create_payment_method(std::move(call), std::move(input));
    }
    common::Task<PaymentMethod> find_payment_method(Scope scope, std::string id) override {
        return payments_->find_payment_method(scope, std::move(id));
    }
    common::Task<StoredResponse> create_intent(Call call, CreateIntent input) override {
        return payments_->create_intent(std::move(call), std::move(input));
    }
    common::Task<StoredResponse> confirm_intent(Call call, std::string id, ConfirmIntent input) override {
        return payments_->confirm_intent(std::move(call), std::move(id), std::move(input));
    }
    common::Task<StoredResponse> capture_intent(Call call, std::string id, CaptureIntent input) override {
        return payments_->capture_intent(std::move(call), std::move(id), std::move(input));
    }
    common::Task<StoredResponse> cancel_intent(Call call, std::string id, CancelIntent input) override {
        return payments_->cancel_intent(std::move(call), std::move(id), std::move(input));
    }
    common::Task<PaymentView> find_intent(Scope scope, std::string id) override {
        return payments_->find_intent(scope, std::move(id));
    }
    common::Task<PaymentService::ChargeView> find_charge(Scope scope, std::string id) override {
        return payments_->find_charge(scope, std::move(id));
    }
    boost::asio::awaitable<Readiness> readiness(common::Deadline deadline) override;

  private:
    common::db::Pool* database_;
    Merchants* merchants_;
    PaymentService* payments_;
    vault::Group* vaults_;
    const common::Clock* clock_;
};

}  // namespace gateway::api
