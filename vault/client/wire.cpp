#include "vault/client/wire.h"

#include "common/json.h"
#include "vault/client/card_errors.h"
#include "vault/client/members.h"

namespace vault::wire {
namespace {

using common::Cause;
using common::Error;
using common::ErrorType;
using common::Fail;
using common::Result;
using Need = Members::Need;
namespace json = boost::json;

constexpr std::int64_t amount_max = 999'999'999'999;  // ISO 8583 field 4
// Years and months are judged by the rules of cards, which have errors of their own; here only their size.
constexpr std::int64_t calendar_max = 999'999'999;

template <class T>
Result<T> finished(const Members& members, T value) {
    if (!members.ok()) return Fail{members.error()};
    return value;
}

json::object to_json(const MerchantIdentity& merchant) {
    return {{"mcc", merchant.mcc},
            {"country_numeric", merchant.country_numeric},
            {"terminal_id", merchant.terminal_id},
            {"merchant_id", merchant.merchant_id},
            {"name", merchant.name},
            {"city", merchant.city},
            {"country", merchant.country}};
}

Result<MerchantIdentity> merchant_identity(const json::object& object) {
    Members members{object,
                    {"mcc", "country_numeric", "terminal_id", "merchant_id", "name", "city", "country"}};
    return finished(members,
                    MerchantIdentity{members.text("mcc", Need::required, 4),
                                     members.text("country_numeric", Need::required, 3),
                                     members.text("terminal_id", Need::required, 8),
                                     members.text("merchant_id", Need::required, 15), members.text("name"),
                                     members.text("city"), members.text("country", Need::required, 2)});
}

struct StateName {
    Exchange::State state;
    std::string_view name;
};
constexpr std::array state_names{
    StateName{Exchange::State::pending, "pending"},   StateName{Exchange::State::answered, "answered"},
    StateName{Exchange::State::reversed, "reversed"}, StateName{Exchange::State::not_sent, "not_sent"},
    StateName{Exchange::State::parked, "parked"},
};

struct KindName {
    Exchange::Kind kind;
    std::string_view name;
};
constexpr std::array kind_names{
    KindName{Exchange::Kind::authorization, "authorization"},
    KindName{Exchange::Kind::capture, "capture"},
    KindName{Exchange::Kind::reversal, "reversal"},
    KindName{Exchange::Kind::refund, "refund"},
};

json::string_view name_of(Exchange::Kind kind) {
    for (const auto& row : kind_names)
        if (row.kind == kind) return row.name;
    return "";
}

std::optional<Exchange::Kind> exchange_kind_of(std::string_view text) {
    for (const auto& row : kind_names)
        if (row.name == text) return row.kind;
    return std::nullopt;
}

}  // namespace

json::object to_json(const Metadata& metadata) {
    json::object object;
    for (const auto& [key, value] : metadata)
        object[key] = value;
    return object;
}

std::string_view to_string(Exchange::State state) {
    for (const auto& row : state_names)
        if (row.state == state) return row.name;
    return "";
}

std::optional<Exchange::State> exchange_state_of(std::string_view text) {
    for (const auto& row : state_names)
        if (row.name == text) return row.state;
    return std::nullopt;
}

common::SecretText to_json(const NewCard& card) {
    json::object object{common::json::wiping_storage()};
    object["account"] = common::base62_of(card.account);
    object["livemode"] = card.livemode;
    if (!card.sandbox_id.empty()) {
        object["sandbox_id"] = card.sandbox_id;
    } else {
        object["number"] = json::string{card.number.view(), object.storage()};
        object["exp_month"] = card.exp_month;
        object["exp_year"] = card.exp_year;
        if (!card.cvc.empty()) object["cvc"] = json::string{card.cvc.view(), object.storage()};
    }
    if (card.digit_token) object["token_format"] = "digits";
    if (!card.metadata.empty()) object["metadata"] = to_json(card.metadata);
    return common::json::serialize_secret(json::value(std::move(object)));
}

namespace {

// What a line of a bulk has too.
void read_card(Members& members, const json::object& object, NewCard& card) {
    const auto format = members.text("token_format", Need::optional);
    if (!format.empty() && format != "default" && format != "digits")
        members.refuse("token_format", "{} must be default or digits.");
    card.digit_token = format == "digits";
    card.metadata = members.texts("metadata");
    card.sandbox_id = members.text("sandbox_id", Need::optional);
    const bool by_id = !card.sandbox_id.empty();
    if (by_id && (object.contains("number") || object.contains("cvc")))
        members.refuse("sandbox_id", "{} stands for number and cvc; send one or the other.");
    const auto needed = by_id ? Need::optional : Need::required;
    card.number = members.secret("number", needed);
    card.exp_month = members.integer("exp_month", -calendar_max, calendar_max, needed);
    card.exp_year = members.integer("exp_year", -calendar_max, calendar_max, needed);
}

// What is refused may hold a card number where none belongs.
Result<NewCard> finished_card(const Members& members, NewCard card) {
    if (!members.ok())
        for (auto& [key, value] : card.metadata)
            common::wipe(value.data(), value.size());
    return finished(members, std::move(card));
}

}  // namespace

Result<NewCard> new_card(const json::object& object) {
    Members members{object,
                    {"account", "livemode", "number", "cvc", "exp_month", "exp_year", "sandbox_id",
                     "token_format", "metadata"}};
    NewCard card;
    card.account = members.account("account");
    card.livemode = members.boolean("livemode");
    read_card(members, object, card);
    card.cvc = members.secret("cvc", Need::optional);
    return finished_card(members, std::move(card));
}

common::SecretText to_json(const NewSecurityCode& code) {
    json::object object{common::json::wiping_storage()};
    object["account"] = common::base62_of(code.account);
    object["livemode"] = code.livemode;
    object["cvc"] = json::string{code.code.view(), object.storage()};
    return common::json::serialize_secret(json::value(std::move(object)));
}

Result<NewSecurityCode> new_security_code(const json::object& object) {
    Members members{object, {"account", "livemode", "cvc"}};
    NewSecurityCode code;
    code.account = members.account("account");
    code.livemode = members.boolean("livemode");
    code.code = members.secret("cvc", Need::required);
    return finished(members, std::move(code));
}

json::object to_json(const SecurityCode& code) {
    return {{"cvc_handle", code.handle}};
}

Result<SecurityCode> security_code(const json::object& object) {
    Members members{object, {"cvc_handle"}};
    return finished(members, SecurityCode{members.text("cvc_handle")});
}

// A security code could not wait for its authorization: there are too many, and memory is all they may be in.
Result<NewCard> bulk_line(const json::object& object) {
    Members members{object, {"number", "exp_month", "exp_year", "sandbox_id", "token_format", "metadata"}};
    NewCard card;
    read_card(members, object, card);
    return finished_card(members, std::move(card));
}

json::object to_json(const Card& card) {
    json::object object{{"token", card.token},
                        {"brand", card.brand},
                        {"last4", card.last4},
                        {"funding", card.funding},
                        {"country", card.country},
                        {"fingerprint", card.fingerprint},
                        {"exp_month", card.exp_month},
                        {"exp_year", card.exp_year},
                        {"cvc_handle", card.cvc_handle},
                        {"authentication", card.authentication},
                        {"risk", card.risk}};
    if (!card.metadata.empty()) object["metadata"] = to_json(card.metadata);
    return object;
}

Result<Card> card(const json::object& object) {
    Members members{object,
                    {"token", "brand", "last4", "funding", "country", "fingerprint", "exp_month", "exp_year",
                     "cvc_handle", "authentication", "risk", "metadata"}};
    Card card;
    card.token = members.text("token");
    card.brand = members.text("brand");
    card.last4 = members.text("last4");
    card.funding = members.text("funding");
    card.country = members.text("country");
    card.fingerprint = members.text("fingerprint");
    card.exp_month = static_cast<int>(members.integer("exp_month", 1, 12));
    card.exp_year = static_cast<int>(members.integer("exp_year", 2000, 9999));
    card.cvc_handle = members.text("cvc_handle");
    card.authentication = members.text("authentication");
    card.risk = members.text("risk");
    card.metadata = members.texts("metadata");
    return finished(members, std::move(card));
}

json::object to_json(const AuthorizationRequest& request) {
    return {{"request_id", request.request_id},
            {"account", common::base62_of(request.account)},
            {"livemode", request.livemode},
            {"card_token", request.card_token},
            {"cvc_handle", request.cvc_handle},
            {"amount", request.amount},
            {"currency", request.currency},
            {"merchant", to_json(request.merchant)},
            {"off_session", request.off_session},
            {"stored_credential", request.stored_credential},
            {"network_transaction_id", request.network_transaction_id},
            {"postal_code", request.postal_code},
            {"address_digits", request.address_digits}};
}

Result<AuthorizationRequest> authorization(const json::object& object) {
    Members members{
        object,
        {"request_id", "account", "livemode", "card_token", "cvc_handle", "amount", "currency", "merchant",
         "off_session", "stored_credential", "network_transaction_id", "postal_code", "address_digits"}};
    AuthorizationRequest request;
    request.request_id = members.text("request_id");
    request.account = members.account("account");
    request.livemode = members.boolean("livemode");
    request.card_token = members.text("card_token");
    request.cvc_handle = members.text("cvc_handle", Need::optional);
    request.amount = members.integer("amount", 0, amount_max);
    request.currency = members.text("currency", Need::required, 3);
    request.off_session = members.boolean("off_session", Need::optional);
    request.stored_credential = members.text("stored_credential", Need::optional, 3);
    request.network_transaction_id = members.text("network_transaction_id", Need::optional, 64);
    request.postal_code = members.text("postal_code", Need::optional, 32);
    request.address_digits = members.text("address_digits", Need::optional, 32);
    if (const auto* merchant = members.object("merchant")) {
        auto identity = merchant_identity(*merchant);
        if (identity)
            request.merchant = std::move(*identity);
        else
            members.merge(Fail{identity.error()});
    }
    return finished(members, std::move(request));
}

json::object to_json(const CaptureRequest& request) {
    return {{"request_id", request.request_id},
            {"authorization_id", request.authorization_id},
            {"account", common::base62_of(request.account)},
            {"amount", request.amount},
            {"sequence", request.sequence},
            {"count", request.count}};
}

Result<CaptureRequest> capture(const json::object& object) {
    Members members{object, {"request_id", "authorization_id", "account", "amount", "sequence", "count"}};
    CaptureRequest request;
    request.request_id = members.text("request_id");
    request.authorization_id = members.text("authorization_id");
    request.account = members.account("account");
    request.amount = members.integer("amount", 1, amount_max);
    request.sequence = static_cast<int>(members.integer("sequence", 1, 99));
    request.count = static_cast<int>(members.integer("count", 1, 99));
    return finished(members, std::move(request));
}

json::object to_json(const ReversalRequest& request) {
    return {{"request_id", request.request_id},
            {"authorization_id", request.authorization_id},
            {"account", common::base62_of(request.account)},
            {"reason", request.reason}};
}

Result<ReversalRequest> reversal(const json::object& object) {
    Members members{object, {"request_id", "authorization_id", "account", "reason"}};
    ReversalRequest request;
    request.request_id = members.text("request_id");
    request.authorization_id = members.text("authorization_id");
    request.account = members.account("account");
    request.reason = members.text("reason", Need::required, 2);
    return finished(members, std::move(request));
}

json::object to_json(const RefundRequest& request) {
    return {{"request_id", request.request_id},
            {"capture_id", request.capture_id},
            {"account", common::base62_of(request.account)},
            {"amount", request.amount},
            {"reason", request.reason}};
}

Result<RefundRequest> refund(const json::object& object) {
    Members members{object, {"request_id", "capture_id", "account", "amount", "reason"}};
    RefundRequest request;
    request.request_id = members.text("request_id");
    request.capture_id = members.text("capture_id");
    request.account = members.account("account");
    request.amount = members.integer("amount", 1, amount_max);
    request.reason = members.text("reason", Need::optional);
    return finished(members, std::move(request));
}

json::object to_json(const Exchange& exchange) {
    return {{"kind", name_of(exchange.kind)},
            {"state", json::string_view{to_string(exchange.state)}},
            {"request_id", exchange.request_id},
            {"response_code", exchange.response_code},
            {"authorization_code", exchange.authorization_code},
            {"rrn", exchange.rrn},
            {"stan", exchange.stan},
            {"network_transaction_id", exchange.network_transaction_id},
            {"merchant_advice", exchange.merchant_advice},
            {"avs_result", exchange.avs_result},
            {"cvc_result", exchange.cvc_result},
            {"approved_amount", exchange.approved_amount}};
}

Result<Exchange> exchange(const json::object& object) {
    Members members{
        object,
        {"kind", "state", "request_id", "response_code", "authorization_code", "rrn", "stan",
         "network_transaction_id", "merchant_advice", "avs_result", "cvc_result", "approved_amount"}};
    Exchange exchange;
    const auto kind = exchange_kind_of(members.text("kind"));
    if (!kind) members.refuse("kind", "{} is not known.");
    exchange.kind = kind.value_or(Exchange::Kind::authorization);
    const auto state = exchange_state_of(members.text("state"));
    if (!state) members.refuse("state", "{} is not known.");
    exchange.state = state.value_or(Exchange::State::pending);
    exchange.request_id = members.text("request_id");
    exchange.response_code = members.text("response_code");
    exchange.authorization_code = members.text("authorization_code");
    exchange.rrn = members.text("rrn");
    exchange.stan = members.text("stan");
    exchange.network_transaction_id = members.text("network_transaction_id");
    exchange.merchant_advice = members.text("merchant_advice");
    exchange.avs_result = members.text("avs_result");
    exchange.cvc_result = members.text("cvc_result");
    exchange.approved_amount = members.integer("approved_amount", 0, amount_max);
    return finished(members, std::move(exchange));
}

Error error_of(int status, std::string_view body) {
    const auto parsed = common::json::parse(body);
    const auto* root = parsed ? parsed->if_object() : nullptr;
    const auto* wrapped = root ? root->if_contains("error") : nullptr;
    const auto* object = wrapped ? wrapped->if_object() : nullptr;
    const auto member = [&](std::string_view key) -> std::string_view {
        return object ? common::json::text_or(*object, key, "") : "";
    };
    const auto code = member("code");
    if (status == 402)
        if (const auto fault = card_fault_of(code, member("decline_code"))) return card_error(*fault);
    const auto param = member("param");
    switch (status) {
        case 400:
            if (code == "resource_missing")
                return Error::invalid("resource_missing", param, "No such object in the vault.")
                    .with_cause(Cause::not_found);
            if (code == "testmode_unavailable")
                return Error::invalid("testmode_unavailable", param,
                                      "This vault takes no cards in test mode.");
            if (param == "metadata")
                return Error::invalid(
                    "parameter_invalid", param,
                    "The vault does not keep this metadata: at most 20 keys of 40 characters, "
                    "values of 500, and nothing that looks like a card number.");
            return Error::internal("the vault refused a request: 400 {} ({})",
                                   {common::Safe::id(code), common::Safe::param(param)});
        case 404: {
            auto missing =
                Error{404, ErrorType::invalid_request, "resource_missing", "No such object in the vault."}
                    .with_cause(Cause::not_found);
            if (member("cause") == "erased") return std::move(missing).with_field("cause", "erased");
            return missing;
        }
        case 409:
            return Error{409, ErrorType::invalid_request, "",
                         "The vault holds another request under this id."}
                .with_cause(Cause::conflict);
        case 429:
            return Error::unavailable("the vault is overloaded", Cause::overloaded);
        case 503:
            if (member("cause") == "outcome_unknown")
                return Error::unavailable("the vault does not know the outcome yet", Cause::outcome_unknown);
            if (member("cause") == "refund_open")
                return Error::unavailable("another refund of the payment is open", Cause::lock_timeout);
            return Error::unavailable("the vault cannot answer: 503");
        default:
            return Error::internal("the vault answered {} {}",
                                   {common::Safe::number(status), common::Safe::id(code)})
                .with_cause(Cause::outcome_unknown);
    }
}

}  // namespace vault::wire
