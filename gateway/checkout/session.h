// Checkout Sessions as the domain knows them: what a shopper is to pay on a page of ours, at most once.
// Amounts are minor units of `currency`; times are unix seconds.
#pragma once

#include "gateway/payments/payment.h"

namespace gateway {

enum class CheckoutMode : std::uint8_t { payment, setup };
BOOST_DESCRIBE_ENUM(CheckoutMode, payment, setup)
enum class CheckoutStatus : std::uint8_t { open, complete, expired };
BOOST_DESCRIBE_ENUM(CheckoutStatus, open, complete, expired)
enum class CheckoutPayment : std::uint8_t { unpaid, paid, no_payment_required };
BOOST_DESCRIBE_ENUM(CheckoutPayment, unpaid, paid, no_payment_required)

// Something that is sold. Its price and product are made with it and belong to it alone.
struct LineItem {
    std::string id, price, product;
    std::int64_t quantity = 1, amount = 0;    // `amount` is that of all pieces
    std::string unit_amount;                  // minor units, a decimal number of at most 12 decimals
    std::optional<std::string> tax_behavior;  // echoed
    boost::json::object metadata;
    std::optional<boost::json::object> adjustable_quantity;  // echoed
    std::string name;
    std::optional<std::string> description, unit_label;
    boost::json::array images;
    boost::json::object product_metadata;
};
BOOST_DESCRIBE_STRUCT(LineItem, (),
                      (id, price, product, quantity, amount, unit_amount, tax_behavior, metadata,
                       adjustable_quantity, name, description, unit_label, images, product_metadata))

// What the payment intent of a session will be made of.
struct PaymentTemplate {
    CaptureMethod capture_method = CaptureMethod::automatic_async;
    std::optional<std::string> description, receipt_email, setup_future_usage, statement_descriptor_suffix,
        transfer_group;
    boost::json::object metadata;
    std::optional<boost::json::object> shipping;
};
BOOST_DESCRIBE_STRUCT(PaymentTemplate, (),
                      (capture_method, description, receipt_email, setup_future_usage,
                       statement_descriptor_suffix, transfer_group, metadata, shipping))

// What the shopper says of himself on the page.
struct Shopper {
    std::optional<std::string> email, name, phone;
    std::optional<boost::json::object> address;   // where the bill goes
    std::optional<boost::json::object> shipping;  // {address, name, …}
    bool accepted_terms = false;
    std::optional<std::string> promotions;  // opt_in, opt_out
};
BOOST_DESCRIBE_STRUCT(Shopper, (), (email, name, phone, address, shipping, accepted_terms, promotions))

struct CheckoutSession : Object {
    CheckoutMode mode = CheckoutMode::payment;
    CheckoutStatus status = CheckoutStatus::open;
    CheckoutPayment payment_status = CheckoutPayment::unpaid;
    common::Currency currency = currency_not_set();
    std::int64_t amount_total = 0;
    std::vector<LineItem> line_items;
    std::int64_t expires_at = 0;
    std::optional<std::int64_t> due_at;  // when to look whether it has expired; of open ones only
    std::string success_url;
    std::optional<std::string> cancel_url, client_reference_id, customer, customer_email, customer_creation,
        billing_address_collection, locale, payment_method_collection, submit_type;
    std::optional<std::string> email;  // of the shopper, as far as it is known
    std::optional<std::string> payment_intent, setup_intent;
    PaymentTemplate payment_intent_data;
    boost::json::object setup_intent_data;       // {description, metadata}
    boost::json::object payment_method_options;  // {"card": {…}}
    std::optional<boost::json::array> allowed_payment_method_types, excluded_payment_method_types;
    boost::json::object consent_collection, custom_text;  // as given
    std::optional<boost::json::object> shipping_address_collection;
    bool phone_number_collection = false;
    boost::json::object metadata;
    std::optional<Shopper> shopper;  // of the latest attempt to pay
};
BOOST_DESCRIBE_STRUCT(CheckoutSession, (),
                      (mode, status, payment_status, currency, amount_total, line_items, expires_at, due_at,
                       success_url, cancel_url, client_reference_id, customer, customer_email,
                       customer_creation, billing_address_collection, locale, payment_method_collection,
                       submit_type, email, payment_intent, setup_intent, payment_intent_data,
                       setup_intent_data, payment_method_options, allowed_payment_method_types,
                       excluded_payment_method_types, consent_collection, custom_text,
                       shipping_address_collection, phone_number_collection, metadata, shopper))

}  // namespace gateway
