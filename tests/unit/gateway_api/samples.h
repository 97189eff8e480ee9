// Objects of the domain as the tests use them.
#pragma once

#include "gateway/checkout/session.h"
#include "gateway/files/file.h"
#include "gateway/ledger/balance_transaction.h"
#include "gateway/payments/payment.h"
#include "gateway/payouts/payout.h"
#include "gateway/refunds/refund.h"
#include "gateway/setups/setup.h"
#include "gateway/tokens/token.h"

namespace gateway::api {

inline PaymentMethod sample_method() {
    PaymentMethod method;
    method.id = "pm_00000001abcdefghijklmnopqr";
    method.scope = {common::AccountId{1}, false};
    method.created = 1790000000;
    method.card.token = "vt_test_never_shown";
    method.card.cvc_handle = "cvch_never_shown";
    method.card.brand = "visa";
    method.card.last4 = "4242";
    method.card.funding = "credit";
    method.card.country = "US";
    method.card.fingerprint = "Fp0123456789abcd";
    method.card.exp_month = 12;
    method.card.exp_year = 2034;
    method.billing_details.name = "Jenny Rosen";
    method.billing_details.address = boost::json::object{{"country", "DE"}, {"postal_code", "10115"}};
    method.metadata = {{"order", "6735"}};
    return method;
}

inline PaymentIntent sample_intent() {
    PaymentIntent intent;
    intent.currency = *common::Currency::find("eur");
    intent.id = "pi_00000001abcdefghijklmnopqr";
    intent.scope = {common::AccountId{1}, false};
    intent.created = 1790000001;
    intent.amount = intent.amount_received = 1999;
    intent.status = IntentStatus::succeeded;
    intent.client_secret = "pi_00000001abcdefghijklmnopqr_secret_0123456789abcdefghijklmn";
    intent.payment_method = sample_method().id;
    intent.latest_charge = "ch_00000001abcdefghijklmnopqr";
    intent.description = "A pair of shoes";
    intent.metadata = {{"order", "6735"}};
    intent.automatic_payment_methods = boost::json::object{{"allow_redirects", "always"}, {"enabled", true}};
    intent.shipping =
        boost::json::object{{"name", "Jenny Rosen"}, {"address", {{"line1", "Invalidenstr. 1"}}}};
    return intent;
}

inline Charge sample_charge() {
    Charge charge;
    charge.currency = *common::Currency::find("eur");
    charge.id = "ch_00000001abcdefghijklmnopqr";
    charge.scope = {common::AccountId{1}, false};
    charge.created = 1790000002;
    charge.amount = charge.amount_captured = charge.amount_authorized = 1999;
    charge.status = ChargeStatus::succeeded;
    charge.captured = charge.paid = true;
    charge.payment_intent = sample_intent().id;
    charge.payment_method = sample_method().id;
    charge.description = "A pair of shoes";
    charge.balance_transaction = "txn_00000001abcdefghijklmnopqr";
    charge.billing_details = sample_method().billing_details;
    charge.card = sample_method().card;
    charge.card.cvc_check = "pass";
    charge.metadata = {{"order", "6735"}};
    charge.outcome_type = "authorized";
    charge.outcome_network_status = "approved_by_network";
    charge.outcome_seller_message = "Payment complete.";
    charge.risk_level = "normal";
    charge.authorization_code = "A1B2C3";
    charge.network_transaction_id = "123456789012345";
    charge.authentication = boost::json::object{{"result", "exempted"}, {"exemption", "delegated"}};
    return charge;
}

inline Refund sample_refund() {
    const auto charge = sample_charge();
    Refund refund;
    refund.id = "re_00000001abcdefghijklmnopqr";
    refund.scope = charge.scope;
    refund.created = 1790000004;
    refund.amount = 500;
    refund.currency = charge.currency;
    refund.status = RefundStatus::succeeded;
    refund.charge = charge.id;
    refund.payment_intent = charge.payment_intent;
    refund.payment_method = charge.payment_method;
    refund.reason = "requested_by_customer";
    refund.balance_transaction = "txn_00000001abcdefghijklmnopqs";
    refund.metadata = {{"ticket", "17"}};
    refund.stan = "000401";
    return refund;
}

inline File sample_file() {
    File file;
    file.id = "file_00000001abcdefghijklmnopqr";
    file.scope = {common::AccountId{1}, false};
    file.created = 1790000004;
    file.purpose = "dispute_evidence";
    file.type = "pdf";
    file.filename = "receipt.pdf";
    file.size = 8342;
    file.kek = "KEK-pii-v1";
    file.sealed_key = "never_shown";
    return file;
}

inline FileLink sample_file_link() {
    FileLink link;
    link.id = "link_00000001abcdefghijklmnopqr";
    link.scope = {common::AccountId{1}, false};
    link.created = 1790000005;
    link.file = sample_file().id;
    link.metadata = {{"order", "6735"}};
    return link;
}

inline SetupIntent sample_setup() {
    SetupIntent intent;
    intent.id = "seti_00000001abcdefghijklmnopqr";
    intent.scope = {common::AccountId{1}, false};
    intent.created = 1790000004;
    intent.status = SetupStatus::succeeded;
    intent.client_secret = "seti_00000001abcdefghijklmnopqr_secret_0123456789abcdefghijklmn";
    intent.customer = "cus_00000001abcdefghijklmnopqr";
    intent.payment_method = sample_method().id;
    intent.latest_attempt = "setatt_00000001abcdefghijklmnopqr";
    intent.description = "Monthly shoes";
    intent.metadata = {{"order", "6735"}};
    intent.automatic_payment_methods = boost::json::object{{"allow_redirects", "always"}, {"enabled", true}};
    return intent;
}

inline SetupAttempt sample_attempt() {
    SetupAttempt attempt;
    attempt.id = *sample_setup().latest_attempt;
    attempt.scope = {common::AccountId{1}, false};
    attempt.created = 1790000005;
    attempt.setup_intent = sample_setup().id;
    attempt.payment_method = sample_method().id;
    attempt.customer = sample_setup().customer;
    attempt.usage = "off_session";
    attempt.status = AttemptStatus::succeeded;
    attempt.card = sample_method().card;
    attempt.card.cvc_check = "pass";
    return attempt;
}

// A set-up whose card was declined.
inline SetupView declined_setup() {
    SetupView view{sample_setup(), sample_method()};
    view.intent.status = SetupStatus::requires_payment_method;
    view.intent.payment_method.reset();
    PaymentError error;
    error.type = "card_error";
    error.code = "card_declined";
    error.decline_code = "insufficient_funds";
    error.message = "Your card has insufficient funds.";
    error.network_decline_code = "51";
    error.payment_method = sample_method().id;
    view.intent.last_setup_error = error;
    return view;
}

inline BalanceTransaction sample_balance_transaction() {
    BalanceTransaction transaction;
    transaction.id = *sample_charge().balance_transaction;
    transaction.scope = {common::AccountId{1}, false};
    transaction.created = 1790000003;
    transaction.currency = *common::Currency::find("eur");
    transaction.amount = 1999;
    transaction.fee = 55;
    transaction.net = 1944;
    transaction.fee_details = {{55, "stripe_fee", "Processing fee"}};
    transaction.available_on = transaction.created + 2 * 24 * 3600;
    transaction.source = sample_charge().id;
    transaction.description = "A pair of shoes";
    return transaction;
}

inline Token sample_token() {
    Token token;
    token.id = "tok_00000001abcdefghijklmnopqr";
    token.scope = {common::AccountId{1}, false};
    token.created = 1790000000;
    token.client_ip = "192.0.2.1";
    token.card = TokenCard{"card_00000001abcdefghijklmnopqr",
                           sample_method().card,
                           sample_method().billing_details,
                           "eur",
                           {},
                           true};
    return token;
}

inline Token sample_bank_account_token() {
    auto token = sample_token();
    token.type = TokenType::bank_account;
    token.used = true;
    token.card.reset();
    auto& account = token.bank_account.emplace();
    account.id = "ba_00000001abcdefghijklmnopqr";
    account.country = "US";
    account.currency = *common::Currency::find("usd");
    account.last4 = "6789";
    account.fingerprint = "0123456789abcdef";
    account.sealed_number = "never shown";
    account.routing_number = "110000000";
    account.holder_name = "Jenny Rosen";
    account.holder_type = "individual";
    return token;
}

inline ConfirmationToken sample_confirmation_token() {
    ConfirmationToken token;
    token.id = "ctoken_00000001abcdefghijklmnopqr";
    token.scope = {common::AccountId{1}, false};
    token.created = 1790000000;
    token.method = sample_method();
    token.payment_intent = "pi_00000001abcdefghijklmnopqr";
    token.return_url = "https://shop.example/back";
    token.setup_future_usage = "off_session";
    token.shipping =
        boost::json::object{{"name", "Jenny Rosen"}, {"address", {{"line1", "Invalidenstr. 1"}}}};
    token.mandate_data = boost::json::object{
        {"customer_acceptance", {{"type", "online"}, {"online", {{"ip_address", "192.0.2.1"}}}}}};
    token.payment_method_options = {{"card", {{"cvc_token", "tok_1"}}}};
    return token;
}

// On sale: two pairs of shoes, and laces at half a cent.
inline CheckoutSession sample_session() {
    CheckoutSession session;
    session.id = "cs_test_00000001abcdefghijklmnopqr";
    session.scope = {common::AccountId{1}, false};
    session.created = 1790000000;
    session.expires_at = session.created + 24 * 3600;
    session.due_at = session.expires_at;
    session.amount_total = 3999;
    session.success_url = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}";
    session.cancel_url = "https://shop.example/basket";
    session.client_reference_id = "basket-17";
    session.customer_email = session.email = "jenny@example.com";
    session.consent_collection = {{"terms_of_service", "required"}};
    session.custom_text = {{"terms_of_service_acceptance", {{"message", "I agree."}}}};
    session.metadata = {{"order", "6735"}};
    LineItem shoes;
    shoes.id = "li_00000001abcdefghijklmnopqr";
    shoes.price = "price_00000001abcdefghijklmnopqr";
    shoes.product = "prod_00000001abcdefghijklmnopqr";
    shoes.quantity = 2;
    shoes.unit_amount = "1999";
    shoes.amount = 3998;
    shoes.name = "Shoes";
    shoes.description = "Red";
    shoes.images = {"https://shop.example/shoes.png"};
    shoes.product_metadata = {{"size", "38"}};
    LineItem laces;
    laces.id = "li_00000001abcdefghijklmnopqs";
    laces.price = "price_00000001abcdefghijklmnopqs";
    laces.product = "prod_00000001abcdefghijklmnopqs";
    laces.quantity = 2;
    laces.unit_amount = "0.5";
    laces.amount = 1;
    laces.name = "Laces";
    laces.adjustable_quantity = boost::json::object{{"enabled", true}, {"maximum", 9}};
    session.line_items = {shoes, laces};
    return session;
}

inline CheckoutSession completed_session() {
    auto session = sample_session();
    session.status = CheckoutStatus::complete;
    session.payment_status = CheckoutPayment::paid;
    session.due_at.reset();
    session.payment_intent = sample_intent().id;
    Shopper shopper;
    shopper.email = session.customer_email;
    shopper.name = "Jenny Rosen";
    shopper.address = boost::json::object{{"country", "DE"}, {"postal_code", "10115"}};
    shopper.shipping = boost::json::object{{"name", "Jenny Rosen"}, {"address", {{"country", "DE"}}}};
    shopper.accepted_terms = true;
    session.shopper = shopper;
    return session;
}

inline BankAccount sample_bank_account() {
    BankAccount account;
    account.id = "ba_00000001abcdefghijklmnopqr";
    account.scope = {common::AccountId{1}, false};
    account.created = 1790000005;
    account.country = "US";
    account.currency = *common::Currency::find("usd");
    account.holder_name = "Jenny Rosen";
    account.bank_name = "Sandbox Bank";
    account.routing_number = "110000000";
    account.last4 = "6789";
    account.fingerprint = "0123456789abcdef";
    account.sealed_number = "never shown";
    return account;
}

inline Payout sample_payout() {
    const auto destination = sample_bank_account();
    Payout payout;
    payout.id = "po_00000001abcdefghijklmnopqr";
    payout.scope = destination.scope;
    payout.created = 1790000006;
    payout.amount = 1900;
    payout.currency = destination.currency;
    payout.arrival_date = payout.created + 2 * 24 * 3600;
    payout.destination = destination.id;
    payout.statement_descriptor = "SHOES";
    payout.balance_transaction = "txn_00000001abcdefghijklmnopqt";
    payout.metadata = {{"week", "17"}};
    payout.due_at = payout.created * 1000;
    return payout;
}

// A payment whose card was declined: the method is detached from the intent and named in its last error.
inline PaymentView declined_view() {
    PaymentView view{sample_intent(), sample_method(), sample_charge()};
    view.intent.status = IntentStatus::requires_payment_method;
    view.intent.amount_received = 0;
    view.intent.payment_method.reset();
    PaymentError error;
    error.type = "card_error";
    error.code = "card_declined";
    error.decline_code = "insufficient_funds";
    error.message = "Your card has insufficient funds.";
    error.charge = sample_charge().id;
    error.payment_method = sample_method().id;
    view.intent.last_payment_error = error;
    auto& charge = *view.latest_charge;
    charge.status = ChargeStatus::failed;
    charge.paid = charge.captured = false;
    charge.amount_captured = charge.amount_authorized = 0;
    charge.authorization_code.clear();
    charge.balance_transaction.reset();
    charge.failure_code = "card_declined";
    charge.failure_message = "Your card has insufficient funds.";
    charge.outcome_type = "issuer_declined";
    charge.outcome_network_status = "declined_by_network";
    charge.outcome_reason = "insufficient_funds";
    charge.outcome_seller_message = "The bank returned the decline code `insufficient_funds`.";
    charge.network_decline_code = "51";
    return view;
}

}  // namespace gateway::api
