// Construction, reads, and the steps that every use case shares.
#include "gateway/payments/service.h"

#include "gateway/payments/impl.h"
#include "gateway/store/payments.h"
#include "gateway/work.h"

namespace gateway {

PaymentService::PaymentService(common::db::Pool& database, VaultPort& vault, const Renderer& renderer,
                               const common::Clock& clock, ledger::Terms terms)
    : impl_{std::make_unique<Impl>(database, vault, renderer, clock, std::move(terms))} {}

PaymentService::~PaymentService() = default;

// — reads —

// The method that was declined stands in the error, no longer in the intent.
common::Result<PaymentView> payments::find(Transaction& tx, const Scope& scope, const std::string& id) {
    auto intent = store::require<PaymentIntent>(tx, scope, id);
    if (!intent) return Fail{intent.error()};
    return payments::view_of(tx, *std::move(intent));
}

PaymentView payments::view_of(Transaction& tx, PaymentIntent intent) {
    PaymentView view;
    if (intent.last_payment_error && !intent.last_payment_error->payment_method.empty())
        view.method = store::find<PaymentMethod>(tx, intent.scope, intent.last_payment_error->payment_method);
    view.intent = std::move(intent);
    return view;
}

// — shared steps —

Result<std::optional<Step>> PaymentService::Impl::begun_before(Transaction& tx, const Call& call, bool again,
                                                               const std::string& request_id) const {
    if (again && !request_id.empty())
        if (auto mine = resume(tx, call, request_id)) return mine;
    auto used = idempotency::claim(tx, call, now_ms());
    if (!used) return Fail{used.error()};
    if (!*used) return std::optional<Step>{};
    Step step;
    step.response = **std::move(used);
    return std::optional{std::move(step)};
}

Result<Step> PaymentService::Impl::respond(Transaction& tx, const Call& call, StoredResponse response) const {
    response.original_request = call.request_id;
    idempotency::finish(tx, call, response);
    Step step;
    step.response = std::move(response);
    return step;
}

Result<Step> PaymentService::Impl::respond(Booking& booking) const {
    booking.events.write(*booking.tx);
    return respond(*booking.tx, *booking.call, show(*booking.tx, &booking.view, *booking.call));
}

Result<Step> PaymentService::Impl::refuse(Transaction& tx, const Call& call, const common::Error& error,
                                          const Subject& subject) const {
    if (!is_final(error)) return Fail{error};
    return respond(tx, call, renderer->failure(error, subject, call));
}

void PaymentService::Impl::tell_intent(Booking& booking, std::string_view type) const {
    booking.events.add(type, rendering_of(*renderer, &booking.view.intent));
}

void PaymentService::Impl::tell_charge(Booking& booking, std::string_view type) const {
    booking.events.add(type, rendering_of(*renderer, &*booking.view.latest_charge));
}

// The row is locked.
void PaymentService::Impl::save(Booking& booking, std::optional<std::string> in_flight) const {
    booking.view.intent.in_flight = std::move(in_flight);
    store::update(*booking.tx, booking.view.intent);
}

}  // namespace gateway
