// The real backend: one thread's services over the shared database.
#pragma once

#include "gateway/api/backend.h"
#include "vault/client/group.h"

namespace gateway::api {

class ServiceBackend final : public Backend {
  public:
    ServiceBackend(common::db::Pool& database, Merchants& merchants, PaymentService& payments,
                   vault::Group& vaults, files::KeyPort& file_keys, const Renderer& renderer,
                   webhooks::Desk webhooks, const BankNumbers& bank_numbers, const payouts::Terms& payouts,
                   const common::Clock& clock)
        : database_{&database},
          merchants_{&merchants},
          payments_{&payments},
          vaults_{&vaults},
          file_keys_{&file_keys},
          works_{database, renderer, clock},
          webhooks_{std::move(webhooks)},
          bank_numbers_{&bank_numbers},
          payouts_{payouts},
          clock_{&clock} {}

    common::Task<Caller> authenticate(std::string_view key) override { return merchants_->authenticate(key); }
    common::Task<std::optional<StoredResponse>> look(Call call) override;
    common::Task<StoredResponse> change(Call call, Account account, Job job) override {
        return works_.change(std::move(call), std::move(account), std::move(job));
    }
    common::Task<StoredResponse> read(Call call, Account account, Job job) override {
        return works_.read(std::move(call), std::move(account), std::move(job));
    }
    common::Task<StoredResponse> create_payment_method(Call call, NewPaymentMethod input) override {
        return payments_->create_payment_method(std::move(call), std::move(input));
    }
    common::Task<StoredResponse> create_token(Call call, NewToken input) override {
        return payments_->create_token(std::move(call), std::move(input));
    }
    common::Task<StoredResponse> create_confirmation_token(Call call, NewConfirmationToken input) override {
        return payments_->create_confirmation_token(std::move(call), std::move(input));
    }
    common::Task<StoredResponse> attach_method(Call call, std::string id, std::string customer) override {
        return payments_->attach_method(std::move(call), std::move(id), std::move(customer));
    }
    common::Task<StoredResponse> update_intent(Call call, std::string id, UpdateIntent input) override {
        return payments_->update_intent(std::move(call), std::move(id), std::move(input));
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
    common::Task<StoredResponse> increase_intent(Call call, std::string id, IncreaseIntent input) override {
        return payments_->increase_intent(std::move(call), std::move(id), std::move(input));
    }
    common::Task<StoredResponse> cancel_intent(Call call, std::string id, CancelIntent input) override {
        return payments_->cancel_intent(std::move(call), std::move(id), std::move(input));
    }
    common::Task<StoredResponse> create_refund(Call call, NewRefund input) override {
        return payments_->create_refund(std::move(call), std::move(input));
    }
    common::Task<StoredResponse> create_setup(Call call, CreateSetup input) override {
        return payments_->create_setup(std::move(call), std::move(input));
    }
    common::Task<StoredResponse> update_setup(Call call, std::string id, UpdateSetup input) override {
        return payments_->update_setup(std::move(call), std::move(id), std::move(input));
    }
    common::Task<StoredResponse> confirm_setup(Call call, std::string id, ConfirmSetup input) override {
        return payments_->confirm_setup(std::move(call), std::move(id), std::move(input));
    }
    common::Task<StoredResponse> cancel_setup(Call call, std::string id, CancelIntent input) override {
        return payments_->cancel_setup(std::move(call), std::move(id), std::move(input));
    }
    const webhooks::Desk& webhooks() const override { return webhooks_; }
    files::KeyPort& file_keys() override { return *file_keys_; }
    const BankNumbers& bank_numbers() const override { return *bank_numbers_; }
    common::SecretText text_of(const EphemeralKey& key) const override { return merchants_->text_of(key); }
    void forget(const EphemeralKey& key) override { merchants_->forget(key); }
    const payouts::Terms& payouts() const override { return payouts_; }
    boost::asio::awaitable<Readiness> readiness(common::Deadline deadline) override;

  private:
    common::db::Pool* database_;
    Merchants* merchants_;
    PaymentService* payments_;
    vault::Group* vaults_;
    files::KeyPort* file_keys_;
    Works works_;
    webhooks::Desk webhooks_;
    const BankNumbers* bank_numbers_;
    payouts::Terms payouts_;
    const common::Clock* clock_;
};

}  // namespace gateway::api
