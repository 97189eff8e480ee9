#include "gateway/work.h"

#include <boost/json/serialize.hpp>

#include "common/assert.h"
#include "gateway/bank_accounts/bank_account.h"
#include "gateway/checkout/session.h"
#include "gateway/customers/customer.h"
#include "gateway/files/file.h"
#include "gateway/idempotency/idempotency.h"
#include "gateway/ledger/ledger.h"
#include "gateway/merchants/ephemeral_keys.h"
#include "gateway/payouts/payout.h"
#include "gateway/refunds/refund.h"
#include "gateway/reviews/review.h"
#include "gateway/setups/setup.h"
#include "gateway/store/accounts.h"
#include "gateway/transactions.h"
#include "gateway/webhooks/endpoint.h"

namespace gateway {

using common::Fail;
using common::Result;
using common::Task;

StoredResponse answer(const Renderer& renderer, store::Transaction& tx, boost::json::object body,
                      const Call& call) {
    renderer.expand(tx, body, call);
    StoredResponse response;
    response.body = boost::json::serialize(body);
    response.original_request = call.request_id;
    return response;
}

EventLog::Rendering rendering_of(const Renderer& renderer, const ObjectRef& object) {
    return std::visit(
        [&renderer](const auto* present) -> EventLog::Rendering {
            return [render = &renderer, copy = *present](std::string_view version) {
                return render->event_object(&copy, version);
            };
        },
        object);
}

void Work::stamp(Object& object, std::string_view prefix) const {
    object.id = common::new_id(prefix, call.scope.account);
    object.scope = call.scope;
    set_time(object, now_ms);
}

void Work::tell(std::string_view type, const ObjectRef& object) {
    events.add(type, rendering_of(renderer, object));
}

void Work::tell_changed(std::string_view type, const ObjectRef& before, const ObjectRef& after) {
    auto previous = previous_attributes(renderer.event_object(before, account.default_version),
                                        renderer.event_object(after, account.default_version));
    if (!previous.empty()) events.add(type, rendering_of(renderer, after), std::move(previous));
}

void act_by_clock(store::Transaction& tx, const Scope& scope, const Renderer& renderer, std::int64_t now_ms,
                  const std::function<void(Work&)>& job) {
    const auto call = call_of_clock(scope);
    const auto account = store::find_account(tx, scope.account);
    PORTCULLIS_ASSERT(account.has_value());
    Work work{tx, call, *account, renderer, now_ms, EventLog{call, account->default_version, now_ms / 1000}};
    job(work);
    work.events.write(tx);
}

Task<StoredResponse> Works::change(Call call, Account account, Job job) {
    auto done = co_await attempt(call, account, job);
    if (done || !is_final(done.error())) co_return done;
    co_return co_await store_refusal(call, done.error());
}

Task<StoredResponse> Works::attempt(const Call& call, const Account& account, const Job& job) {
    auto body = [this, &call, &account, &job](store::Transaction& tx, bool) -> Result<StoredResponse> {
        store::enter(tx, call.scope.account);
        const auto now_ms = clock_->now().time_since_epoch().count();
        auto used = idempotency::claim(tx, call, now_ms);
        if (!used) return Fail{used.error()};
        if (*used) return **std::move(used);
        Work work{tx,         call,   account,
                  *renderer_, now_ms, EventLog{call, account.default_version, now_ms / 1000}};
        auto made = job(work);
        if (!made) return Fail{std::move(made).error()};
        work.events.write(tx);
        auto response = answer(*renderer_, tx, *std::move(made), call);
        idempotency::finish(tx, call, response);
        return response;
    };
    co_return co_await run_transaction<Result<StoredResponse>>(*database_, body, call.deadline);
}

// The transaction that was refused is undone, so this is one of its own. Whoever came between them with the
// same key has settled the matter.
Task<StoredResponse> Works::store_refusal(const Call& call, const common::Error& error) {
    auto body = [this, &call, &error](store::Transaction& tx, bool) -> Result<StoredResponse> {
        store::enter(tx, call.scope.account);
        auto used = idempotency::claim(tx, call, clock_->now().time_since_epoch().count());
        if (!used) return Fail{used.error()};
        if (*used) return **std::move(used);
        auto response = renderer_->failure(error, nullptr, call);
        idempotency::finish(tx, call, response);
        return response;
    };
    co_return co_await run_transaction<Result<StoredResponse>>(*database_, body, call.deadline);
}

Task<StoredResponse> Works::read(Call call, Account account, Job job) {
    auto body = [this, &call, &account, &job](store::Transaction& tx) -> Result<StoredResponse> {
        store::enter(tx, call.scope.account);
        const auto now_ms = clock_->now().time_since_epoch().count();
        Work work{tx,         call,   account,
                  *renderer_, now_ms, EventLog{call, account.default_version, now_ms / 1000}};
        auto found = job(work);
        if (!found) return Fail{std::move(found).error()};
        return answer(*renderer_, tx, *std::move(found), call);
    };
    co_return co_await database_->read(body, call.deadline.at_most(transaction_max));
}

}  // namespace gateway
