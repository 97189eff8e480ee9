// Payment methods, payment intents and charges as the domain knows them: plain values, no HTTP, no SQL.
// Field meanings follow the merchant API; amounts are minor units of `currency`; times are unix seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/object.hpp>

#include "common/money.h"
#include "gateway/object.h"

namespace gateway {

// Only so that the structures below can be made before they are filled.
inline common::Currency currency_not_set() {
    return *common::Currency::find("eur");
}

struct BillingDetails {
    // Values as given; null members are absent. address: {city, country, line1, line2, postal_code, state}.
    std::optional<boost::json::object> address;
    std::optional<std::string> email, name, phone, tax_id;
};
BOOST_DESCRIBE_STRUCT(BillingDetails, (), (address, email, name, phone, tax_id))

struct CardDetails {
    std::string token, cvc_handle;  // of the vault; never rendered
    std::string brand, last4, funding, country, fingerprint;
    int exp_month = 0, exp_year = 0;
    std::string authentication, risk;  // traits (vault/client/client.h)
    std::optional<std::string> cvc_check, address_line1_check, address_postal_code_check;
};
BOOST_DESCRIBE_STRUCT(CardDetails, (),
                      (token, cvc_handle, brand, last4, funding, country, fingerprint, exp_month, exp_year,
                       authentication, risk, cvc_check, address_line1_check, address_postal_code_check))

struct PaymentMethod : Object {
    CardDetails card;
    BillingDetails billing_details;
    std::string allow_redisplay = "unspecified";
    boost::json::object metadata;
    std::optional<std::string> customer, radar_session;
    // Of the first approval with which it was kept for later use; what follows refers to it (ISO 8583 field
    // 48 tag NT).
    std::string network_transaction_id;
    std::string made_of;    // token that the card came in, if it did
    bool consumed = false;  // used in a payment without a customer, or detached: cannot be used again
};
BOOST_DESCRIBE_STRUCT(PaymentMethod, (),
                      (card, billing_details, allow_redisplay, metadata, customer, radar_session,
                       network_transaction_id, made_of, consumed))

enum class IntentStatus : std::uint8_t {
    requires_payment_method,
    requires_confirmation,
    requires_action,
    processing,
    requires_capture,
    succeeded,
    canceled,
};
BOOST_DESCRIBE_ENUM(IntentStatus, requires_payment_method, requires_confirmation, requires_action, processing,
                    requires_capture, succeeded, canceled)
enum class CaptureMethod : std::uint8_t { automatic, automatic_async, manual };
BOOST_DESCRIBE_ENUM(CaptureMethod, automatic, automatic_async, manual)

struct PaymentError {  // last_payment_error
    std::string type, code, decline_code, message, charge, payment_method, param;
    std::string advice_code, network_decline_code;
};
BOOST_DESCRIBE_STRUCT(PaymentError, (),
                      (type, code, decline_code, message, charge, payment_method, param, advice_code,
                       network_decline_code))

struct PaymentIntent : Object {
    std::int64_t amount = 0, amount_capturable = 0, amount_received = 0;
    common::Currency currency = currency_not_set();
    IntentStatus status = IntentStatus::requires_payment_method;
    CaptureMethod capture_method = CaptureMethod::automatic_async;
    std::string confirmation_method = "automatic";
    std::string client_secret;
    std::optional<std::string> customer, description, payment_method, latest_charge, receipt_email,
        return_url, setup_future_usage, statement_descriptor, statement_descriptor_suffix, transfer_group,
        cancellation_reason;
    std::optional<std::int64_t> canceled_at;
    std::optional<PaymentError> last_payment_error;
    boost::json::object metadata;
    std::optional<boost::json::object> shipping;
    boost::json::object payment_method_options;  // as rendered: {"card": {…}}
    std::optional<boost::json::object> automatic_payment_methods;
    std::optional<boost::json::array> allowed_payment_method_types;  // as given; null = not given
    boost::json::object echoed;  // accepted parameters without effect: amount_details, radar_options …
    bool off_session = false;
    std::optional<std::string> review;
    std::optional<std::string> checkout_session;  // whose page takes it; never rendered
    std::optional<std::string> in_flight;         // acquirer request that is on its way; none: others may act
};
BOOST_DESCRIBE_STRUCT(PaymentIntent, (),
                      (amount, amount_capturable, amount_received, currency, status, capture_method,
                       confirmation_method, client_secret, customer, description, payment_method,
                       latest_charge, receipt_email, return_url, setup_future_usage, statement_descriptor,
                       statement_descriptor_suffix, transfer_group, cancellation_reason, canceled_at,
                       last_payment_error, metadata, shipping, payment_method_options,
                       automatic_payment_methods, allowed_payment_method_types, echoed, off_session, review,
                       checkout_session, in_flight))

// What was asked for cards goes before what was asked for all methods.
bool captured_by_merchant(const PaymentIntent& intent);

enum class ChargeStatus : std::uint8_t { pending, succeeded, failed };
BOOST_DESCRIBE_ENUM(ChargeStatus, pending, succeeded, failed)

struct Charge : Object {
    std::int64_t amount = 0, amount_captured = 0;
    std::int64_t released = 0;  // never captured and given back to the card
    // Whether it may be captured in several parts, and authorized for more; how many captures and holds it
    // has had.
    bool multicapture = false, incremental = false;
    int captures = 0, holds = 1;
    std::int64_t refunds = 0, refund_pending = 0;  // given back of what was captured; being given back
    common::Currency currency = currency_not_set();
    ChargeStatus status = ChargeStatus::pending;
    bool captured = false, paid = false, refunded = false, disputed = false;
    std::string payment_intent, payment_method;
    std::optional<std::string> customer, description, receipt_email, statement_descriptor_suffix,
        failure_code, failure_message, balance_transaction, transfer_group, radar_session, user_report,
        review;
    BillingDetails billing_details;
    CardDetails card;  // snapshot at the payment
    boost::json::object metadata;
    std::optional<boost::json::object> shipping;
    // outcome
    std::string outcome_type;  // authorized, issuer_declined, blocked, invalid
    std::string outcome_network_status, outcome_reason, outcome_seller_message, risk_level;
    std::optional<std::string> network_decline_code, advice_code;
    // of the acquirer
    std::string authorization_request;  // acquirer request whose approval this is
    std::string authorization_code, rrn, network_transaction_id;
    std::int64_t amount_authorized = 0;
    std::optional<std::int64_t> capture_before;
    // authentication exemption recorded on the charge: {result, exemption, …}
    std::optional<boost::json::object> authentication;

    std::int64_t amount_refunded() const { return refunds + refund_pending + released; }
};
BOOST_DESCRIBE_STRUCT(Charge, (),
                      (amount, amount_captured, released, multicapture, incremental, captures, holds, refunds,
                       refund_pending, currency, status, captured, paid, refunded, disputed, payment_intent,
                       payment_method, customer, description, receipt_email, statement_descriptor_suffix,
                       failure_code, failure_message, balance_transaction, transfer_group, radar_session,
                       user_report, review, billing_details, card, metadata, shipping, outcome_type,
                       outcome_network_status, outcome_reason, outcome_seller_message, risk_level,
                       network_decline_code, advice_code, authorization_request, authorization_code, rrn,
                       network_transaction_id, amount_authorized, capture_before, authentication))

// What the merchant API renders of a payment.
struct PaymentView {
    PaymentIntent intent;
    std::optional<PaymentMethod> method;
    std::optional<Charge> latest_charge;
};

std::string_view to_string(IntentStatus status);
std::string_view to_string(CaptureMethod method);
std::string_view to_string(ChargeStatus status);
std::optional<IntentStatus> intent_status_of(std::string_view text);
std::optional<CaptureMethod> capture_method_of(std::string_view text);

}  // namespace gateway
