// A confirmation up to the moment when the acquirer is asked.
#include <algorithm>

#include "common/failpoint.h"
#include "common/utf8.h"
#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

void apply(const ConfirmIntent& input, PaymentIntent& intent) {
    if (input.return_url) intent.return_url = input.return_url;
    if (input.capture_method) intent.capture_method = *input.capture_method;
    put_change(intent.receipt_email, input.receipt_email);
    put_change(intent.setup_future_usage, input.setup_future_usage);
    put_change(intent.shipping, input.shipping);
    merge(intent.payment_method_options, input.payment_method_options);
    merge(intent.echoed, input.echoed);
    intent.off_session = input.off_session;
}

std::optional<std::string> radar_session_of(const PaymentIntent& intent, const PaymentMethod& method) {
    const auto* options = intent.echoed.if_contains("radar_options");
    const auto* session =
        options && options->is_object() ? options->get_object().if_contains("session") : nullptr;
    if (!session || !session->is_string()) return method.radar_session;
    return std::string{session->get_string()};
}

// What is asked for where the card's issuer may offer it.
bool wants(const PaymentIntent& intent, std::string_view option) {
    const auto* card = intent.payment_method_options.if_contains("card");
    const auto* wish = card && card->is_object() ? card->get_object().if_contains(option) : nullptr;
    return wish && *wish == "if_available";
}

Charge charge_of(const PaymentIntent& intent, const PaymentMethod& method, std::string id,
                 std::int64_t now_ms) {
    Charge charge;
    charge.id = std::move(id);
    charge.scope = intent.scope;
    set_time(charge, now_ms);
    charge.amount = intent.amount;
    charge.currency = intent.currency;
    charge.payment_intent = intent.id;
    charge.payment_method = method.id;
    charge.customer = intent.customer;
    charge.description = intent.description;
    charge.receipt_email = intent.receipt_email;
    charge.statement_descriptor_suffix = intent.statement_descriptor_suffix;
    charge.transfer_group = intent.transfer_group;
    charge.radar_session = radar_session_of(intent, method);
    charge.billing_details = method.billing_details;
    charge.card = method.card;
    charge.multicapture = captured_by_merchant(intent) && wants(intent, "request_multicapture");
    charge.incremental = captured_by_merchant(intent) && wants(intent, "request_incremental_authorization");
    charge.metadata = intent.metadata;
    charge.shipping = intent.shipping;
    charge.risk_level = method.card.risk.empty() ? "normal" : method.card.risk;
    if (charge.risk_level == "blocked") charge.risk_level = "highest";
    return charge;
}

std::string address_part(const BillingDetails& details, std::string_view key) {
    if (!details.address) return {};
    const auto* value = details.address->if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

// As many whole characters as the vault takes; issuers compare fewer.
std::string shortened(std::string_view text) {
    constexpr std::size_t bytes_max = 32;
    std::size_t end = 0;
    while (end < text.size()) {
        const auto size = std::max<std::size_t>(common::utf8_sequence_size(text.substr(end)), 1);
        if (end + size > bytes_max) break;
        end += size;
    }
    return std::string{text.substr(0, end)};
}

// Who initiates it, first or subsequent use, unscheduled (ISO 8583 field 48 tag CO).
std::string stored_credential_of(const PaymentIntent& intent, const PaymentMethod& method) {
    if (method.customer) return intent.off_session ? "MSU" : "CSU";
    return intent.setup_future_usage && intent.customer ? "CFU" : "";
}

vault::AuthorizationRequest message_of(const PaymentIntent& intent, const PaymentMethod& method,
                                       const Account& account, const std::string& request_id) {
    auto message = message_of_card(method, account, request_id);
    message.amount = intent.amount;
    message.currency = std::string{intent.currency.code()};
    message.off_session = intent.off_session;
    message.stored_credential = stored_credential_of(intent, method);
    message.network_transaction_id = method.network_transaction_id;
    return message;
}

boost::json::value or_null(const std::optional<std::string>& text) {
    if (!text) return nullptr;
    return boost::json::value(*text);
}

}  // namespace

vault::AuthorizationRequest message_of_card(const PaymentMethod& method, const Account& account,
                                            const std::string& request_id) {
    vault::AuthorizationRequest message;
    message.request_id = request_id;
    message.account = method.scope.account;
    message.livemode = method.scope.livemode;
    message.card_token = method.card.token;
    message.cvc_handle = method.card.cvc_handle;
    message.merchant = account.identity;
    message.postal_code = shortened(address_part(method.billing_details, "postal_code"));
    std::string digits;
    std::ranges::copy_if(address_part(method.billing_details, "line1"), std::back_inserter(digits),
                         [](char c) { return c >= '0' && c <= '9'; });
    message.address_digits = shortened(digits);
    return message;
}

PaymentError last_error_of(const common::Error& error, const acquirer::Decline* decline,
                           const std::optional<PaymentMethod>& method) {
    PaymentError last;
    last.type = common::to_string(error.type());
    last.code = error.code();
    last.message = error.message();
    last.param = error.param();
    if (method) last.payment_method = method->id;
    if (!decline) return last;
    last.decline_code = decline->decline_code.view();
    last.advice_code = decline->advice_code;
    last.network_decline_code = decline->network_decline_code;
    return last;
}

// The intent is locked (or new), the method locked (or new), and the rules have agreed.
Result<Step> PaymentService::Impl::begin(Booking& booking, const Attempt& attempt) const {
    auto& tx = *booking.tx;
    auto& intent = booking.view.intent;
    const auto before = intent;
    apply(*attempt.input, intent);
    booking.view.method = attempt.method;
    take(tx, attempt.method, *attempt.prepared, intent.id);

    const auto screening =
        rules::screen(attempt.account->authentication_mode, attempt.method, intent.off_session);
    if (screening == rules::Screening::pass) return send(booking, attempt, before);

    if (attempt.creates_intent) {
        // Made in the state in which a merchant would have made it, so that its first event shows that.
        advance(intent, IntentEvent::method_given);
        intent.payment_method = attempt.method.id;
        store::insert(tx, intent);
        tell_intent(booking, "payment_intent.created");
    }
    advance(intent, IntentEvent::confirmed);
    if (screening == rules::Screening::block)
        booking.view.latest_charge = charge_of(intent, attempt.method, attempt.charge_id, now_ms());
    else
        booking.view.latest_charge.reset();
    const auto error =
        book_decline(booking, screening == rules::Screening::block ? acquirer::blocked_as_too_risky()
                                                                   : acquirer::authentication_required());
    if (booking.view.latest_charge) store::insert(tx, *booking.view.latest_charge);
    save(booking);
    booking.events.write(tx);
    return respond(tx, *booking.call, renderer->failure(error, &booking.view, *booking.call));
}

// Writes down what is about to be sent.
Result<Step> PaymentService::Impl::send(Booking& booking, const Attempt& attempt,
                                        const PaymentIntent& before) const {
    auto& tx = *booking.tx;
    auto& intent = booking.view.intent;
    const auto now = now_ms();

    AcquirerRequest request;
    request.id = attempt.request_id;
    request.scope = intent.scope;
    request.purpose = Purpose::authorization;
    request.action = Action::confirm;
    request.payment_intent = intent.id;
    request.charge = attempt.charge_id;
    request.amount = intent.amount;
    request.currency = intent.currency;
    request.created_ms = now;
    request.due_ms = now + lease_ms;
    request.call = *booking.call;
    request.detail["payment_method"] = attempt.method.id;
    request.detail["creates_intent"] = attempt.creates_intent;
    request.detail["prior_status"] = to_string(before.status);
    request.detail["prior_method"] = or_null(before.payment_method);
    request.detail["prior_charge"] = or_null(before.latest_charge);
    request.detail["tokens"] = tokens_of(*attempt.prepared);
    request.detail["prior_document"] = store::codec::to_object(before, store::Shape<PaymentIntent>::columns);

    Charge charge = charge_of(intent, attempt.method, attempt.charge_id, now_ms());
    charge.authorization_request = request.id;
    charge.authentication = boost::json::object{{"result", "exempted"}, {"exemption", "delegated"}};
    advance(intent, IntentEvent::confirmed);
    intent.payment_method = attempt.method.id;
    intent.latest_charge = charge.id;
    intent.last_payment_error.reset();

    intent.in_flight = request.id;
    if (attempt.creates_intent)
        store::insert(tx, intent);
    else
        store::update(tx, intent);
    if (!intent.customer) {
        auto method = attempt.method;
        method.consumed = true;
        store::update(tx, method);
    }
    store::insert(tx, charge);
    store::insert(tx, request);

    common::failpoint("confirm", "commit");
    Step step;
    step.authorization = message_of(intent, attempt.method, *attempt.account, request.id);
    step.request = std::move(request);
    return step;
}

// Writes the decline into intent and charge (if there is one), and tells it. The error for the merchant.
common::Error PaymentService::Impl::book_decline(Booking& booking, const acquirer::Decline& decline) const {
    auto& intent = booking.view.intent;
    auto& charge = booking.view.latest_charge;
    auto error = acquirer::error_of(decline);

    auto last = last_error_of(error, &decline, booking.view.method);
    if (charge) {
        last.charge = charge->id;
        error = acquirer::error_of(decline).with_field("charge", boost::json::value(charge->id));
        charge->status = ChargeStatus::failed;
        charge->paid = false;
        charge->captured = false;
        charge->failure_code = error.code();
        charge->failure_message = error.message();
        if (!decline.network_decline_code.empty())
            charge->network_decline_code = decline.network_decline_code;
        if (!decline.advice_code.empty()) charge->advice_code = decline.advice_code;
        const bool blocked = charge->risk_level == "highest";
        charge->outcome_type = blocked ? "blocked" : "issuer_declined";
        charge->outcome_network_status = blocked ? "not_sent_to_network" : "declined_by_network";
        charge->outcome_reason = blocked ? "highest_risk_level" : std::string{decline.decline_code.view()};
        charge->outcome_seller_message = blocked ? "This payment was blocked because its risk is too high."
                                                 : "The bank did not approve this payment.";
        intent.latest_charge = charge->id;
    }
    intent.last_payment_error = std::move(last);
    intent.payment_method.reset();
    intent.amount_capturable = 0;
    advance(intent, IntentEvent::failed);
    if (charge) tell_charge(booking, "charge.failed");
    tell_intent(booking, "payment_intent.payment_failed");
    return error;
}

std::optional<Step> PaymentService::Impl::resume(Transaction& tx, const Call& call,
                                                 const std::string& request_id) const {
    auto request = store::find_request(tx, call.scope.account, request_id);
    if (!request) return std::nullopt;
    Step step;
    if (request->action == Action::verify) {
        const std::string method_id{request->detail.at("payment_method").as_string()};
        const auto method = store::find<PaymentMethod>(tx, call.scope, method_id);
        const auto account = store::find_account(tx, call.scope.account);
        if (method && account) step.authorization = verification_of(*method, *account, *request);
    }
    if (request->action == Action::increase) {
        const auto charge = store::find<Charge>(tx, call.scope, request->charge);
        const auto method =
            charge ? store::find<PaymentMethod>(tx, call.scope, charge->payment_method) : std::nullopt;
        const auto account = store::find_account(tx, call.scope.account);
        if (method && account) step.authorization = increase_of(*charge, *method, *account, *request);
    }
    if (request->action == Action::confirm) {
        const auto intent = store::find<PaymentIntent>(tx, call.scope, request->payment_intent);
        const std::string method_id{request->detail.at("payment_method").as_string()};
        const auto method = store::find<PaymentMethod>(tx, call.scope, method_id);
        const auto account = store::find_account(tx, call.scope.account);
        if (intent && method && account)
            step.authorization = message_of(*intent, *method, *account, request_id);
    }
    step.request = std::move(request);
    return step;
}

Result<Step> PaymentService::Impl::confirm(Transaction& tx, PaymentIntent row,
                                           const Confirmation& given) const {
    const auto& call = *given.call;
    const auto account = store::find_account(tx, call.scope.account);
    if (!account) return Fail{common::Error::internal("the account of a key does not exist")};
    Booking booking{&tx,
                    &call,
                    {},
                    EventLog{call, account->default_version, clock->unix_seconds()},
                    account->default_version};
    if (given.events != nullptr) booking.events = std::move(*given.events);
    booking.view.intent = std::move(row);
    auto step = confirm(booking, *account, given);
    booking.events.write(tx);
    return step;
}

Result<Step> PaymentService::Impl::confirm(Booking& booking, const Account& account,
                                           const Confirmation& given) const {
    auto& tx = *booking.tx;
    const auto& call = *booking.call;
    auto& intent = booking.view.intent;
    if (intent.latest_charge)
        booking.view.latest_charge = store::find<Charge>(tx, call.scope, *intent.latest_charge);
    if (intent.payment_method)
        booking.view.method = store::lock<PaymentMethod>(tx, call.scope, *intent.payment_method);
    if (auto fault = rules::may_confirm_with(call.publishable, intent); !fault)
        return refuse(tx, call, fault.error(), &booking.view);
    if (given.prepared->refused) return refuse(tx, call, *given.prepared->refused, &booking.view);
    if (auto fine = bring(tx, call, *given.prepared, *given.input); !fine)
        return refuse(tx, call, fine.error(), &booking.view);

    std::optional<PaymentMethod> method = given.prepared->method;
    if (!method && given.input->payment_method) {
        auto found = store::require_locked<PaymentMethod>(tx, call.scope, *given.input->payment_method,
                                                          "payment_method");
        if (!found) return refuse(tx, call, found.error(), &booking.view);
        method = *std::move(found);
    }
    if (!method) method = booking.view.method;
    auto fault = rules::may_confirm(intent, *given.input, method.has_value());
    if (fault) fault = rules::may_charge(account);
    if (fault) fault = rules::method_usable(*method, intent);
    if (!fault) return refuse(tx, call, fault.error(), &booking.view);
    give_code(*method, *given.prepared);
    const Attempt attempt{&account, given.input,      given.prepared, *std::move(method),
                          false,    given.request_id, given.charge_id};
    return begin(booking, attempt);
}

Task<StoredResponse> PaymentService::confirm_intent(Call call, std::string id, ConfirmIntent input) {
    auto* self = impl_.get();
    auto data = std::exchange(input.payment_method_data, std::nullopt);
    auto prepared = co_await self->prepare(call, input.payment_method, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;
    const Impl::Confirmation given{&call,
                                   &input,
                                   &*prepared,
                                   common::new_id("areq_", call.scope.account),
                                   common::new_id("ch_", call.scope.account),
                                   nullptr};

    auto job = [self, &call, &id, &input, &given](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<PaymentIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        if (auto fault = rules::client_secret(*row, input.client_secret, call.publishable); !fault)
            return self->refuse(tx, call, fault.error(), nullptr);

        if (auto fault = rules::merchant_may_move(*row); !fault) {
            const auto view = payments::view_of(tx, *std::move(row));
            return self->refuse(tx, call, fault.error(), &view);
        }
        return self->confirm(tx, *std::move(row), given);
    };
    co_return co_await self->serve(call, given.request_id, std::move(job));
}

}  // namespace gateway
