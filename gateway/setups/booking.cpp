// Booking what the acquirer said of a card that was to be set up; see book_verification.
#include "gateway/payments/impl.h"
#include "gateway/store/payments.h"
#include "gateway/store/setups.h"

namespace gateway {
namespace {

std::string text_of(const AcquirerRequest& request, boost::json::string_view key) {
    return std::string{request.detail.at(key).as_string()};
}

bool creates_intent(const AcquirerRequest& request) {
    return !request.detail.contains("prior");
}

}  // namespace

Result<Step> PaymentService::Impl::book_setup(Transaction& tx, const AcquirerRequest& request,
                                              Verification& verification) const {
    auto intent = store::lock<SetupIntent>(tx, request.scope, text_of(request, "setup_intent"));
    auto attempt = store::lock<SetupAttempt>(tx, request.scope, text_of(request, "setup_attempt"));
    if (!intent || !attempt)
        return Fail{common::Error::internal("a request's set-up is gone", {common::Safe::id(request.id)})};
    auto booking = open_setup(tx, request.call, *std::move(intent));
    if (!booking) return Fail{booking.error()};
    if (creates_intent(request)) tell_setup(*booking, "setup_intent.created");
    booking->view.method = verification.method;
    booking->attempt = *std::move(attempt);
    booking->attempt->card = without_handles(verification.method.card);

    if (verification.decline) {
        const auto error = acquirer::error_of(*verification.decline);
        fail_setup(*booking, error, &*verification.decline);
        return conclude_setup(*booking, &error);
    }
    const auto& customer = booking->view.intent.customer;
    if (customer) {
        if (auto kept = keep_verified(tx, verification, *customer, booking->events); !kept) {
            fail_setup(*booking, kept.error(), nullptr);
            return conclude_setup(*booking, &kept.error());
        }
        booking->view.method = verification.method;
    }
    booking->attempt->status = AttemptStatus::succeeded;
    advance(booking->view.intent, SetupEvent::verified);
    tell_setup(*booking, "setup_intent.succeeded");
    return conclude_setup(*booking);
}

// As if it had never been confirmed: nothing was held, and the merchant may ask again.
void PaymentService::Impl::take_back_setup(Transaction& tx, const AcquirerRequest& request) const {
    const auto id = text_of(request, "setup_intent");
    give_tokens_back(tx, request);
    store::remove<SetupAttempt>(tx, request.scope, text_of(request, "setup_attempt"));
    if (creates_intent(request)) {
        store::remove<SetupIntent>(tx, request.scope, id);
    } else if (auto intent = store::lock<SetupIntent>(tx, request.scope, id)) {
        store::codec::read_object(request.detail.at("prior").as_object(), *intent);
        store::update(tx, *intent);
    }
}

}  // namespace gateway
