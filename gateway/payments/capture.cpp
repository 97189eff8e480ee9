// Capturing what was authorized. The merchant's wish goes to the acquirer as an advice, which is never taken
// back.
#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"
#include "gateway/store/acquirer_requests.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

// The intent that is meant, locked.
Result<PaymentIntent> intent_of(Transaction& tx, const Scope& scope, const std::string& id, bool by_charge) {
    if (!by_charge) return store::require_locked<PaymentIntent>(tx, scope, id);
    const auto charge = store::require<Charge>(tx, scope, id);
    if (!charge) return Fail{charge.error()};
    auto intent = store::require_locked<PaymentIntent>(tx, scope, charge->payment_intent);
    // As it is under the lock: another capture may just have ended.
    const auto now = store::require<Charge>(tx, scope, id);
    if (now)
        if (auto fine = rules::may_capture_charge(*now); !fine) return Fail{fine.error()};
    return intent;
}

}  // namespace

Task<StoredResponse> PaymentService::capture_intent(Call call, std::string id, CaptureIntent input) {
    auto* self = impl_.get();
    const auto request_id = common::new_id("areq_", call.scope.account);
    auto job = [self, &call, &id, &input, &request_id](Transaction& tx) -> Result<Step> {
        auto row = intent_of(tx, call.scope, id, input.by_charge);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        PaymentView view;
        view.intent = *std::move(row);
        if (view.intent.latest_charge)
            view.latest_charge = store::lock<Charge>(tx, call.scope, *view.intent.latest_charge);
        if (view.intent.payment_method)
            view.method = store::find<PaymentMethod>(tx, call.scope, *view.intent.payment_method);
        const auto* charge = view.latest_charge ? &*view.latest_charge : nullptr;
        const auto amount = rules::may_capture(view.intent, charge, input, self->clock->unix_seconds());
        if (!amount) return self->refuse(tx, call, amount.error(), &view);
        auto metadata = merged_metadata(view.intent.metadata, input.metadata);
        if (!metadata) return self->refuse(tx, call, metadata.error(), &view);

        AcquirerRequest request;
        request.id = request_id;
        request.scope = call.scope;
        request.purpose = Purpose::capture;
        request.action = Action::capture;
        request.payment_intent = view.intent.id;
        request.charge = charge->id;
        request.authorization_id = charge->authorization_request;
        request.amount = *amount;
        request.currency = charge->currency;
        request.created_ms = self->now_ms();
        request.due_ms = request.created_ms + lease_ms;
        request.call = call;
        request.detail["creates_intent"] = false;
        if (input.statement_descriptor_suffix)
            request.detail["statement_descriptor_suffix"] = *input.statement_descriptor_suffix;
        if (input.metadata) request.detail["metadata"] = *std::move(metadata);
        request.detail["echoed"] = input.echoed;
        const bool last = input.final_capture || *amount == view.intent.amount_capturable;
        request.detail["sequence"] = charge->captures + 1;
        request.detail["final"] = last;
        if (input.receipt_email) request.detail["receipt_email"] = *input.receipt_email;
        if (input.transfer_group) request.detail["transfer_group"] = *input.transfer_group;
        if (input.by_charge) request.detail["shown"] = "charge";
        store::insert(tx, request);
        view.intent.in_flight = request.id;
        store::update(tx, view.intent);
        Step step;
        step.request = std::move(request);
        return step;
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

}  // namespace gateway
