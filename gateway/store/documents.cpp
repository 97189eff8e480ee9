#include "gateway/store/documents.h"

namespace gateway::store {
namespace {

namespace json = boost::json;

void put(json::object& out, std::string_view key, const std::string& value) {
    if (!value.empty()) out[key] = value;
}
void put(json::object& out, std::string_view key, const std::optional<std::string>& value) {
    if (value) out[key] = *value;
}
void put(json::object& out, std::string_view key, const std::optional<json::object>& value) {
    if (value) out[key] = *value;
}
void put(json::object& out, std::string_view key, const std::optional<std::int64_t>& value) {
    if (value) out[key] = *value;
}

std::optional<std::string> text(const json::object& in, std::string_view key) {
    const auto* found = in.if_contains(key);
    if (found == nullptr) return std::nullopt;
    return std::string{found->as_string()};
}
std::string text_or_empty(const json::object& in, std::string_view key) {
    return text(in, key).value_or("");
}
std::optional<json::object> object(const json::object& in, std::string_view key) {
    const auto* found = in.if_contains(key);
    if (found == nullptr) return std::nullopt;
    return found->as_object();
}
json::object object_or_empty(const json::object& in, std::string_view key) {
    return object(in, key).value_or(json::object{});
}
std::optional<std::int64_t> integer(const json::object& in, std::string_view key) {
    const auto* found = in.if_contains(key);
    if (found == nullptr) return std::nullopt;
    return found->to_number<std::int64_t>();
}
bool flag(const json::object& in, std::string_view key) {
    const auto* found = in.if_contains(key);
    return found != nullptr && found->as_bool();
}

json::object billing_document(const BillingDetails& details) {
    json::object out;
    put(out, "address", details.address);
    put(out, "email", details.email);
    put(out, "name", details.name);
    put(out, "phone", details.phone);
    put(out, "tax_id", details.tax_id);
    return out;
}

BillingDetails billing_of(const json::object& in) {
    BillingDetails details;
    details.address = object(in, "address");
    details.email = text(in, "email");
    details.name = text(in, "name");
    details.phone = text(in, "phone");
    details.tax_id = text(in, "tax_id");
    return details;
}

json::object card_document(const CardDetails& card) {
    json::object out;
    put(out, "token", card.token);
    put(out, "cvc_handle", card.cvc_handle);
    put(out, "brand", card.brand);
    put(out, "last4", card.last4);
    put(out, "funding", card.funding);
    put(out, "country", card.country);
    put(out, "fingerprint", card.fingerprint);
    out["exp_month"] = card.exp_month;
    out["exp_year"] = card.exp_year;
    put(out, "authentication", card.authentication);
    put(out, "risk", card.risk);
    put(out, "cvc_check", card.cvc_check);
    put(out, "address_line1_check", card.address_line1_check);
    put(out, "address_postal_code_check", card.address_postal_code_check);
    return out;
}

CardDetails card_of(const json::object& in) {
    CardDetails card;
    card.token = text_or_empty(in, "token");
    card.cvc_handle = text_or_empty(in, "cvc_handle");
    card.brand = text_or_empty(in, "brand");
    card.last4 = text_or_empty(in, "last4");
    card.funding = text_or_empty(in, "funding");
    card.country = text_or_empty(in, "country");
    card.fingerprint = text_or_empty(in, "fingerprint");
    card.exp_month = static_cast<int>(integer(in, "exp_month").value_or(0));
    card.exp_year = static_cast<int>(integer(in, "exp_year").value_or(0));
    card.authentication = text_or_empty(in, "authentication");
    card.risk = text_or_empty(in, "risk");
    card.cvc_check = text(in, "cvc_check");
    card.address_line1_check = text(in, "address_line1_check");
    card.address_postal_code_check = text(in, "address_postal_code_check");
    return card;
}

json::object error_document(const PaymentError& error) {
    json::object out;
    put(out, "type", error.type);
    put(out, "code", error.code);
    put(out, "decline_code", error.decline_code);
    put(out, "message", error.message);
    put(out, "charge", error.charge);
    put(out, "payment_method", error.payment_method);
    put(out, "param", error.param);
    put(out, "advice_code", error.advice_code);
    put(out, "network_decline_code", error.network_decline_code);
    return out;
}

PaymentError error_of(const json::object& in) {
    PaymentError error;
    error.type = text_or_empty(in, "type");
    error.code = text_or_empty(in, "code");
    error.decline_code = text_or_empty(in, "decline_code");
    error.message = text_or_empty(in, "message");
    error.charge = text_or_empty(in, "charge");
    error.payment_method = text_or_empty(in, "payment_method");
    error.param = text_or_empty(in, "param");
    error.advice_code = text_or_empty(in, "advice_code");
    error.network_decline_code = text_or_empty(in, "network_decline_code");
    return error;
}

}  // namespace

json::object to_document(const PaymentMethod& method) {
    json::object out;
    out["card"] = card_document(method.card);
    out["billing_details"] = billing_document(method.billing_details);
    put(out, "allow_redisplay", method.allow_redisplay);
    put(out, "radar_session", method.radar_session);
    out["metadata"] = method.metadata;
    return out;
}

void from_document(const json::object& document, PaymentMethod& method) {
    method.card = card_of(object_or_empty(document, "card"));
    method.billing_details = billing_of(object_or_empty(document, "billing_details"));
    method.allow_redisplay = text_or_empty(document, "allow_redisplay");
    method.radar_session = text(document, "radar_session");
    method.metadata = object_or_empty(document, "metadata");
}

json::object to_document(const PaymentIntent& intent) {
    json::object out;
    out["capture_method"] = to_string(intent.capture_method);
    put(out, "confirmation_method", intent.confirmation_method);
    put(out, "client_secret", intent.client_secret);
    put(out, "description", intent.description);
    put(out, "receipt_email", intent.receipt_email);
    put(out, "return_url", intent.return_url);
    put(out, "setup_future_usage", intent.setup_future_usage);
    put(out, "statement_descriptor", intent.statement_descriptor);
    put(out, "statement_descriptor_suffix", intent.statement_descriptor_suffix);
    put(out, "transfer_group", intent.transfer_group);
    put(out, "cancellation_reason", intent.cancellation_reason);
    put(out, "canceled_at", intent.canceled_at);
    if (intent.last_payment_error) out["last_payment_error"] = error_document(*intent.last_payment_error);
    out["metadata"] = intent.metadata;
    put(out, "shipping", intent.shipping);
    out["payment_method_options"] = intent.payment_method_options;
    put(out, "automatic_payment_methods", intent.automatic_payment_methods);
    if (intent.allowed_payment_method_types)
        out["allowed_payment_method_types"] = *intent.allowed_payment_method_types;
    out["echoed"] = intent.echoed;
    out["off_session"] = intent.off_session;
    return out;
}

void from_document(const json::object& document, PaymentIntent& intent) {
    intent.capture_method = capture_method_of(text_or_empty(document, "capture_method")).value();
    intent.confirmation_method = text_or_empty(document, "confirmation_method");
    intent.client_secret = text_or_empty(document, "client_secret");
    intent.description = text(document, "description");
    intent.receipt_email = text(document, "receipt_email");
    intent.return_url = text(document, "return_url");
    intent.setup_future_usage = text(document, "setup_future_usage");
    intent.statement_descriptor = text(document, "statement_descriptor");
    intent.statement_descriptor_suffix = text(document, "statement_descriptor_suffix");
    intent.transfer_group = text(document, "transfer_group");
    intent.cancellation_reason = text(document, "cancellation_reason");
    intent.canceled_at = integer(document, "canceled_at");
    intent.last_payment_error.reset();
    if (const auto error = object(document, "last_payment_error"))
        intent.last_payment_error = error_of(*error);
    intent.metadata = object_or_empty(document, "metadata");
    intent.shipping = object(document, "shipping");
    intent.payment_method_options = object_or_empty(document, "payment_method_options");
    intent.automatic_payment_methods = object(document, "automatic_payment_methods");
    intent.allowed_payment_method_types.reset();
    if (const auto* types = document.if_contains("allowed_payment_method_types"))
        intent.allowed_payment_method_types = types->as_array();
    intent.echoed = object_or_empty(document, "echoed");
    intent.off_session = flag(document, "off_session");
}

json::object to_document(const Charge& charge) {
    json::object out;
    out["captured"] = charge.captured;
    out["paid"] = charge.paid;
    out["refunded"] = charge.refunded;
    out["disputed"] = charge.disputed;
    put(out, "payment_method", charge.payment_method);
    put(out, "description", charge.description);
    put(out, "receipt_email", charge.receipt_email);
    put(out, "statement_descriptor_suffix", charge.statement_descriptor_suffix);
    put(out, "failure_code", charge.failure_code);
    put(out, "failure_message", charge.failure_message);
    put(out, "balance_transaction", charge.balance_transaction);
    put(out, "transfer_group", charge.transfer_group);
    put(out, "radar_session", charge.radar_session);
    out["billing_details"] = billing_document(charge.billing_details);
    out["card"] = card_document(charge.card);
    out["metadata"] = charge.metadata;
    put(out, "shipping", charge.shipping);
    put(out, "outcome_type", charge.outcome_type);
    put(out, "outcome_network_status", charge.outcome_network_status);
    put(out, "outcome_reason", charge.outcome_reason);
    put(out, "outcome_seller_message", charge.outcome_seller_message);
    put(out, "risk_level", charge.risk_level);
    put(out, "network_decline_code", charge.network_decline_code);
    put(out, "advice_code", charge.advice_code);
    put(out, "authorization_request", charge.authorization_request);
    put(out, "authorization_code", charge.authorization_code);
    put(out, "rrn", charge.rrn);
    put(out, "network_transaction_id", charge.network_transaction_id);
    put(out, "capture_before", charge.capture_before);
    put(out, "authentication", charge.authentication);
    return out;
}

void from_document(const json::object& document, Charge& charge) {
    charge.captured = flag(document, "captured");
    charge.paid = flag(document, "paid");
    charge.refunded = flag(document, "refunded");
    charge.disputed = flag(document, "disputed");
    charge.payment_method = text_or_empty(document, "payment_method");
    charge.description = text(document, "description");
    charge.receipt_email = text(document, "receipt_email");
    charge.statement_descriptor_suffix = text(document, "statement_descriptor_suffix");
    charge.failure_code = text(document, "failure_code");
    charge.failure_message = text(document, "failure_message");
    charge.balance_transaction = text(document, "balance_transaction");
    charge.transfer_group = text(document, "transfer_group");
    charge.radar_session = text(document, "radar_session");
    charge.billing_details = billing_of(object_or_empty(document, "billing_details"));
    charge.card = card_of(object_or_empty(document, "card"));
    charge.metadata = object_or_empty(document, "metadata");
    charge.shipping = object(document, "shipping");
    charge.outcome_type = text_or_empty(document, "outcome_type");
    charge.outcome_network_status = text_or_empty(document, "outcome_network_status");
    charge.outcome_reason = text_or_empty(document, "outcome_reason");
    charge.outcome_seller_message = text_or_empty(document, "outcome_seller_message");
    charge.risk_level = text_or_empty(document, "risk_level");
    charge.network_decline_code = text(document, "network_decline_code");
    charge.advice_code = text(document, "advice_code");
    charge.authorization_request = text_or_empty(document, "authorization_request");
    charge.authorization_code = text_or_empty(document, "authorization_code");
    charge.rrn = text_or_empty(document, "rrn");
    charge.network_transaction_id = text_or_empty(document, "network_transaction_id");
    charge.capture_before = integer(document, "capture_before");
    charge.authentication = object(document, "authentication");
}

json::object to_document(const Call& call) {
    json::object out;
    out["account"] = call.scope.account.value;
    out["livemode"] = call.scope.livemode;
    put(out, "request_id", call.request_id);
    json::object key;
    put(key, "key", call.idempotency.key);
    put(key, "method", call.idempotency.method);
    put(key, "path", call.idempotency.path);
    put(key, "parameters", call.idempotency.parameters);
    out["idempotency"] = std::move(key);
    put(out, "api_version", call.api_version);
    json::array expand;
    for (const auto& path : call.expand)
        expand.emplace_back(path);
    out["expand"] = std::move(expand);
    out["publishable"] = call.publishable;
    put(out, "client_address", call.client_address);
    return out;
}

Call call_from_document(const json::object& document) {
    Call call;
    call.scope.account.value = integer(document, "account").value();
    call.scope.livemode = flag(document, "livemode");
    call.request_id = text_or_empty(document, "request_id");
    const auto& key = document.at("idempotency").as_object();
    call.idempotency = {text_or_empty(key, "key"), text_or_empty(key, "method"), text_or_empty(key, "path"),
                        text_or_empty(key, "parameters")};
    call.api_version = text_or_empty(document, "api_version");
    if (const auto* expand = document.if_contains("expand"))
        for (const auto& path : expand->as_array())
            call.expand.emplace_back(path.as_string());
    call.publishable = flag(document, "publishable");
    call.client_address = text_or_empty(document, "client_address");
    return call;
}

json::object parse_object(std::string_view text) {
    return json::parse(text).as_object();
}

std::string to_text(const json::object& document) {
    return json::serialize(document);
}

}  // namespace gateway::store
