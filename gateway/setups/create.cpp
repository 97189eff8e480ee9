#include "gateway/customers/customer.h"
#include "gateway/payments/impl.h"
#include "gateway/setups/rules.h"
#include "gateway/store/payments.h"
#include "gateway/store/setups.h"

namespace gateway {

Task<StoredResponse> PaymentService::create_setup(Call call, CreateSetup input) {
    auto* self = impl_.get();
    auto& wanted = input.intent;
    if (input.confirm) input.confirm->payment_method = wanted.payment_method;
    auto prepared = co_await self->prepare(call, wanted.payment_method, std::move(input.payment_method_data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;

    const auto account_id = call.scope.account;
    wanted.id = common::new_id("seti_", account_id);
    wanted.scope = call.scope;
    set_time(wanted, self->now_ms());
    wanted.client_secret = common::new_id(wanted.id + "_secret_", account_id, 24);
    const auto request_id = common::new_id("areq_", account_id);

    auto job = [self, &call, &input, &prepared, &request_id](Transaction& tx) -> Result<Step> {
        if (prepared->refused) return self->refuse(tx, call, *prepared->refused, nullptr);
        auto booking = self->open_setup(tx, call, input.intent);
        if (!booking) return Fail{booking.error()};

        auto& intent = booking->view.intent;
        if (intent.customer)
            if (auto found = customers::require(tx, call.scope, *intent.customer, "customer"); !found)
                return self->refuse(tx, call, found.error(), nullptr);
        if (auto fine = input.confirm ? self->bring(tx, call, *prepared, *input.confirm)
                                      : self->redeem(tx, call, *prepared);
            !fine)
            return self->refuse(tx, call, fine.error(), nullptr);
        auto method = self->method_for(tx, call.scope, *prepared,
                                       input.confirm ? input.confirm->payment_method : intent.payment_method);
        if (!method) return self->refuse(tx, call, method.error(), nullptr);
        if (*method)
            if (auto fine = rules::method_usable(**method, intent.customer); !fine)
                return self->refuse(tx, call, fine.error(), nullptr);
        intent.payment_method.reset();
        if (input.confirm) {
            auto fault = rules::may_charge(booking->account);
            if (fault) fault = rules::may_confirm(intent, method->has_value());
            if (!fault) return self->refuse(tx, call, fault.error(), nullptr);
            Impl::give_code(**method, *prepared);
            const SetupTrial trial{&*input.confirm, &*prepared, **std::move(method), true, request_id};
            return self->begin_setup(*booking, trial);
        }
        if (*method) {
            if (prepared->method) Impl::insert_new(tx, **method);
            intent.payment_method = (*method)->id;
            advance(intent, SetupEvent::method_given);
        }
        store::insert(tx, intent);
        self->tell_setup(*booking, "setup_intent.created");
        return self->respond(*booking);
    };
    co_return co_await self->serve(call, request_id, std::move(job));
}

}  // namespace gateway
