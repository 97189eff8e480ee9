// The use cases of payments and set-ups. Each mutating one answers with what is stored under the idempotency
// key: a success, or an error of the business rules (status ≥ 400). What comes back as an Error is not stored
// and changed nothing: a lock conflict, a key in flight or reused, an unavailable part.
#pragma once

#include <memory>

#include "common/clock.h"
#include "common/db/pool.h"
#include "common/secret.h"
#include "gateway/ledger/fees.h"
#include "gateway/payments/changes.h"
#include "gateway/payments/payment.h"
#include "gateway/payments/vault_port.h"
#include "gateway/renderer.h"
#include "gateway/setups/setup.h"
#include "gateway/tokens/token.h"

namespace gateway {

struct NewPaymentMethod {
    common::SecretText number, cvc;
    std::int64_t exp_month = 0, exp_year = 0;
    std::string sandbox_id;            // "pm_card_…" template instead of a number
    std::optional<std::string> token;  // "tok_…" instead of a number
    std::string token_param;           // its name in the request
    BillingDetails billing_details;
    std::string allow_redisplay = "unspecified";
    boost::json::object metadata;
    std::optional<std::string> radar_session;
};

struct ConfirmIntent {
    std::optional<std::string> payment_method;  // pm_… or a sandbox id
    std::optional<NewPaymentMethod> payment_method_data;
    std::optional<std::string> client_secret;  // of a publishable key: must match
    std::optional<std::string> return_url;
    Change<std::string> receipt_email, setup_future_usage;
    Change<boost::json::object> shipping;
    std::optional<CaptureMethod> capture_method;
    boost::json::object payment_method_options, echoed;  // to be merged
    std::optional<std::int64_t> amount_to_confirm;       // must equal the amount
    bool off_session = false, error_on_requires_action = false, use_stripe_sdk = false;
    std::optional<std::string> confirmation_token;  // what is not given here is taken from it
    std::optional<std::string> cvc_token;           // a security code for the card
};

struct CreateIntent {
    PaymentIntent intent;  // as validated; id, times, status are set by the service
    std::optional<NewPaymentMethod> payment_method_data;
    std::optional<ConfirmIntent> confirm;
};

struct UpdateIntent {
    std::optional<std::int64_t> amount;
    std::optional<common::Currency> currency;
    Change<std::string> payment_method;
    std::optional<NewPaymentMethod> payment_method_data;
    std::optional<std::string> customer;
    std::optional<CaptureMethod> capture_method;
    Change<std::string> description, receipt_email, setup_future_usage, statement_descriptor_suffix;
    std::optional<std::string> transfer_group;
    Change<boost::json::object> shipping, metadata;
    boost::json::object payment_method_options, echoed;  // to be merged
};

struct CaptureIntent {
    std::optional<std::int64_t> amount_to_capture;
    bool final_capture = true;
    bool by_charge = false;  // the id is that of the charge, which is what the answer shows, too
    std::optional<std::string> statement_descriptor_suffix;
    std::optional<std::string> receipt_email, transfer_group;  // of the charge
    Change<boost::json::object> metadata;
    boost::json::object echoed;  // to be merged
};

struct IncreaseIntent {
    std::int64_t amount = 0;  // the whole, not what is added
    std::optional<std::string> description;
    Change<boost::json::object> metadata;
    boost::json::object echoed;  // to be merged
};

struct CancelIntent {
    std::optional<std::string> cancellation_reason;
};

struct Shopper;

struct NewRefund {
    std::optional<std::string> charge, payment_intent;  // one of them, or both of one payment
    std::optional<std::int64_t> amount;                 // minor units; all that is left when not given
    std::optional<std::string> reason;                  // duplicate, fraudulent, requested_by_customer
    boost::json::object metadata;
};

struct ConfirmSetup {
    std::optional<std::string> payment_method;  // pm_… or a sandbox id
    std::optional<NewPaymentMethod> payment_method_data;
    std::optional<std::string> client_secret;  // of a publishable key: must match
    std::optional<std::string> return_url;
    std::optional<boost::json::array> allowed_payment_method_types;
    boost::json::object payment_method_options, echoed;  // to be merged
    std::optional<std::string> confirmation_token;       // what is not given here is taken from it
    std::optional<std::string> cvc_token;                // a security code for the card
};

struct CreateSetup {
    SetupIntent intent;  // as validated; id, times, status are set by the service
    std::optional<NewPaymentMethod> payment_method_data;
    std::optional<ConfirmSetup> confirm;
};

struct UpdateSetup {
    Change<std::string> payment_method;
    std::optional<NewPaymentMethod> payment_method_data;
    std::optional<std::string> customer;
    std::optional<boost::json::array> allowed_payment_method_types;
    Change<std::string> description;
    Change<boost::json::object> metadata;
    boost::json::object payment_method_options, echoed;  // to be merged
};

// A token of a card, or of a security code alone.
struct NewToken {
    TokenType type = TokenType::card;
    NewPaymentMethod card;  // of a cvc_update: its cvc only
    std::optional<std::string> currency, customer;
};

struct NewConfirmationToken {
    ConfirmationToken token;  // id, times and method are set by the service
    std::optional<NewPaymentMethod> payment_method_data;
};

namespace payments {

// A payment with what its last error names. 404 when it is not there.
common::Result<PaymentView> find(store::Transaction& tx, const Scope& scope, const std::string& id);
PaymentView view_of(store::Transaction& tx, PaymentIntent intent);

}  // namespace payments

namespace setups {

// A set-up with what its last error names. 404 when it is not there.
common::Result<SetupView> find(store::Transaction& tx, const Scope& scope, const std::string& id);
SetupView view_of(store::Transaction& tx, SetupIntent intent);

}  // namespace setups

// One for each I/O thread; the database pool is shared.
class PaymentService {
  public:
    PaymentService(common::db::Pool& database, VaultPort& vault, const Renderer& renderer,
                   const common::Clock& clock, ledger::Terms terms = {});
    ~PaymentService();

    common::Task<StoredResponse> create_payment_method(Call call, NewPaymentMethod input);

    common::Task<StoredResponse> create_token(Call call, NewToken input);
    common::Task<StoredResponse> create_confirmation_token(Call call, NewConfirmationToken input);

    // After a verification of no amount; 402 and unattached when it is declined.
    common::Task<StoredResponse> attach_method(Call call, std::string id, std::string customer);

    common::Task<StoredResponse> create_intent(Call call, CreateIntent input);
    common::Task<StoredResponse> update_intent(Call call, std::string id, UpdateIntent input);
    common::Task<StoredResponse> confirm_intent(Call call, std::string id, ConfirmIntent input);
    common::Task<StoredResponse> capture_intent(Call call, std::string id, CaptureIntent input);
    // 402 when it is declined: then what was authorized before stands.
    common::Task<StoredResponse> increase_intent(Call call, std::string id, IncreaseIntent input);
    common::Task<StoredResponse> cancel_intent(Call call, std::string id, CancelIntent input);

    // Confirms the payment of a Checkout Session, which is made now unless it is there; it may be confirmed
    // in no other way. Answers as confirm_intent does, before that with the errors of checkout::begin.
    common::Task<StoredResponse> pay_session(Call call, std::string id, ConfirmIntent input, Shopper shopper);

    // `pending` when the acquirer has not answered in time: it is then carried out later.
    common::Task<StoredResponse> create_refund(Call call, NewRefund input);
    // A confirmed set-up is verified for no amount; an open outcome takes the confirmation back.
    common::Task<StoredResponse> create_setup(Call call, CreateSetup input);
    common::Task<StoredResponse> update_setup(Call call, std::string id, UpdateSetup input);
    common::Task<StoredResponse> confirm_setup(Call call, std::string id, ConfirmSetup input);
    common::Task<StoredResponse> cancel_setup(Call call, std::string id, CancelIntent input);

    // Ends what a crash or a passed deadline left open: asks the vault for each open acquirer request whose
    // lease has run out and books the stored outcome or the reversal. Returns how many were ended; run every
    // second or so.
    common::Task<int> recover(int limit);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gateway
