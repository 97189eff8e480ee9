// Authorizing a greater amount than at first: the acquirer is asked for the whole anew, as an incremental
// authorization of the first (ISO 8583 field 48 tag CO, kind X), and the former is voided once the new one
// stands. So a charge has one authorization at any time, and what was captured or voided is never in doubt.
#include "gateway/ledger/ledger.h"
#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

constexpr const char* incremental_by_merchant = "MSX";

bool is_known(const Answer& answer) {
    return answer.kind == Answer::Kind::known && answer.exchange.state != vault::Exchange::State::parked;
}

}  // namespace

vault::AuthorizationRequest increase_of(const Charge& charge, const PaymentMethod& method,
                                        const Account& account, const AcquirerRequest& request) {
    auto message = message_of_card(method, account, request.id);
    message.cvc_handle.clear();
    message.amount = request.amount;
    message.currency = std::string{request.currency.code()};
    message.off_session = true;
    message.stored_credential = incremental_by_merchant;
    message.network_transaction_id = charge.network_transaction_id;
    return message;
}

Task<StoredResponse> PaymentService::increase_intent(Call call, std::string id, IncreaseIntent input) {
    auto* self = impl_.get();
    const auto request_id = common::new_id("areq_", call.scope.account);
    auto job = [self, &call, &id, &input, &request_id](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<PaymentIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        PaymentView view;
        view.intent = *std::move(row);
        if (view.intent.latest_charge)
            view.latest_charge = store::lock<Charge>(tx, call.scope, *view.intent.latest_charge);
        const auto* charge = view.latest_charge ? &*view.latest_charge : nullptr;
        if (auto fine = rules::may_increase(view.intent, charge, input.amount, self->clock->unix_seconds());
            !fine)
            return self->refuse(tx, call, fine.error(), &view);
        auto metadata = merged_metadata(view.intent.metadata, input.metadata);
        if (!metadata) return self->refuse(tx, call, metadata.error(), &view);
        const auto method = store::find<PaymentMethod>(tx, call.scope, charge->payment_method);
        const auto account = store::find_account(tx, call.scope.account);
        if (!method || !account) return Fail{common::Error::internal("a charge's method or account is gone")};

        AcquirerRequest request;
        request.id = request_id;
        request.scope = call.scope;
        request.purpose = Purpose::authorization;
        request.action = Action::increase;
        request.payment_intent = view.intent.id;
        request.charge = charge->id;
        request.amount = input.amount;
        request.currency = charge->currency;
        request.created_ms = self->now_ms();
        request.due_ms = request.created_ms + lease_ms;
        request.call = call;
        request.detail = {{"creates_intent", false}, {"echoed", input.echoed}};
        if (input.description) request.detail["description"] = *input.description;
        if (input.metadata) request.detail["metadata"] = *std::move(metadata);
        store::insert(tx, request);
        view.intent.in_flight = request.id;
        store::update(tx, view.intent);
        Step step;
        step.authorization = increase_of(*charge, *method, *account, request);
        step.request = std::move(request);
        return step;
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

// An answer that is not there by now is not waited for: the former authorization stands, and should the new
// one have been approved after all, it is voided.
Result<Step> PaymentService::Impl::book_increase(Booking& booking, AcquirerRequest& request,
                                                 const Answer& answer) const {
    auto& tx = *booking.tx;
    auto& charge = *booking.view.latest_charge;
    if (!is_known(answer)) {
        save(booking);
        idempotency::release(tx, request.call);
        request.state = RequestState::abandoned;
        request.due_ms = now_ms() + recovery_lease_ms;
        store::update(tx, request);
        Step step;
        step.refused = common::Error::unavailable("an authorization could not be incremented");
        return step;
    }
    const auto& exchange = answer.exchange;
    const bool answered = exchange.state == vault::Exchange::State::answered;
    const bool approved = answered && acquirer::is_approval(exchange.response_code, request.amount);
    const bool in_part =
        approved && exchange.approved_amount > 0 && exchange.approved_amount < request.amount;
    if (!approved || in_part) {
        const auto decline =
            in_part ? acquirer::approved_too_little()
            : answered
                ? acquirer::decline_of(exchange.response_code,
                                       {charge.card.country, exchange.cvc_result, exchange.merchant_advice})
                : acquirer::no_answer();
        const auto error = acquirer::error_of(decline).with_field("charge", boost::json::value(charge.id));
        std::optional<AcquirerRequest> reversal;
        if (in_part) store::insert(tx, reversal.emplace(void_of(request.id, request)));
        auto step = conclude(booking, request, &error);
        if (step) step->request = std::move(reversal);
        return step;
    }
    const auto former = void_of(charge.authorization_request, request);
    store::insert(tx, former);
    replace_authorization(booking, request, exchange);
    tell_intent(booking, "payment_intent.amount_capturable_updated");
    auto step = conclude(booking, request, nullptr);
    if (step) step->request = former;
    return step;
}

void PaymentService::Impl::replace_authorization(Booking& booking, const AcquirerRequest& request,
                                                 const vault::Exchange& exchange) const {
    auto& [intent, method, latest_charge] = booking.view;
    auto& charge = *latest_charge;
    ledger::void_hold(*booking.tx, request.scope, {charge.id, charge.holds}, now_ms());
    ++charge.holds;
    ledger::hold(*booking.tx, request.scope, {charge.id, charge.holds},
                 common::Money{request.amount, request.currency}, now_ms());
    charge.authorization_request = request.id;
    charge.authorization_code = exchange.authorization_code;
    charge.rrn = exchange.rrn;
    charge.amount = charge.amount_authorized = request.amount;
    charge.capture_before = clock->unix_seconds() + authorization_life_seconds;
    intent.amount = intent.amount_capturable = request.amount;
    if (const auto* text = request.detail.if_contains("description"))
        intent.description = std::string{text->as_string()};
    if (const auto* metadata = request.detail.if_contains("metadata"))
        intent.metadata = metadata->as_object();
    merge(intent.echoed, request.detail.at("echoed").as_object());
}

}  // namespace gateway
