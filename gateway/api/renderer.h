// Bodies of answers: every field that the API always sends is there, null when empty; the rest only when it
// has a value.
#pragma once

#include <string>

#include "common/clock.h"
#include "gateway/api/version.h"
#include "gateway/checkout/session.h"
#include "gateway/customers/customer.h"
#include "gateway/files/urls.h"
#include "gateway/renderer.h"
#include "gateway/setups/setup.h"

namespace gateway::api {

// How an object is to look.
struct Style {
    ApiVersion version = ApiVersion::newest();
    bool publishable = false;  // reduced objects, no fingerprint
    const files::Urls* files = nullptr;
    std::int64_t now = 0;         // unix seconds: what has expired
    std::string_view public_url;  // where this gateway is reached
};

boost::json::object render_object(const ObjectRef& object, const Style& style);
boost::json::object render_customer(const Customer& customer);
boost::json::object render_webhook_endpoint(const webhooks::Endpoint& endpoint);
boost::json::object render_payment_method(const PaymentMethod& method, const Style& style);
boost::json::object render_card(const CardDetails& card, const Style& style);
boost::json::object render_token(const Token& token, const Style& style);
boost::json::object render_bank_account(const BankAccount& account, const Style& style);
// One that payouts go to.
boost::json::object render_external_account(const BankAccount& account, const Style& style);
boost::json::object render_ephemeral_key(const EphemeralKey& key);
boost::json::object render_confirmation_token(const ConfirmationToken& token, const Style& style);
// `declined`: the method that the last error names, if it is at hand.
boost::json::object render_payment_intent(const PaymentIntent& intent, const PaymentMethod* declined,
                                          const Style& style);
boost::json::object render_setup_intent(const SetupIntent& intent, const PaymentMethod* declined,
                                        const Style& style);
boost::json::object render_setup_attempt(const SetupAttempt& attempt, const Style& style);
// last_payment_error and the like, null when there is none.
boost::json::value render_last_error(const std::optional<PaymentError>& error, const PaymentMethod* declined,
                                     const Style& style);
boost::json::object render_charge(const Charge& charge, const Style& style);
boost::json::object render_review(const Review& review);
boost::json::object render_refund(const Refund& refund);
boost::json::object render_checkout_session(const CheckoutSession& session, const Style& style);
// With `product`, the price holds the whole of it instead of its id.
boost::json::object render_line_item(const CheckoutSession& session, const LineItem& item, bool product);
boost::json::object render_balance_transaction(const BalanceTransaction& transaction);
boost::json::object render_balance(const ledger::MerchantBalance& balance);
boost::json::object render_payout(const Payout& payout);
boost::json::object render_transfer(const ledger::Transfer& transfer);
boost::json::object render_file(const File& file, const Style& style);
boost::json::object render_file_link(const FileLink& link, const Style& style);
boost::json::value render_billing_details(const BillingDetails& details);
// All members of an address are there once there is one; null stands for none of them.
boost::json::value render_address(const boost::json::object* address);
boost::json::value render_shipping(const std::optional<boost::json::object>& shipping);
boost::json::value render_checks(const CardDetails& card);

// Text or null.
boost::json::value text_or_null(const std::optional<std::string>& text);
boost::json::value text_or_null(std::string_view text);
template <class T>
boost::json::value json_or_null(const std::optional<T>& part) {
    return part ? boost::json::value(*part) : boost::json::value(nullptr);
}

class JsonRenderer final : public Renderer {
  public:
    // `public_url`: where this gateway is reached, for request_log_url and pages. `documentation_url`: page
    // with an anchor for each error code; "" = no doc_url is sent. `pepper` is not kept.
    JsonRenderer(std::string public_url, std::string documentation_url, const common::SecretBytes& pepper,
                 const common::Clock& clock);

    boost::json::object object(const ObjectRef& object, const Call& call) const override;
    boost::json::object event_object(const ObjectRef& object, std::string_view version) const override;
    void expand(store::Transaction& tx, boost::json::object& body, const Call& call) const override;
    StoredResponse failure(const common::Error& error, const Subject& subject,
                           const Call& call) const override;
    const files::Urls& files() const { return files_; }

  private:
    Style style(std::string_view version, bool publishable) const;

    std::string public_url_, documentation_url_;
    files::Urls files_;
    const common::Clock* clock_;
};

}  // namespace gateway::api
