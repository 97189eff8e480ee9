// What a merchant changes of a payment between its parts.
#include "gateway/customers/customer.h"
#include "gateway/payments/impl.h"
#include "gateway/store/payments.h"

namespace gateway {
namespace {

void apply(const UpdateIntent& input, PaymentIntent& intent) {
    if (input.amount) intent.amount = *input.amount;
    if (input.currency) intent.currency = *input.currency;
    if (input.customer) intent.customer = input.customer;
    if (input.capture_method) intent.capture_method = *input.capture_method;
    if (input.transfer_group) intent.transfer_group = input.transfer_group;
    put_change(intent.description, input.description);
    put_change(intent.receipt_email, input.receipt_email);
    put_change(intent.setup_future_usage, input.setup_future_usage);
    put_change(intent.statement_descriptor_suffix, input.statement_descriptor_suffix);
    put_change(intent.shipping, input.shipping);
    merge(intent.payment_method_options, input.payment_method_options);
    merge(intent.echoed, input.echoed);
}

// A new method or amount is to be confirmed anew; whatever the shopper was about to approve is void.
void advance_for(const UpdateIntent& input, const std::optional<PaymentMethod>& method,
                 PaymentIntent& intent) {
    if (method) {
        intent.payment_method = method->id;
        advance(intent, IntentEvent::method_given);
    } else if (input.payment_method && intent.payment_method) {
        intent.payment_method.reset();
        advance(intent, IntentEvent::method_removed);
    } else if (intent.status == IntentStatus::requires_action && (input.amount || input.currency)) {
        advance(intent, intent.payment_method ? IntentEvent::method_given : IntentEvent::method_removed);
    }
}

}  // namespace

Task<StoredResponse> PaymentService::update_intent(Call call, std::string id, UpdateIntent input) {
    auto* self = impl_.get();
    auto data = std::exchange(input.payment_method_data, std::nullopt);
    const auto given = input.payment_method.value_or(std::nullopt);
    auto prepared = co_await self->prepare(call, given, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;

    auto job = [self, &call, &id, &input, &given, &prepared](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<PaymentIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        auto view = payments::view_of(tx, *std::move(row));
        auto& intent = view.intent;
        const auto refuse = [&](const common::Error& error) { return self->refuse(tx, call, error, &view); };
        if (prepared->refused) return refuse(*prepared->refused);
        if (auto fine = self->redeem(tx, call, *prepared); !fine) return refuse(fine.error());

        auto method = self->method_for(tx, call.scope, *prepared, given);
        if (!method) return refuse(method.error());
        if (auto fine = rules::may_update(intent, input, method->has_value()); !fine)
            return refuse(fine.error());
        if (input.customer)
            if (auto found = customers::require(tx, call.scope, *input.customer, "customer"); !found)
                return refuse(found.error());
        auto changed = intent;
        if (auto fine = put_metadata(changed.metadata, input.metadata); !fine) return refuse(fine.error());
        apply(input, changed);
        if (auto fine = rules::amount(changed.amount, changed.currency); !fine) return refuse(fine.error());
        if (*method)
            if (auto fine = rules::method_usable(**method, changed); !fine) return refuse(fine.error());
        advance_for(input, *method, changed);
        if (prepared->method) Impl::insert_new(tx, **method);
        store::update(tx, changed);
        intent = std::move(changed);
        return self->respond(tx, call, self->show(tx, &view, call));
    };
    co_return co_await self->serve(call, "", std::move(job));
}

}  // namespace gateway
