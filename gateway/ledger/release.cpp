#include "gateway/ledger/release.h"

#include <algorithm>

#include "gateway/due.h"
#include "gateway/ledger/ledger.h"
#include "gateway/store/balance_transactions.h"
#include "gateway/work.h"

namespace gateway::ledger {
namespace {

using common::Fail;
using common::Result;

constexpr int batch_max = 100;

void tell_available(store::Transaction& tx, common::AccountId account,
                    const std::vector<BalanceTransaction>& released, const Renderer& renderer,
                    std::int64_t now_ms) {
    for (const bool livemode : {false, true}) {
        const bool gained = std::ranges::any_of(
            released, [livemode](const auto& one) { return one.scope.livemode == livemode && one.net > 0; });
        if (!gained) continue;
        act_by_clock(tx, {account, livemode}, renderer, now_ms, [](Work& work) {
            const auto balance = merchant_balance(work.tx, work.scope(), work.account.default_currency);
            work.tell("balance.available", &balance);
        });
    }
}

}  // namespace

common::Task<int> release_due(common::db::Pool& database, const Renderer& renderer, std::int64_t now_ms,
                              int limit) {
    const auto now = now_ms / 1000;
    const auto accounts = co_await due_accounts(
        database, store::Scan::balance_transactions,
        [now](store::Transaction& tx, int most) { return store::accounts_with_due_balance(tx, now, most); });
    if (!accounts) co_return Fail{accounts.error()};

    int released = 0;
    for (const auto account : *accounts) {
        int batch = 0;
        do {
            const int wanted = std::min(batch_max, limit - released);
            if (wanted <= 0) co_return released;
            auto job = [account, now, now_ms, wanted, &renderer](store::Transaction& tx) -> Result<int> {
                store::enter(tx, account);
                const auto taken = store::take_due_balance(tx, account, now, wanted);
                for (const auto& transaction : taken)
                    release(tx, transaction, now_ms);
                tell_available(tx, account, taken, renderer, now_ms);
                return static_cast<int>(taken.size());
            };
            const auto done = co_await database.transaction(job);
            if (!done) co_return Fail{done.error()};
            batch = *done;
            released += batch;
        } while (batch == batch_max);
    }
    co_return released;
}

}  // namespace gateway::ledger
