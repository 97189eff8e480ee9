#include "gateway/checkout/expiry.h"

#include <algorithm>

#include "gateway/checkout/hold.h"
#include "gateway/checkout/rules.h"
#include "gateway/due.h"
#include "gateway/store/checkout_sessions.h"

namespace gateway::checkout {
namespace {

using common::Fail;
using common::Result;

constexpr int sessions_of_account_max = 100;
constexpr std::int64_t look_again_seconds = 60;

Result<bool> expire_one(store::Transaction& tx, const store::DueSession& due, const Renderer& renderer,
                        std::int64_t now_ms) {
    store::enter(tx, due.scope.account);
    const auto now = now_ms / 1000;
    auto held = hold(tx, due.scope, due.id);
    if (!held) return Fail{held.error()};
    auto& session = held->session;
    if (!session.due_at || *session.due_at > now) return false;
    if (held->intent && is_moving(*held->intent)) {
        session.due_at = now + look_again_seconds;
        store::update(tx, session);
        return false;
    }
    act_by_clock(tx, due.scope, renderer, now_ms, [&held](Work& work) { close(work, *held); });
    return true;
}

}  // namespace

common::Task<int> expire_due(common::db::Pool& database, const Renderer& renderer, std::int64_t now_ms,
                             int limit) {
    const auto now = now_ms / 1000;
    const auto accounts = co_await due_accounts(
        database, store::Scan::checkout_sessions,
        [now](store::Transaction& tx, int most) { return store::accounts_with_due_sessions(tx, now, most); });
    if (!accounts) co_return Fail{accounts.error()};

    int expired = 0;
    for (const auto account : *accounts) {
        const int wanted = std::min(sessions_of_account_max, limit - expired);
        if (wanted <= 0) break;
        auto look = [account, now, wanted](store::Transaction& tx) -> Result<std::vector<store::DueSession>> {
            store::enter(tx, account);
            return store::due_sessions(tx, account, now, wanted);
        };
        const auto due = co_await database.transaction(look);
        if (!due) co_return Fail{due.error()};
        for (const auto& one : *due) {
            auto job = [&one, &renderer, now_ms](store::Transaction& tx) {
                return expire_one(tx, one, renderer, now_ms);
            };
            const auto done = co_await database.transaction(job);
            // Somebody else is at work on it.
            if (!done && done.error().cause() == common::Cause::lock_timeout) continue;
            if (!done) co_return Fail{done.error()};
            expired += *done ? 1 : 0;
        }
    }
    co_return expired;
}

}  // namespace gateway::checkout
