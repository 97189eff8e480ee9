// A confirmation of a set-up up to the moment when the acquirer is asked.
#include "gateway/customers/customer.h"
#include "gateway/payments/impl.h"
#include "gateway/setups/rules.h"
#include "gateway/store/payments.h"
#include "gateway/store/setups.h"

namespace gateway {
namespace {

void apply(const ConfirmSetup& input, SetupIntent& intent) {
    if (input.return_url) intent.return_url = input.return_url;
    if (input.allowed_payment_method_types) {
        intent.allowed_payment_method_types = input.allowed_payment_method_types;
        intent.automatic_payment_methods.reset();
    }
    merge(intent.payment_method_options, input.payment_method_options);
    merge(intent.echoed, input.echoed);
}

SetupAttempt attempt_of(const SetupIntent& intent, const PaymentMethod& method, std::int64_t now_ms) {
    SetupAttempt attempt;
    attempt.id = common::new_id("setatt_", intent.scope.account);
    attempt.scope = intent.scope;
    set_time(attempt, now_ms);
    attempt.setup_intent = intent.id;
    attempt.payment_method = method.id;
    attempt.usage = intent.usage;
    attempt.customer = intent.customer;
    attempt.card = without_handles(method.card);
    return attempt;
}

}  // namespace

CardDetails without_handles(CardDetails card) {
    card.token.clear();
    card.cvc_handle.clear();
    return card;
}

// The intent is locked (or new), the method locked (or new), and the rules have agreed. A policy or card that
// asks for a second factor is answered here.
Result<Step> PaymentService::Impl::begin_setup(SetupBooking& booking, const SetupTrial& trial) const {
    auto& tx = *booking.tx;
    auto& intent = booking.view.intent;
    const auto before = intent;
    apply(*trial.input, intent);
    booking.view.method = trial.method;
    take(tx, trial.method, *trial.prepared, intent.id);
    booking.attempt = attempt_of(intent, trial.method, now_ms());

    // The shopper is there, whatever the card is to be used for later.
    const auto screening = rules::screen(booking.account.authentication_mode, trial.method, false);
    if (screening == rules::Screening::pass) return send_setup(booking, trial, before);

    if (trial.creates_intent) {
        // Made in the state in which a merchant would have made it, so that its first event shows that.
        advance(intent, SetupEvent::method_given);
        intent.payment_method = trial.method.id;
        store::insert(tx, intent);
        tell_setup(booking, "setup_intent.created");
    }
    advance(intent, SetupEvent::confirmed);
    intent.latest_attempt = booking.attempt->id;
    store::insert(tx, *booking.attempt);
    const auto decline = screening == rules::Screening::block ? acquirer::blocked_as_too_risky()
                                                              : acquirer::authentication_required();
    const auto error = acquirer::error_of(decline);
    fail_setup(booking, error, &decline);
    return conclude_setup(booking, &error);
}

// Writes down what is about to be sent.
Step PaymentService::Impl::send_setup(SetupBooking& booking, const SetupTrial& trial,
                                      const SetupIntent& before) const {
    auto& tx = *booking.tx;
    auto& intent = booking.view.intent;
    advance(intent, SetupEvent::confirmed);
    intent.payment_method = trial.method.id;
    intent.latest_attempt = booking.attempt->id;
    intent.last_setup_error.reset();
    intent.in_flight = trial.request_id;
    if (trial.creates_intent)
        store::insert(tx, intent);
    else
        store::update(tx, intent);
    store::insert(tx, *booking.attempt);
    boost::json::object detail{{"setup_intent", intent.id},
                               {"setup_attempt", booking.attempt->id},
                               {"tokens", tokens_of(*trial.prepared)}};
    if (!trial.creates_intent) detail["prior"] = store::codec::to_object(before);
    return verify(tx, *booking.call, booking.account, trial.method, trial.request_id, std::move(detail));
}

Task<StoredResponse> PaymentService::confirm_setup(Call call, std::string id, ConfirmSetup input) {
    auto* self = impl_.get();
    auto data = std::exchange(input.payment_method_data, std::nullopt);
    auto prepared = co_await self->prepare(call, input.payment_method, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;
    const auto request_id = common::new_id("areq_", call.scope.account);

    auto job = [self, &call, &id, &input, &prepared, &request_id](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<SetupIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        if (auto fault = rules::client_secret(*row, input.client_secret, call.publishable); !fault)
            return self->refuse(tx, call, fault.error(), nullptr);
        auto booking = self->open_setup(tx, call, *std::move(row));
        if (!booking) return Fail{booking.error()};

        auto& intent = booking->view.intent;
        const auto refuse = [&](const common::Error& error) {
            return self->refuse(tx, call, error, &booking->view);
        };
        if (prepared->refused) {
            booking->view.method.reset();  // the card at fault is not the one that failed before
            return refuse(*prepared->refused);
        }
        if (auto fine = self->bring(tx, call, *prepared, input); !fine) return refuse(fine.error());
        auto method = self->method_for(tx, call.scope, *prepared,
                                       input.payment_method ? input.payment_method : intent.payment_method);
        if (!method) return refuse(method.error());
        auto fault = rules::may_confirm(intent, method->has_value());
        if (fault) fault = rules::may_charge(booking->account);
        if (fault) fault = rules::method_usable(**method, intent.customer);
        if (!fault) return refuse(fault.error());
        if (intent.customer)
            if (auto found = customers::require(tx, call.scope, *intent.customer, "customer"); !found)
                return refuse(found.error());
        Impl::give_code(**method, *prepared);
        const SetupTrial trial{&input, &*prepared, **std::move(method), false, request_id};
        return self->begin_setup(*booking, trial);
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

}  // namespace gateway
