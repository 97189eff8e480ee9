// Canceling. A void is an advice that the acquirer cannot refuse, so the payment is canceled in the
// transaction that queues it.
#include "gateway/ledger/ledger.h"
#include "gateway/payments/impl.h"
#include "gateway/reviews/reviews.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"
#include "gateway/store/refunds.h"

namespace gateway {

Task<StoredResponse> PaymentService::cancel_intent(Call call, std::string id, CancelIntent input) {
    auto* self = impl_.get();
    auto job = [self, &call, &id, &input](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<PaymentIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        const auto account = store::find_account(tx, call.scope.account);
        if (!account) return Fail{common::Error::internal("the account of a key does not exist")};
        Booking booking{&tx,
                        &call,
                        {},
                        EventLog{call, account->default_version, self->clock->unix_seconds()},
                        account->default_version};
        auto& intent = booking.view.intent;
        intent = *std::move(row);
        if (intent.latest_charge)
            booking.view.latest_charge = store::lock<Charge>(tx, call.scope, *intent.latest_charge);
        if (intent.payment_method)
            booking.view.method = store::find<PaymentMethod>(tx, call.scope, *intent.payment_method);
        if (auto fault = rules::may_cancel(intent); !fault)
            return self->refuse(tx, call, fault.error(), &booking.view);

        std::optional<AcquirerRequest> reversal;
        if (intent.status == IntentStatus::requires_capture && booking.view.latest_charge) {
            auto& charge = *booking.view.latest_charge;
            AcquirerRequest base;
            base.scope = call.scope;
            base.payment_intent = intent.id;
            base.charge = charge.id;
            base.amount = charge.amount_authorized;
            base.currency = charge.currency;
            base.call = call;
            base.detail["creates_intent"] = false;
            reversal = self->void_of(charge.authorization_request, base);
            store::insert(tx, *reversal);
            ledger::void_hold(tx, call.scope, {charge.id, charge.holds}, self->now_ms());
            charge.released = charge.amount_authorized;
            charge.refunded = true;
            store::update(tx, charge);
            reviews::close(tx, charge, "canceled", *self->renderer, booking.events);
            store::insert(tx, released_part(charge, charge.released, self->now_ms()));
            self->tell_charge(booking, "charge.refunded");
        }
        advance(intent, IntentEvent::canceled);
        intent.amount_capturable = 0;
        intent.canceled_at = self->clock->unix_seconds();
        intent.cancellation_reason = input.cancellation_reason;
        self->save(booking);
        self->tell_intent(booking, "payment_intent.canceled");
        auto step = self->respond(booking);
        if (step) step->request = std::move(reversal);
        return step;
    };
    co_return co_await self->serve(call, "", std::move(job));
}

}  // namespace gateway
