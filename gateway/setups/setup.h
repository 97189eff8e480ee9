// Setup intents and their attempts: a card that is to be charged later, without a payment now.
#pragma once

#include "gateway/payments/payment.h"

namespace gateway {

// `processing` of the API is missing: a verification whose answer stays open is taken back.
enum class SetupStatus : std::uint8_t {
    requires_payment_method,
    requires_confirmation,
    requires_action,
    succeeded,
    canceled,
};
BOOST_DESCRIBE_ENUM(SetupStatus, requires_payment_method, requires_confirmation, requires_action, succeeded,
                    canceled)

struct SetupIntent : Object {
    SetupStatus status = SetupStatus::requires_payment_method;
    std::string client_secret;
    std::string usage = "off_session";
    std::optional<std::string> customer, description, payment_method, latest_attempt, return_url,
        cancellation_reason;
    std::optional<PaymentError> last_setup_error;
    boost::json::object metadata;
    boost::json::object payment_method_options;  // as rendered: {"card": {…}}
    std::optional<boost::json::object> automatic_payment_methods;
    std::optional<boost::json::array> allowed_payment_method_types;  // as given; null = not given
    boost::json::object echoed;            // accepted parameters without effect: mandate_data …
    std::optional<std::string> in_flight;  // acquirer request that is on its way; none: others may act
};
BOOST_DESCRIBE_STRUCT(SetupIntent, (),
                      (status, client_secret, usage, customer, description, payment_method, latest_attempt,
                       return_url, cancellation_reason, last_setup_error, metadata, payment_method_options,
                       automatic_payment_methods, allowed_payment_method_types, echoed, in_flight))

enum class AttemptStatus : std::uint8_t { processing, succeeded, failed };
BOOST_DESCRIBE_ENUM(AttemptStatus, processing, succeeded, failed)

// One confirmation of a setup intent.
struct SetupAttempt : Object {
    std::string setup_intent, payment_method, usage;
    AttemptStatus status = AttemptStatus::processing;
    std::optional<std::string> customer;
    std::optional<PaymentError> setup_error;
    CardDetails card;  // snapshot, without the vault's handles
};
BOOST_DESCRIBE_STRUCT(SetupAttempt, (),
                      (setup_intent, payment_method, usage, status, customer, setup_error, card))

// What the merchant API renders of a set-up.
struct SetupView {
    SetupIntent intent;
    std::optional<PaymentMethod> method;  // that the last error names
};

inline std::string_view to_string(SetupStatus status) {
    return boost::describe::enum_to_string(status, "");
}
inline std::string_view to_string(AttemptStatus status) {
    return boost::describe::enum_to_string(status, "");
}

}  // namespace gateway
