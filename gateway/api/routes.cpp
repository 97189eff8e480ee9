#include "gateway/api/routes.h"

#include <algorithm>

#include "common/multipart.h"
#include "gateway/api/balance_rules.h"
#include "gateway/api/checkout_rules.h"
#include "gateway/api/customer_rules.h"
#include "gateway/api/file_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/api/openapi.h"
#include "gateway/api/payment_intent_rules.h"
#include "gateway/api/payout_rules.h"
#include "gateway/api/refund_rules.h"
#include "gateway/api/searches.h"
#include "gateway/api/setup_intent_rules.h"
#include "gateway/api/token_rules.h"
#include "gateway/api/webhook_rules.h"

namespace gateway::api {
namespace {

using common::http::Method;

constexpr std::size_t card_body = 16 * 1024, form_body = 1024 * 1024, no_body = 16 * 1024,
                      upload_body = common::multipart::Limits{}.body_bytes_max;
constexpr auto get = Method::get, post = Method::post, del = Method::del;
constexpr auto read = Right::read, write = Right::write;
constexpr Callers secret{}, publishable{true, true}, browser{false, true};
constexpr Callers of_customer{true, false, Named::in_path}, for_customer{true, false, Named::in_parameter},
    of_method{true, false, Named::by_method};
constexpr std::string_view confirmations = "confirmation_tokens";
constexpr Answer plain_object{};
constexpr Answer plain_list{ObjectKind::none, true};
constexpr Answer account_object{ObjectKind::account};
constexpr Answer customer_object{ObjectKind::customer};
constexpr Answer customer_list{ObjectKind::customer, true};
constexpr Answer customer_search{ObjectKind::customer, true, true};
constexpr Answer method_object{ObjectKind::payment_method};
constexpr Answer method_list{ObjectKind::payment_method, true};
constexpr Answer intent_object{ObjectKind::payment_intent};
constexpr Answer intent_list{ObjectKind::payment_intent, true};
constexpr Answer intent_search{ObjectKind::payment_intent, true, true};
constexpr Answer charge_object{ObjectKind::charge};
constexpr Answer charge_list{ObjectKind::charge, true};
constexpr Answer refund_object{ObjectKind::refund};
constexpr Answer refund_list{ObjectKind::refund, true};
constexpr Answer review_object{ObjectKind::review};
constexpr Answer review_list{ObjectKind::review, true};
constexpr Answer charge_search{ObjectKind::charge, true, true};
constexpr Answer setup_object{ObjectKind::setup_intent};
constexpr Answer setup_list{ObjectKind::setup_intent, true};
constexpr Answer attempt_list{ObjectKind::setup_attempt, true};
constexpr Answer session_object{ObjectKind::checkout_session};
constexpr Answer session_list{ObjectKind::checkout_session, true};
constexpr Answer line_item_list{ObjectKind::line_item, true};
constexpr Answer payout_object{ObjectKind::payout};
constexpr Answer payout_list{ObjectKind::payout, true};
constexpr Answer balance_object{ObjectKind::balance_transaction};
constexpr Answer balance_list{ObjectKind::balance_transaction, true};
constexpr Answer confirmation{ObjectKind::confirmation_token};
constexpr Answer file_object{ObjectKind::file};
constexpr Answer file_list{ObjectKind::file, true};
constexpr Answer file_bytes{.bytes = true};
constexpr Answer link_object{ObjectKind::file_link};
constexpr Answer link_list{ObjectKind::file_link, true};

// The first row that fits is taken: what is written out stands before "{id}" in its place.
// clang-format off
constexpr Route table[] = {
    {get, "/v1/account", "accounts", read, secret, account_object, no_rules, no_body, read_own_account},
    {get, "/v1/accounts/{id}", "accounts", read, secret, account_object, no_rules, no_body, read_account},
    {post, "/v1/customers", "customers", write, secret, customer_object, create_customer_rules, form_body, create_customer},
    {get, "/v1/customers", "customers", read, secret, customer_list, list_customers_rules, no_body, list_customers},
    {get, "/v1/customers/search", "customers", read, secret, customer_search, search_rules, no_body, search_customers},
    {get, "/v1/customers/{id}", "customers", read, of_customer, customer_object, read_rules, no_body, read_customer},
    {post, "/v1/customers/{id}", "customers", write, secret, customer_object, update_customer_rules, form_body, update_customer},
    {del, "/v1/customers/{id}", "customers", write, secret, customer_object, no_rules, no_body, delete_customer},
    {get, "/v1/customers/{id}/payment_methods", "payment_methods", read, of_customer, method_list, list_customer_methods_rules, no_body, list_customer_methods},
    {get, "/v1/customers/{customer}/payment_methods/{id}", "payment_methods", read, of_customer, method_object, read_rules, no_body, read_customer_method},
    {get, "/v1/payment_methods", "payment_methods", read, for_customer, method_list, list_methods_rules, no_body, list_payment_methods},
    {post, "/v1/payment_methods/{id}", "payment_methods", write, secret, method_object, update_payment_method_rules, form_body, update_payment_method},
    {post, "/v1/payment_methods/{id}/attach", "payment_methods", write, for_customer, method_object, attach_rules, form_body, attach_payment_method},
    {post, "/v1/payment_methods/{id}/detach", "payment_methods", write, of_method, method_object, read_rules, no_body, detach_payment_method},
    {get, "/v1/payment_intents", "payment_intents", read, secret, intent_list, list_intents_rules, no_body, list_payment_intents},
    {get, "/v1/charges", "charges", read, secret, charge_list, list_charges_rules, no_body, list_charges},
    {post, "/v1/charges/{id}", "charges", write, secret, charge_object, update_charge_rules, form_body, update_charge},
    {post, "/v1/payment_methods", "payment_methods", write, publishable, method_object, create_payment_method_rules, card_body, create_payment_method},
    {get, "/v1/payment_methods/{id}", "payment_methods", read, of_method, method_object, read_rules, no_body, read_payment_method},
    {post, "/v1/payment_intents", "payment_intents", write, secret, intent_object, create_intent_rules, form_body, create_payment_intent},
    {get, "/v1/payment_intents/search", "payment_intents", read, secret, intent_search, search_rules, no_body, search_payment_intents},
    {get, "/v1/payment_intents/{id}", "payment_intents", read, publishable, intent_object, read_intent_rules, no_body, read_payment_intent},
    {post, "/v1/payment_intents/{id}", "payment_intents", write, secret, intent_object, update_intent_rules, form_body, update_payment_intent},
    {post, "/v1/payment_intents/{id}/confirm", "payment_intents", write, publishable, intent_object, confirm_intent_rules, card_body, confirm_payment_intent},
    {post, "/v1/payment_intents/{id}/capture", "payment_intents", write, secret, intent_object, capture_intent_rules, form_body, capture_payment_intent},
    {post, "/v1/payment_intents/{id}/increment_authorization", "payment_intents", write, secret, intent_object,
     increase_intent_rules, form_body, increase_payment_intent},
    {post, "/v1/payment_intents/{id}/cancel", "payment_intents", write, secret, intent_object, cancel_intent_rules, form_body, cancel_payment_intent},
    {get, "/v1/charges/search", "charges", read, secret, charge_search, search_rules, no_body, search_charges},
    {post, "/v1/setup_intents", "setup_intents", write, secret, setup_object, create_setup_rules, form_body, create_setup_intent},
    {get, "/v1/setup_intents", "setup_intents", read, secret, setup_list, list_setups_rules, no_body, list_setup_intents},
    {get, "/v1/setup_intents/{id}", "setup_intents", read, publishable, setup_object, read_intent_rules, no_body, read_setup_intent},
    {post, "/v1/setup_intents/{id}", "setup_intents", write, secret, setup_object, update_setup_rules, form_body, update_setup_intent},
    {post, "/v1/setup_intents/{id}/confirm", "setup_intents", write, publishable, setup_object, confirm_setup_rules, card_body, confirm_setup_intent},
    {post, "/v1/setup_intents/{id}/cancel", "setup_intents", write, secret, setup_object, cancel_setup_rules, form_body, cancel_setup_intent},
    {get, "/v1/setup_attempts", "setup_intents", read, secret, attempt_list, list_attempts_rules, no_body, list_setup_attempts},
    {get, "/v1/charges/{id}", "charges", read, secret, charge_object, read_rules, no_body, read_charge},
    {post, "/v1/charges/{id}/capture", "charges", write, secret, charge_object, capture_charge_rules, form_body, capture_charge},
    {get, "/v1/charges/{id}/refunds", "refunds", read, secret, refund_list, list_of_charge_rules, no_body, list_charge_refunds},
    {post, "/v1/refunds", "refunds", write, secret, refund_object, create_refund_rules, form_body, create_refund},
    {get, "/v1/refunds", "refunds", read, secret, refund_list, list_refunds_rules, no_body, list_refunds},
    {get, "/v1/refunds/{id}", "refunds", read, secret, refund_object, read_rules, no_body, read_refund},
    {post, "/v1/refunds/{id}", "refunds", write, secret, refund_object, update_refund_rules, form_body, update_refund},
    {post, "/v1/refunds/{id}/cancel", "refunds", write, secret, refund_object, no_rules, no_body, cancel_refund},
    {get, "/v1/reviews", "reviews", read, secret, review_list, list_reviews_rules, no_body, list_reviews},
    {get, "/v1/reviews/{id}", "reviews", read, secret, review_object, read_rules, no_body, read_review},
    {post, "/v1/reviews/{id}/approve", "reviews", write, secret, review_object, no_rules, no_body, approve_review},
    {post, "/v1/checkout/sessions", "checkout_sessions", write, secret, session_object, create_session_rules, form_body, create_checkout_session},
    {get, "/v1/checkout/sessions", "checkout_sessions", read, secret, session_list, list_sessions_rules, no_body, list_checkout_sessions},
    {get, "/v1/checkout/sessions/{id}", "checkout_sessions", read, secret, session_object, read_rules, no_body, read_checkout_session},
    {post, "/v1/checkout/sessions/{id}", "checkout_sessions", write, secret, session_object, update_session_rules, form_body, update_checkout_session},
    {post, "/v1/checkout/sessions/{id}/expire", "checkout_sessions", write, secret, session_object, no_rules, no_body, expire_checkout_session},
    {get, "/v1/checkout/sessions/{id}/line_items", "checkout_sessions", read, secret, line_item_list, list_line_items_rules, no_body, list_line_items},
    {post, "/v1/webhook_endpoints", "webhook_endpoints", write, secret, plain_object, create_webhook_rules, form_body, create_webhook_endpoint},
    {get, "/v1/webhook_endpoints", "webhook_endpoints", read, secret, plain_list, list_webhooks_rules, no_body, list_webhook_endpoints},
    {get, "/v1/webhook_endpoints/{id}", "webhook_endpoints", read, secret, plain_object, read_rules, no_body, read_webhook_endpoint},
    {post, "/v1/webhook_endpoints/{id}", "webhook_endpoints", write, secret, plain_object, update_webhook_rules, form_body, update_webhook_endpoint},
    {del, "/v1/webhook_endpoints/{id}", "webhook_endpoints", write, secret, plain_object, no_rules, no_body, delete_webhook_endpoint},
    {post, "/v1/webhook_endpoints/{id}/rotate_secret", "webhook_endpoints", write, secret, plain_object, rotate_webhook_rules, no_body, rotate_webhook_secret},
    {get, "/v1/events", "events", read, secret, plain_list, list_events_rules, no_body, list_events},
    {get, "/v1/events/{id}", "events", read, secret, plain_object, read_rules, no_body, read_event},
    {post, "/v1/events/{id}/redeliver", "events", write, secret, plain_object, no_rules, no_body, redeliver_event},
    {post, "/v1/payouts", "payouts", write, secret, payout_object, create_payout_rules, form_body, create_payout},
    {get, "/v1/payouts", "payouts", read, secret, payout_list, list_payouts_rules, no_body, list_payouts},
    {get, "/v1/payouts/{id}", "payouts", read, secret, payout_object, read_rules, no_body, read_payout},
    {post, "/v1/payouts/{id}", "payouts", write, secret, payout_object, update_payout_rules, form_body, update_payout},
    {post, "/v1/payouts/{id}/cancel", "payouts", write, secret, payout_object, cancel_payout_rules, form_body, cancel_payout},
    {post, "/v1/payouts/{id}/reverse", "payouts", write, secret, payout_object, reverse_payout_rules, form_body, reverse_payout},
    {get, "/v1/balance", "balance", read, secret, plain_object, no_rules, no_body, read_balance},
    {get, "/v1/balance_transactions", "balance", read, secret, balance_list, list_balance_rules, no_body, list_balance_transactions},
    {get, "/v1/balance_transactions/{id}", "balance", read, secret, balance_object, read_rules, no_body, read_balance_transaction},
    {post, "/v1/tokens", "tokens", write, publishable, plain_object, create_token_rules, card_body, create_token},
    {get, "/v1/tokens/{id}", "tokens", read, secret, plain_object, read_rules, no_body, read_token},
    {post, "/v1/confirmation_tokens", confirmations, write, browser, confirmation, confirmation_rules, card_body, create_confirmation_token},
    {get, "/v1/confirmation_tokens/{id}", confirmations, read, secret, confirmation, read_rules, no_body, read_confirmation_token},
    {post, "/v1/test_helpers/confirmation_tokens", confirmations, write, secret, confirmation, test_confirmation_rules, card_body, create_test_confirmation},
    {post, "/v1/ephemeral_keys", "ephemeral_keys", write, secret, plain_object, create_ephemeral_key_rules, no_body, create_ephemeral_key},
    {del, "/v1/ephemeral_keys/{id}", "ephemeral_keys", write, secret, plain_object, no_rules, no_body, delete_ephemeral_key},
    {get, "/v1/ledger/accounts", "ledger", read, secret, plain_object, no_rules, no_body, list_ledger_accounts},
    {get, "/v1/ledger/transactions", "ledger", read, secret, plain_list, list_transfers_rules, no_body, list_ledger_transactions},
    {get, "/v1/ledger/trial_balance", "ledger", read, secret, plain_object, no_rules, no_body, read_trial_balance},
    {post, "/v1/files", "files", write, secret, file_object, create_file_rules, upload_body, create_file, true},
    {get, "/v1/files", "files", read, secret, file_list, list_files_rules, no_body, list_files},
    {get, "/v1/files/{id}", "files", read, secret, file_object, read_rules, no_body, read_file},
    {get, "/v1/files/{id}/contents", "files", read, secret, file_bytes, no_rules, no_body, read_file_contents},
    {post, "/v1/file_links", "file_links", write, secret, link_object, create_file_link_rules, form_body, create_file_link},
    {get, "/v1/file_links", "file_links", read, secret, link_list, list_file_links_rules, no_body, list_file_links},
    {get, "/v1/file_links/{id}", "file_links", read, secret, link_object, read_rules, no_body, read_file_link},
    {post, "/v1/file_links/{id}", "file_links", write, secret, link_object, update_file_link_rules, form_body, update_file_link},
};
// clang-format on

constexpr bool decided(const Route& route) {
    const bool matches_method = (route.method == get) == (route.right == read);
    return !route.resource.empty() && route.right != Right::undecided && matches_method &&
           route.handler != nullptr && route.body_bytes_max > 0;
}
static_assert(std::ranges::all_of(table, decided), "every route says who may call it");

// Splits off the first segment; nothing when the text does not go on with '/'.
std::optional<std::string_view> next_segment(std::string_view& rest) {
    if (!rest.starts_with('/')) return std::nullopt;
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('/'), rest.size());
    const auto segment = rest.substr(0, end);
    rest.remove_prefix(end);
    return segment;
}

// No id has other bytes, and the database takes neither a NUL nor broken UTF-8: what holds one names nothing.
std::string printable(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c <= ' ' || c > '~'; }, '?');
    return text;
}

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
    std::vector<std::string> ids;
    while (!pattern.empty()) {
        const auto wanted = next_segment(pattern);
        const auto given = next_segment(path);
        if (!given) return std::nullopt;
        const auto decoded = common::form::percent_decode_segment(*given);
        if (wanted->starts_with('{')) {
            if (decoded.empty()) return std::nullopt;
            ids.push_back(printable(decoded));
        } else if (*wanted != decoded) {
            return std::nullopt;
        }
    }
    return path.empty() ? std::optional{std::move(ids)} : std::nullopt;
}

}  // namespace

common::Task<StoredResponse> Context::change(Job job) const {
    co_return co_await backend->change(call, caller.account, std::move(job));
}

common::Task<StoredResponse> Context::read(Job job) const {
    co_return co_await backend->read(call, caller.account, std::move(job));
}

std::span<const Route> routes() {
    return table;
}

std::optional<Match> find_route(Method method, std::string_view path) {
    for (const Route& route : table) {
        if (route.method != method) continue;
        if (auto ids = match(route.pattern, path)) return Match{&route, *std::move(ids)};
    }
    return std::nullopt;
}

const Route* find_publishable_route(std::string_view path) {
    for (const Route& route : table) {
        if (!route.callers.publishable) continue;
        const auto found = find_route(route.method, path);
        if (found && found->route == &route) return &route;
    }
    return nullptr;
}

std::size_t body_bytes_max(Method method, std::string_view path) {
    const auto found = find_route(method, path);
    return found ? found->route->body_bytes_max : form_body;
}

std::optional<common::Error> body_refusal(Method method, std::string_view path) {
    const auto found = find_route(method, path);
    if (!found || !found->route->uploads) return std::nullopt;
    return common::Error::invalid("", "file", "The file is too large.");
}

std::string route_label(Method method, std::string_view path) {
    if (path == "/healthz" || path == "/readyz" || path == openapi_path) return std::string{path};
    if (path.starts_with(files::links_path)) return std::string{files::links_path} + "{link}";
    const auto found = find_route(method, path);
    return std::string{found ? found->route->pattern : std::string_view{"unknown"}};
}

}  // namespace gateway::api
