// Construction, reads, and the steps that every use case shares.
#include "gateway/payments/service.h"

#include "common/assert.h"
#include "gateway/payments/impl.h"
#include "gateway/store/charges.h"
#include "gateway/store/payment_intents.h"
#include "gateway/store/payment_methods.h"

namespace gateway {

PaymentService::PaymentService(common::db::Pool& database, VaultPort& vault, const Renderer& renderer,
                               const common::Clock& clock)
    : impl_{std::make_unique<Impl>(database, vault, renderer, clock)} {}

PaymentService::~PaymentService() = default;

boost::asio::awaitable<void> pause_for(std::chrono::milliseconds duration) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
    timer.expires_after(duration);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

bool is_final(const common::Error& error) {
    const auto status = error.status();
    return (status == 400 || status == 402 || status == 404) &&
           error.type() != common::ErrorType::idempotency;
}

// — reads —

common::Task<PaymentMethod> PaymentService::find_payment_method(Scope scope, std::string id) {
    auto job = [&scope, &id](Transaction& tx) -> Result<PaymentMethod> {
        store::enter(tx, scope.account);
        if (auto method = store::find_payment_method(tx, scope, id)) return *std::move(method);
        const bool other = store::payment_method_in_other_mode(tx, scope, id);
        return Fail{rules::no_such("PaymentMethod", id, scope.livemode, other)};
    };
    co_return co_await impl_->database->read(job);
}

common::Task<PaymentView> PaymentService::find_intent(Scope scope, std::string id) {
    auto job = [&scope, &id](Transaction& tx) -> Result<PaymentView> {
        store::enter(tx, scope.account);
        auto intent = store::find_payment_intent(tx, scope, id);
        if (!intent) {
            const bool other = store::payment_intent_in_other_mode(tx, scope, id);
            return Fail{rules::no_such("payment_intent", id, scope.livemode, other)};
        }
        PaymentView view;
        view.intent = *std::move(intent);
        // The method that was declined stands in the error, no longer in the intent.
        auto method = view.intent.payment_method;
        if (!method && view.intent.last_payment_error)
            method = view.intent.last_payment_error->payment_method;
        if (method && !method->empty()) view.method = store::find_payment_method(tx, scope, *method);
        if (view.intent.latest_charge)
            view.latest_charge = store::find_charge(tx, scope, *view.intent.latest_charge);
        return view;
    };
    co_return co_await impl_->database->read(job);
}

common::Task<PaymentService::ChargeView> PaymentService::find_charge(Scope scope, std::string id) {
    auto job = [&scope, &id](Transaction& tx) -> Result<ChargeView> {
        store::enter(tx, scope.account);
        auto charge = store::find_charge(tx, scope, id);
        if (!charge) {
            const bool other = store::charge_in_other_mode(tx, scope, id);
            return Fail{rules::no_such("charge", id, scope.livemode, other)};
        }
        ChargeView view;
        view.charge = *std::move(charge);
        view.intent = store::find_payment_intent(tx, scope, view.charge.payment_intent);
        return view;
    };
    co_return co_await impl_->database->read(job);
}

// — shared steps —

Result<Step> PaymentService::Impl::respond(Transaction& tx, const Call& call, StoredResponse response) const {
    response.original_request = call.request_id;
    idempotency::finish(tx, call, response);
    Step step;
    step.response = std::move(response);
    return step;
}

Result<Step> PaymentService::Impl::respond(Booking& booking) const {
    booking.events.write(*booking.tx);
    return respond(*booking.tx, *booking.call, renderer->payment(booking.view, *booking.call));
}

Result<Step> PaymentService::Impl::refuse(Transaction& tx, const Call& call, const common::Error& error,
                                          const PaymentView* view) const {
    if (!is_final(error)) return Fail{error};
    return respond(tx, call, renderer->failure(error, view, call));
}

void PaymentService::Impl::tell_intent(Booking& booking, std::string_view type) const {
    booking.events.add(type, renderer->payment_intent_object(booking.view.intent, booking.version));
}

void PaymentService::Impl::tell_charge(Booking& booking, std::string_view type) const {
    booking.events.add(type, renderer->charge_object(*booking.view.latest_charge, booking.version));
}

void PaymentService::Impl::save(Booking& booking, const std::string& in_flight) const {
    // The row is locked, so its status is what was read; a difference is a bug, and nothing may be kept of
    // it.
    const bool saved = store::update(*booking.tx, booking.view.intent, booking.stored, in_flight);
    PORTCULLIS_ASSERT(saved);
    booking.stored = booking.view.intent.status;
}

}  // namespace gateway
