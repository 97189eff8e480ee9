// Handlers of the routes, by resource.
#pragma once

#include "gateway/api/routes.h"

namespace gateway::api {

common::Task<StoredResponse> read_own_account(Context& context);
common::Task<StoredResponse> read_account(Context& context);

common::Task<StoredResponse> create_customer(Context& context);
common::Task<StoredResponse> read_customer(Context& context);
common::Task<StoredResponse> update_customer(Context& context);
common::Task<StoredResponse> delete_customer(Context& context);
common::Task<StoredResponse> list_customers(Context& context);
common::Task<StoredResponse> list_customer_methods(Context& context);
common::Task<StoredResponse> read_customer_method(Context& context);

common::Task<StoredResponse> create_payment_method(Context& context);
common::Task<StoredResponse> list_payment_methods(Context& context);
common::Task<StoredResponse> update_payment_method(Context& context);
common::Task<StoredResponse> attach_payment_method(Context& context);
common::Task<StoredResponse> detach_payment_method(Context& context);
common::Task<StoredResponse> read_payment_method(Context& context);

common::Task<StoredResponse> create_payment_intent(Context& context);
common::Task<StoredResponse> read_payment_intent(Context& context);
common::Task<StoredResponse> update_payment_intent(Context& context);
common::Task<StoredResponse> confirm_payment_intent(Context& context);
common::Task<StoredResponse> capture_payment_intent(Context& context);
common::Task<StoredResponse> increase_payment_intent(Context& context);
common::Task<StoredResponse> cancel_payment_intent(Context& context);

common::Task<StoredResponse> list_payment_intents(Context& context);

common::Task<StoredResponse> create_setup_intent(Context& context);
common::Task<StoredResponse> read_setup_intent(Context& context);
common::Task<StoredResponse> update_setup_intent(Context& context);
common::Task<StoredResponse> confirm_setup_intent(Context& context);
common::Task<StoredResponse> cancel_setup_intent(Context& context);
common::Task<StoredResponse> list_setup_intents(Context& context);
common::Task<StoredResponse> list_setup_attempts(Context& context);

common::Task<StoredResponse> read_charge(Context& context);
common::Task<StoredResponse> list_charges(Context& context);
common::Task<StoredResponse> update_charge(Context& context);
common::Task<StoredResponse> capture_charge(Context& context);

common::Task<StoredResponse> create_refund(Context& context);
common::Task<StoredResponse> read_refund(Context& context);
common::Task<StoredResponse> update_refund(Context& context);
common::Task<StoredResponse> cancel_refund(Context& context);
common::Task<StoredResponse> list_charge_refunds(Context& context);
common::Task<StoredResponse> list_refunds(Context& context);

common::Task<StoredResponse> read_review(Context& context);
common::Task<StoredResponse> approve_review(Context& context);
common::Task<StoredResponse> list_reviews(Context& context);

common::Task<StoredResponse> search_customers(Context& context);
common::Task<StoredResponse> search_payment_intents(Context& context);
common::Task<StoredResponse> search_charges(Context& context);

common::Task<StoredResponse> create_webhook_endpoint(Context& context);
common::Task<StoredResponse> list_webhook_endpoints(Context& context);
common::Task<StoredResponse> read_webhook_endpoint(Context& context);
common::Task<StoredResponse> update_webhook_endpoint(Context& context);
common::Task<StoredResponse> delete_webhook_endpoint(Context& context);
common::Task<StoredResponse> rotate_webhook_secret(Context& context);

common::Task<StoredResponse> list_events(Context& context);
common::Task<StoredResponse> read_event(Context& context);
common::Task<StoredResponse> redeliver_event(Context& context);

common::Task<StoredResponse> create_payout(Context& context);
common::Task<StoredResponse> read_payout(Context& context);
common::Task<StoredResponse> update_payout(Context& context);
common::Task<StoredResponse> cancel_payout(Context& context);
common::Task<StoredResponse> reverse_payout(Context& context);
common::Task<StoredResponse> list_payouts(Context& context);

common::Task<StoredResponse> read_balance(Context& context);
common::Task<StoredResponse> read_balance_transaction(Context& context);
common::Task<StoredResponse> list_balance_transactions(Context& context);

common::Task<StoredResponse> create_checkout_session(Context& context);
common::Task<StoredResponse> read_checkout_session(Context& context);
common::Task<StoredResponse> update_checkout_session(Context& context);
common::Task<StoredResponse> expire_checkout_session(Context& context);
common::Task<StoredResponse> list_checkout_sessions(Context& context);
common::Task<StoredResponse> list_line_items(Context& context);

common::Task<StoredResponse> list_ledger_accounts(Context& context);
common::Task<StoredResponse> list_ledger_transactions(Context& context);
common::Task<StoredResponse> read_trial_balance(Context& context);

common::Task<StoredResponse> create_file(Context& context);
common::Task<StoredResponse> list_files(Context& context);
common::Task<StoredResponse> read_file(Context& context);
common::Task<StoredResponse> read_file_contents(Context& context);
common::Task<StoredResponse> create_file_link(Context& context);
common::Task<StoredResponse> list_file_links(Context& context);
common::Task<StoredResponse> read_file_link(Context& context);
common::Task<StoredResponse> update_file_link(Context& context);
// The content behind a link of the account, for whoever has its address. 404: none, or it has expired.
// `request` must outlive the wait.
common::Task<StoredResponse> read_linked_file(Backend& backend, common::AccountId owner, std::string link,
                                              const common::http::Request& request);

common::Task<StoredResponse> create_token(Context& context);
common::Task<StoredResponse> read_token(Context& context);
common::Task<StoredResponse> create_confirmation_token(Context& context);
common::Task<StoredResponse> create_test_confirmation(Context& context);
common::Task<StoredResponse> read_confirmation_token(Context& context);

common::Task<StoredResponse> create_ephemeral_key(Context& context);
common::Task<StoredResponse> delete_ephemeral_key(Context& context);

// 403 for card data that a secret key sends in live mode, unless the account is enabled for it.
common::Status may_send_card_data(const Context& context);
// Number, date and security code.
void put_card(NewPaymentMethod& input, const Parameters& card);
// Card and holder of `parameters` (type, card, billing_details …), which are in the hash `within`; "" = on
// their own. 400 when there is neither a card's number and date nor a token.
common::Result<NewPaymentMethod> new_payment_method(const Parameters& parameters, const Context& context,
                                                    std::string_view within = {});

}  // namespace gateway::api
