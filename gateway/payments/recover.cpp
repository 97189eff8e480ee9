// Ending what a crash, a lost answer or a passed deadline left open. The leases are in the rows, so any
// number of gateways may do this at once.
#include "common/log.h"
#include "gateway/due.h"
#include "gateway/payments/impl.h"
#include "gateway/store/acquirer_requests.h"

namespace gateway {
namespace {

constexpr int requests_of_account_max = 20;
constexpr std::chrono::milliseconds request_max{10'000};
static_assert(recovery_lease_ms > request_max.count() + transaction_max.count());

}  // namespace

common::Task<int> PaymentService::recover(int limit) {
    auto* self = impl_.get();
    const auto accounts = co_await due_accounts(
        *self->database, store::Scan::acquirer_requests, [self](store::Transaction& tx, int most) {
            return store::accounts_with_due_requests(tx, self->now_ms(), most);
        });
    if (!accounts) co_return Fail{accounts.error()};

    int ended = 0;
    int taken = 0;
    for (const auto account : *accounts) {
        if (taken >= limit) break;
        // One after the other and each leased when its turn comes, so that no lease runs out while it waits.
        for (int i = 0; i < requests_of_account_max && taken < limit; ++i) {
            auto lease = [self, account](Transaction& tx) -> Result<std::vector<AcquirerRequest>> {
                store::enter(tx, account);
                const auto now = self->now_ms();
                return store::lease_due_requests(tx, account, now, now + recovery_lease_ms, 1);
            };
            auto leased = co_await self->database->transaction(lease);
            if (!leased) co_return Fail{leased.error()};
            if (leased->empty()) break;
            ++taken;
            Step step;
            step.request = std::move(leased->front());
            const auto request_id = step.request->call.request_id;
            auto outcome = co_await self->carry_out(std::move(step), Deadline::in(request_max), true);
            if (outcome)
                ++ended;
            else
                common::log::failure("a request could not be ended yet", outcome.error(), request_id);
        }
    }
    co_return ended;
}

}  // namespace gateway
