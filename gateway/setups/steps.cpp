// Reading set-ups, and the steps that their use cases share.
#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"
#include "gateway/store/payments.h"
#include "gateway/store/setups.h"
#include "gateway/work.h"

namespace gateway {

// The method that was declined stands in the error, no longer in the intent.
SetupView setups::view_of(Transaction& tx, SetupIntent intent) {
    SetupView view;
    if (intent.last_setup_error && !intent.last_setup_error->payment_method.empty())
        view.method = store::find<PaymentMethod>(tx, intent.scope, intent.last_setup_error->payment_method);
    view.intent = std::move(intent);
    return view;
}

Result<SetupView> setups::find(Transaction& tx, const Scope& scope, const std::string& id) {
    auto intent = store::require<SetupIntent>(tx, scope, id);
    if (!intent) return Fail{intent.error()};
    return view_of(tx, *std::move(intent));
}

Result<std::optional<PaymentMethod>> PaymentService::Impl::method_for(
    Transaction& tx, const Scope& scope, const Prepared& prepared,
    const std::optional<std::string>& id) const {
    if (prepared.method || !id) return prepared.method;
    auto found = store::require_locked<PaymentMethod>(tx, scope, *id, "payment_method");
    if (!found) return Fail{found.error()};
    return *std::move(found);
}

Result<SetupBooking> PaymentService::Impl::open_setup(Transaction& tx, const Call& call,
                                                      SetupIntent intent) const {
    auto account = store::find_account(tx, call.scope.account);
    if (!account) return Fail{common::Error::internal("the account of a set-up does not exist")};
    EventLog events{call, account->default_version, clock->unix_seconds()};
    return SetupBooking{
        &tx, &call, *std::move(account), setups::view_of(tx, std::move(intent)), {}, std::move(events)};
}

void PaymentService::Impl::tell_setup(SetupBooking& booking, std::string_view type) const {
    booking.events.add(type, rendering_of(*renderer, &booking.view.intent));
}

void PaymentService::Impl::fail_setup(SetupBooking& booking, const common::Error& error,
                                      const acquirer::Decline* decline) const {
    auto& intent = booking.view.intent;
    auto& attempt = *booking.attempt;
    attempt.status = AttemptStatus::failed;
    attempt.setup_error = last_error_of(error, decline, booking.view.method);
    intent.last_setup_error = attempt.setup_error;
    intent.payment_method.reset();
    advance(intent, SetupEvent::failed);
    tell_setup(booking, "setup_intent.setup_failed");
}

Result<Step> PaymentService::Impl::conclude_setup(SetupBooking& booking, const common::Error* error) const {
    booking.view.intent.in_flight.reset();
    store::update(*booking.tx, *booking.attempt);
    store::update(*booking.tx, booking.view.intent);
    return respond(booking, error);
}

Result<Step> PaymentService::Impl::respond(SetupBooking& booking, const common::Error* error) const {
    booking.events.write(*booking.tx);
    if (error != nullptr)
        return respond(*booking.tx, *booking.call, renderer->failure(*error, &booking.view, *booking.call));
    return respond(*booking.tx, *booking.call, show(*booking.tx, &booking.view, *booking.call));
}

}  // namespace gateway
