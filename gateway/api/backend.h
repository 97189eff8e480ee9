// What the handlers call: the domain's services behind one interface, so that the API is tested without a
// database.
#pragma once

#include "gateway/bank_accounts/numbers.h"
#include "gateway/files/keys.h"
#include "gateway/merchants/merchants.h"
#include "gateway/payments/service.h"
#include "gateway/payouts/terms.h"
#include "gateway/webhooks/endpoints.h"
#include "gateway/work.h"

namespace gateway::api {

struct Readiness {
    bool database = false, vault = false;
    bool ready() const { return database && vault; }
};

class Backend {
  public:
    virtual ~Backend() = default;
    // `key` must outlive the wait.
    virtual common::Task<Caller> authenticate(std::string_view key) = 0;
    // What the call's idempotency key holds already: an answer to repeat, the API's error for another use of
    // it, or nothing. Claims nothing.
    virtual common::Task<std::optional<StoredResponse>> look(Call call) = 0;
    // What one transaction suffices for.
    virtual common::Task<StoredResponse> change(Call call, Account account, Job job) = 0;
    virtual common::Task<StoredResponse> read(Call call, Account account, Job job) = 0;
    virtual common::Task<StoredResponse> create_payment_method(Call call, NewPaymentMethod input) = 0;
    virtual common::Task<StoredResponse> create_token(Call call, NewToken input) = 0;
    virtual common::Task<StoredResponse> create_confirmation_token(Call call, NewConfirmationToken input) = 0;
    virtual common::Task<StoredResponse> attach_method(Call call, std::string id, std::string customer) = 0;
    virtual common::Task<StoredResponse> update_intent(Call call, std::string id, UpdateIntent input) = 0;
    virtual common::Task<StoredResponse> create_intent(Call call, CreateIntent input) = 0;
    virtual common::Task<StoredResponse> confirm_intent(Call call, std::string id, ConfirmIntent input) = 0;
    virtual common::Task<StoredResponse> capture_intent(Call call, std::string id, CaptureIntent input) = 0;
    virtual common::Task<StoredResponse> increase_intent(Call call, std::string id, IncreaseIntent input) = 0;
    virtual common::Task<StoredResponse> cancel_intent(Call call, std::string id, CancelIntent input) = 0;
    virtual common::Task<StoredResponse> create_refund(Call call, NewRefund input) = 0;
    virtual common::Task<StoredResponse> create_setup(Call call, CreateSetup input) = 0;
    virtual common::Task<StoredResponse> update_setup(Call call, std::string id, UpdateSetup input) = 0;
    virtual common::Task<StoredResponse> confirm_setup(Call call, std::string id, ConfirmSetup input) = 0;
    virtual common::Task<StoredResponse> cancel_setup(Call call, std::string id, CancelIntent input) = 0;
    virtual const webhooks::Desk& webhooks() const = 0;
    virtual files::KeyPort& file_keys() = 0;
    virtual const BankNumbers& bank_numbers() const = 0;
    virtual common::SecretText text_of(const EphemeralKey& key) const = 0;
    virtual void forget(const EphemeralKey& key) = 0;
    virtual const payouts::Terms& payouts() const = 0;
    virtual boost::asio::awaitable<Readiness> readiness(common::Deadline deadline) = 0;
};

}  // namespace gateway::api
