// Attaching a method to a customer: the acquirer is asked first whether the card is good, for no amount.
#include "gateway/customers/customer.h"
#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

constexpr const char* first_by_customer = "CFU";  // ISO 8583 field 48 tag CO

common::Error of_another_customer() {
    return common::Error::invalid("payment_method_unexpected_state", "",
                                  "The payment method you provided has already been attached to a customer. "
                                  "Detach it from that one first.");
}

bool is_approved(const Answer& answer) {
    return answer.exchange.state == vault::Exchange::State::answered &&
           acquirer::is_approval(answer.exchange.response_code, 0);
}

}  // namespace

vault::AuthorizationRequest verification_of(const PaymentMethod& method, const Account& account,
                                            const AcquirerRequest& request) {
    auto message = message_of_card(method, account, request.id);
    message.currency = std::string{request.currency.code()};
    message.stored_credential = first_by_customer;
    return message;
}

Task<StoredResponse> PaymentService::attach_method(Call call, std::string id, std::string customer) {
    auto* self = impl_.get();
    auto prepared = co_await self->prepare(call, id, std::nullopt);
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;
    const auto request_id = common::new_id("areq_", call.scope.account);

    auto job = [self, &call, &id, &customer, &prepared, &request_id](Transaction& tx,
                                                                     bool again) -> Result<Step> {
        store::enter(tx, call.scope.account);
        if (again)
            if (auto mine = self->resume(tx, call, request_id)) return *std::move(mine);
        auto used = idempotency::claim(tx, call, self->now_ms());
        if (!used) return Fail{used.error()};
        if (*used) return Step{**std::move(used), {}, {}, {}};
        if (prepared->refused) return self->refuse(tx, call, *prepared->refused, nullptr);
        auto method = prepared->method ? Result<PaymentMethod>{*prepared->method}
                                       : store::require_locked<PaymentMethod>(tx, call.scope, id);
        if (!method) return self->refuse(tx, call, method.error(), nullptr);
        const auto keeper = customers::require(tx, call.scope, customer, "customer");
        if (!keeper) return self->refuse(tx, call, keeper.error(), nullptr);
        if (method->customer == customer) return self->respond(tx, call, self->show(tx, &*method, call));
        if (method->customer) return self->refuse(tx, call, of_another_customer(), nullptr);
        if (auto fine = rules::method_unused(*method); !fine)
            return self->refuse(tx, call, fine.error(), nullptr);
        const auto account = store::find_account(tx, call.scope.account);
        if (!account) return Fail{common::Error::internal("the account of a key does not exist")};
        if (prepared->method) store::insert(tx, *method);

        AcquirerRequest request;
        request.id = request_id;
        request.scope = call.scope;
        request.purpose = Purpose::authorization;
        request.action = Action::verify;
        request.currency = common::Currency::find(account->default_currency).value_or(request.currency);
        request.created_ms = self->now_ms();
        request.due_ms = request.created_ms + lease_ms;
        request.call = call;
        request.detail = {{"payment_method", method->id}, {"customer", customer}};
        store::insert(tx, request);
        Step step;
        step.authorization = verification_of(*method, *account, request);
        step.request = std::move(request);
        return step;
    };
    auto step = co_await self->run(job, call.deadline);
    if (!step) co_return Fail{step.error()};
    co_return co_await self->finish(*std::move(step), call.deadline);
}

// An answer that is not there by now is not waited for: nothing is attached, and nothing was held.
Result<Step> PaymentService::Impl::book_verification(Transaction& tx, AcquirerRequest& request,
                                                     const Answer& answer) const {
    const auto& call = request.call;
    if (answer.kind != Answer::Kind::known) {
        idempotency::release(tx, call);
        request.state = RequestState::abandoned;
        request.due_ms = now_ms() + recovery_lease_ms;
        store::update(tx, request);
        Step step;
        step.refused = common::Error::unavailable("a card could not be verified");
        return step;
    }
    request.state = RequestState::done;
    request.responded = true;
    store::update(tx, request);
    const std::string id{request.detail.at("payment_method").as_string()};
    const std::string customer{request.detail.at("customer").as_string()};
    auto method = store::require_locked<PaymentMethod>(tx, request.scope, id);
    const auto account = store::find_account(tx, request.scope.account);
    if (!method || !account) return Fail{common::Error::internal("a verification's method is gone")};
    note_checks(method->card, method->billing_details, answer.exchange);
    if (!is_approved(answer)) {
        store::update(tx, *method);
        const auto decline = acquirer::decline_of(
            answer.exchange.response_code,
            {method->card.country, answer.exchange.cvc_result, answer.exchange.merchant_advice});
        const bool answered = answer.exchange.state == vault::Exchange::State::answered;
        return refuse(tx, call, acquirer::error_of(answered ? decline : acquirer::no_answer()), nullptr);
    }
    if (method->customer == customer) return respond(tx, call, show(tx, &*method, call));
    // While the acquirer was asked, the customer was deleted, or somebody else was quicker.
    if (auto keeper = customers::require(tx, request.scope, customer, "customer"); !keeper)
        return refuse(tx, call, keeper.error(), nullptr);
    if (method->customer) return refuse(tx, call, of_another_customer(), nullptr);
    if (auto fine = rules::method_unused(*method); !fine) return refuse(tx, call, fine.error(), nullptr);
    method->customer = customer;
    method->network_transaction_id = answer.exchange.network_transaction_id;
    store::update(tx, *method);
    EventLog events{call, account->default_version, clock->unix_seconds()};
    events.add("payment_method.attached", rendering_of(*renderer, &*method));
    events.write(tx);
    return respond(tx, call, show(tx, &*method, call));
}

}  // namespace gateway
