// Verifying a card: the acquirer is asked whether it is good, for no amount, before anybody keeps it. And
// attaching a method to a customer, which such a verification precedes.
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

bool of_setup(const AcquirerRequest& request) {
    return request.detail.contains("setup_intent");
}

acquirer::Decline decline_of(const PaymentMethod& method, const vault::Exchange& exchange) {
    if (exchange.state != vault::Exchange::State::answered) return acquirer::no_answer();
    return acquirer::decline_of(exchange.response_code,
                                {method.card.country, exchange.cvc_result, exchange.merchant_advice});
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

// `detail` says on whose behalf.
Step PaymentService::Impl::verify(Transaction& tx, const Call& call, const Account& account,
                                  const PaymentMethod& method, const std::string& request_id,
                                  boost::json::object detail) const {
    AcquirerRequest request;
    request.id = request_id;
    request.scope = call.scope;
    request.purpose = Purpose::authorization;
    request.action = Action::verify;
    request.currency = common::Currency::find(account.default_currency).value_or(request.currency);
    request.created_ms = now_ms();
    request.due_ms = request.created_ms + lease_ms;
    request.call = call;
    request.detail = std::move(detail);
    request.detail["payment_method"] = method.id;
    store::insert(tx, request);
    Step step;
    step.authorization = verification_of(method, account, request);
    step.request = std::move(request);
    return step;
}

Task<StoredResponse> PaymentService::attach_method(Call call, std::string id, std::string customer) {
    auto* self = impl_.get();
    auto prepared = co_await self->prepare(call, id, std::nullopt);
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;
    const auto request_id = common::new_id("areq_", call.scope.account);

    auto job = [self, &call, &id, &customer, &prepared, &request_id](Transaction& tx) -> Result<Step> {
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

        return self->verify(tx, call, *account, *method, request_id, {{"customer", customer}});
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

// An answer that is not there by now is not waited for: nothing is kept, and nothing was held.
Result<Step> PaymentService::Impl::book_verification(Transaction& tx, AcquirerRequest& request,
                                                     const Answer& answer) const {
    if (answer.kind != Answer::Kind::known) {
        idempotency::release(tx, request.call);
        request.state = RequestState::abandoned;
        request.due_ms = now_ms() + recovery_lease_ms;
        store::update(tx, request);
        if (of_setup(request)) take_back_setup(tx, request);
        Step step;
        step.refused = common::Error::unavailable("a card could not be verified");
        return step;
    }
    request.state = RequestState::done;
    request.responded = true;
    store::update(tx, request);
    const std::string id{request.detail.at("payment_method").as_string()};
    auto method = store::lock<PaymentMethod>(tx, request.scope, id);
    if (!method) return Fail{common::Error::internal("a verification's method is gone")};
    note_checks(method->card, method->billing_details, answer.exchange);
    store::update(tx, *method);
    Verification verification{*std::move(method), answer.exchange.network_transaction_id, {}};
    if (!is_approved(answer)) verification.decline = decline_of(verification.method, answer.exchange);
    return of_setup(request) ? book_setup(tx, request, verification)
                             : book_attachment(tx, request, verification);
}

Result<Step> PaymentService::Impl::book_attachment(Transaction& tx, const AcquirerRequest& request,
                                                   Verification& verification) const {
    const auto& call = request.call;
    auto& method = verification.method;
    if (verification.decline) return refuse(tx, call, acquirer::error_of(*verification.decline), nullptr);
    const auto account = store::find_account(tx, request.scope.account);
    if (!account) return Fail{common::Error::internal("the account of a request does not exist")};
    const std::string customer{request.detail.at("customer").as_string()};
    EventLog events{call, account->default_version, clock->unix_seconds()};
    if (auto kept = keep_verified(tx, verification, customer, events); !kept)
        return refuse(tx, call, kept.error(), nullptr);
    events.write(tx);
    return respond(tx, call, show(tx, &method, call));
}

// While the acquirer was asked, the customer may have been deleted, or somebody else been quicker.
common::Status PaymentService::Impl::keep_verified(Transaction& tx, Verification& verification,
                                                   const std::string& customer, EventLog& events) const {
    auto& method = verification.method;
    if (method.customer == customer) {
        if (!method.network_transaction_id.empty()) return {};
        method.network_transaction_id = verification.network_transaction_id;
        store::update(tx, method);
        return {};
    }
    if (auto keeper = customers::require(tx, method.scope, customer, "customer"); !keeper)
        return Fail{keeper.error()};
    if (method.customer) return Fail{of_another_customer()};
    if (auto fine = rules::method_unused(method); !fine) return fine;
    give(tx, method, customer, verification.network_transaction_id, events);
    return {};
}

void PaymentService::Impl::give(Transaction& tx, PaymentMethod& method, const std::string& customer,
                                const std::string& network_transaction_id, EventLog& events) const {
    method.customer = customer;
    method.network_transaction_id = network_transaction_id;
    store::update(tx, method);
    events.add("payment_method.attached", rendering_of(*renderer, &method));
}

}  // namespace gateway
