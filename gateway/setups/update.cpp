// What a merchant changes of a set-up between its parts, and canceling it.
#include "gateway/customers/customer.h"
#include "gateway/payments/impl.h"
#include "gateway/setups/rules.h"
#include "gateway/store/payments.h"
#include "gateway/store/setups.h"

namespace gateway {
namespace {

void apply(const UpdateSetup& input, SetupIntent& intent) {
    if (input.customer) intent.customer = input.customer;
    if (input.allowed_payment_method_types) {
        intent.allowed_payment_method_types = input.allowed_payment_method_types;
        intent.automatic_payment_methods.reset();
    }
    put_change(intent.description, input.description);
    merge(intent.payment_method_options, input.payment_method_options);
    merge(intent.echoed, input.echoed);
}

void advance_for(const UpdateSetup& input, const std::optional<PaymentMethod>& method, SetupIntent& intent) {
    if (method) {
        intent.payment_method = method->id;
        advance(intent, SetupEvent::method_given);
    } else if (input.payment_method && intent.payment_method) {
        intent.payment_method.reset();
        advance(intent, SetupEvent::method_removed);
    }
}

}  // namespace

Task<StoredResponse> PaymentService::update_setup(Call call, std::string id, UpdateSetup input) {
    auto* self = impl_.get();
    auto data = std::exchange(input.payment_method_data, std::nullopt);
    const auto given = input.payment_method.value_or(std::nullopt);
    auto prepared = co_await self->prepare(call, given, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;

    auto job = [self, &call, &id, &input, &given, &prepared](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<SetupIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        auto view = setups::view_of(tx, *std::move(row));
        auto& intent = view.intent;
        const auto refuse = [&](const common::Error& error) { return self->refuse(tx, call, error, &view); };
        if (prepared->refused) {
            view.method.reset();
            return refuse(*prepared->refused);
        }
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
        if (*method)
            if (auto fine = rules::method_usable(**method, changed.customer); !fine)
                return refuse(fine.error());
        advance_for(input, *method, changed);
        if (prepared->method) Impl::insert_new(tx, **method);
        store::update(tx, changed);
        intent = std::move(changed);
        return self->respond(tx, call, self->show(tx, &view, call));
    };
    co_return co_await self->serve(call, "", std::move(job));
}

Task<StoredResponse> PaymentService::cancel_setup(Call call, std::string id, CancelIntent input) {
    auto* self = impl_.get();
    auto job = [self, &call, &id, &input](Transaction& tx) -> Result<Step> {
        auto row = store::require_locked<SetupIntent>(tx, call.scope, id);
        if (!row) return self->refuse(tx, call, row.error(), nullptr);
        if (row->in_flight) return Fail{rules::locked()};
        auto booking = self->open_setup(tx, call, *std::move(row));
        if (!booking) return Fail{booking.error()};
        auto& intent = booking->view.intent;
        if (auto fault = rules::may_cancel(intent); !fault)
            return self->refuse(tx, call, fault.error(), &booking->view);
        advance(intent, SetupEvent::canceled);
        intent.cancellation_reason = input.cancellation_reason;
        store::update(tx, intent);
        self->tell_setup(*booking, "setup_intent.canceled");
        return self->respond(*booking);
    };
    co_return co_await self->serve(call, "", std::move(job));
}

}  // namespace gateway
