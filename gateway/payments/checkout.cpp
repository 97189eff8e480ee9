// Paying a Checkout Session: its payment intent and the attempt to pay it are written in one transaction.
#include "gateway/checkout/checkout.h"

#include "gateway/payments/impl.h"
#include "gateway/store/accounts.h"

namespace gateway {

Task<StoredResponse> PaymentService::pay_session(Call call, std::string id, ConfirmIntent input,
                                                 Shopper shopper) {
    auto* self = impl_.get();
    auto data = std::exchange(input.payment_method_data, std::nullopt);
    auto prepared = co_await self->prepare(call, input.payment_method, std::move(data));
    if (!prepared) co_return Fail{prepared.error()};
    if (prepared->response) co_return *prepared->response;
    if (shopper.shipping) input.shipping.emplace(shopper.shipping);
    const Impl::Confirmation given{&call,
                                   &input,
                                   &*prepared,
                                   common::new_id("areq_", call.scope.account),
                                   common::new_id("ch_", call.scope.account),
                                   nullptr};

    auto job = [self, &call, &id, &shopper, &given](Transaction& tx) -> Result<Step> {
        const auto account = store::find_account(tx, call.scope.account);
        if (!account) return Fail{common::Error::internal("the account of a key does not exist")};
        const auto now_ms = self->now_ms();
        Work work{tx,       call,
                  *account, *self->renderer,
                  now_ms,   EventLog{call, account->default_version, now_ms / 1000}};
        auto intent = checkout::begin(work, id, shopper);
        if (!intent) return self->refuse(tx, call, intent.error(), nullptr);
        auto begun = given;
        begun.events = &work.events;
        return self->confirm(tx, *std::move(intent), begun);
    };
    co_return co_await self->serve(call, given.request_id, std::move(job));
}

}  // namespace gateway
