// Making payment methods and payment intents.
#include "gateway/customers/customer.h"
#include "gateway/no_such.h"
#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

constexpr std::string_view sandbox_prefix =
    "pm_card_";  // templates; ids of our own have no second underscore

CardDetails details_of(vault::Card card) {
    CardDetails details;
    details.token = std::move(card.token);
    details.cvc_handle = std::move(card.cvc_handle);
    details.brand = std::move(card.brand);
    details.last4 = std::move(card.last4);
    details.funding = std::move(card.funding);
    details.country = std::move(card.country);
    details.fingerprint = std::move(card.fingerprint);
    details.exp_month = card.exp_month;
    details.exp_year = card.exp_year;
    details.authentication = std::move(card.authentication);
    details.risk = std::move(card.risk);
    return details;
}

common::Error no_such_template(const NewPaymentMethod& input, const Scope& scope) {
    if (input.token) return no_such("token", *input.token, scope, false, input.token_param);
    return no_such("PaymentMethod", input.sandbox_id, scope, false, "payment_method");
}

}  // namespace

PaymentMethod method_of(CardDetails card, const Call& call, const NewPaymentMethod& input,
                        std::int64_t now_ms) {
    PaymentMethod method;
    method.id = common::new_id("pm_", call.scope.account);
    method.scope = call.scope;
    set_time(method, now_ms);
    method.card = std::move(card);
    method.billing_details = input.billing_details;
    method.allow_redisplay = input.allow_redisplay;
    method.metadata = input.metadata;
    method.radar_session = input.radar_session;
    return method;
}

Task<PaymentMethod> PaymentService::Impl::tokenize(Call call, NewPaymentMethod input) {
    if (call.scope.livemode && !input.sandbox_id.empty()) co_return Fail{no_such_template(input, call.scope)};
    vault::NewCard card;
    card.account = call.scope.account;
    card.livemode = call.scope.livemode;
    card.number = std::move(input.number);
    card.cvc = std::move(input.cvc);
    card.exp_month = input.exp_month;
    card.exp_year = input.exp_year;
    card.sandbox_id = input.sandbox_id;
    auto made = co_await vault->create_card(std::move(card), call.deadline);
    if (!made && made.error().cause() == common::Cause::not_found && !input.sandbox_id.empty())
        co_return Fail{no_such_template(input, call.scope)};
    // Tokenizing moves no money, so one whose answer was lost may simply be asked for again.
    if (!made && made.error().cause() == common::Cause::outcome_unknown)
        co_return Fail{common::Error::unavailable("the vault's answer to a new card was lost")};
    if (!made) co_return Fail{made.error()};
    co_return method_of(details_of(*std::move(made)), call, input, now_ms());
}

Task<std::optional<StoredResponse>> PaymentService::Impl::used_before(Call call) {
    if (!call.idempotency.is_given()) co_return std::nullopt;
    auto look = [this, &call](Transaction& tx) -> Result<std::optional<StoredResponse>> {
        store::enter(tx, call.scope.account);
        return idempotency::look(tx, call, now_ms());
    };
    co_return co_await database->read(look, call.deadline.at_most(transaction_max));
}

// Before the first transaction, since the vault is asked. A key that was used before is looked at first, so
// that a repeated request makes no second card.
Task<Prepared> PaymentService::Impl::prepare(Call call, std::optional<std::string> id,
                                             std::optional<NewPaymentMethod> data) {
    Prepared prepared;
    if (!data && id && id->starts_with(sandbox_prefix)) {
        data.emplace();
        data->sandbox_id = *id;
    }
    if (!data) co_return prepared;
    if (data->token && !tokens::is_template(*data->token, call.scope)) {
        prepared.data = std::move(data);
        co_return prepared;
    }
    if (data->token) data->sandbox_id = *data->token;
    auto used = co_await used_before(call);
    if (!used) co_return Fail{used.error()};
    if (*used) {
        prepared.response = **std::move(used);
        co_return prepared;
    }
    auto made = co_await tokenize(call, *std::move(data));
    if (made)
        prepared.method = *std::move(made);
    else if (is_final(made.error()))
        prepared.refused = made.error();
    else
        co_return Fail{made.error()};
    co_return prepared;
}

Task<StoredResponse> PaymentService::create_payment_method(Call call, NewPaymentMethod input) {
    auto* self = impl_.get();
    std::optional<NewPaymentMethod> data{std::move(input)};
    auto prepared = co_await self->prepare(call, std::nullopt, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;

    auto job = [self, &call, &prepared](Transaction& tx) -> Result<Step> {
        if (prepared->refused) return self->refuse(tx, call, *prepared->refused, nullptr);
        if (auto fine = self->redeem(tx, call, *prepared); !fine)
            return self->refuse(tx, call, fine.error(), nullptr);
        const auto& method = *prepared->method;
        Impl::insert_new(tx, method);
        return self->respond(tx, call, self->show(tx, &method, call));
    };
    co_return co_await self->serve(call, "", std::move(job));
}

Task<StoredResponse> PaymentService::create_intent(Call call, CreateIntent input) {
    auto* self = impl_.get();
    auto& wanted = input.intent;
    if (input.confirm && input.confirm->payment_method)
        wanted.payment_method = input.confirm->payment_method;
    else if (input.confirm)
        input.confirm->payment_method = wanted.payment_method;
    if (input.confirm && input.confirm->payment_method_data)
        input.payment_method_data = std::move(input.confirm->payment_method_data);
    auto prepared = co_await self->prepare(call, wanted.payment_method, std::move(input.payment_method_data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;

    const auto account_id = call.scope.account;
    wanted.id = common::new_id("pi_", account_id);
    wanted.scope = call.scope;
    set_time(wanted, self->now_ms());
    wanted.client_secret = common::new_id(wanted.id + "_secret_", account_id, 24);
    const auto request_id = common::new_id("areq_", account_id);
    const auto charge_id = common::new_id("ch_", account_id);

    auto job = [self, &call, &input, &prepared, &request_id, &charge_id](Transaction& tx) -> Result<Step> {
        if (prepared->refused) return self->refuse(tx, call, *prepared->refused, nullptr);

        const auto account = store::find_account(tx, call.scope.account);
        if (!account) return Fail{common::Error::internal("the account of a key does not exist")};
        Booking booking{&tx,
                        &call,
                        {},
                        EventLog{call, account->default_version, input.intent.created},
                        account->default_version};
        auto& intent = booking.view.intent;
        intent = input.intent;
        intent.status = IntentStatus::requires_payment_method;
        if (auto fault = rules::amount(intent.amount, intent.currency); !fault)
            return self->refuse(tx, call, fault.error(), nullptr);
        if (intent.customer)
            if (auto found = customers::require(tx, call.scope, *intent.customer, "customer"); !found)
                return self->refuse(tx, call, found.error(), nullptr);
        if (auto fine = input.confirm ? self->bring(tx, call, *prepared, *input.confirm)
                                      : self->redeem(tx, call, *prepared);
            !fine)
            return self->refuse(tx, call, fine.error(), nullptr);
        if (input.confirm && input.confirm->payment_method)
            intent.payment_method = input.confirm->payment_method;

        std::optional<PaymentMethod> method = prepared->method;
        if (!method && intent.payment_method) {
            auto found = store::require_locked<PaymentMethod>(tx, call.scope, *intent.payment_method,
                                                              "payment_method");
            if (!found) return self->refuse(tx, call, found.error(), nullptr);
            method = *std::move(found);
        }
        if (method)
            if (auto fault = rules::method_usable(*method, intent); !fault)
                return self->refuse(tx, call, fault.error(), nullptr);
        if (input.confirm) {
            auto fault = rules::may_charge(*account);
            if (fault) fault = rules::may_confirm(intent, *input.confirm, method.has_value());
            if (!fault) return self->refuse(tx, call, fault.error(), nullptr);
            Impl::give_code(*method, *prepared);
            Attempt attempt{&*account, &*input.confirm, &*prepared, *std::move(method),
                            true,      request_id,      charge_id};
            intent.payment_method.reset();
            return self->begin(booking, attempt);
        }
        if (method) {
            if (prepared->method) Impl::insert_new(tx, *method);
            intent.payment_method = method->id;
            advance(intent, IntentEvent::method_given);
            booking.view.method = std::move(method);
        }
        store::insert(tx, intent);
        self->tell_intent(booking, "payment_intent.created");
        return self->respond(booking);
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

}  // namespace gateway
