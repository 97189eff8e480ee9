#include "gateway/payouts/sandbox_bank.h"

#include <algorithm>

#include "common/crypto.h"
#include "gateway/store/sandbox_bank.h"

namespace gateway::payouts {
namespace {

using common::Error;
using common::Fail;
using common::Result;

struct TestAccount {
    std::string_view number, failure_code;
};
// Any other number is paid, as 000123456789 is.
constexpr TestAccount test_accounts[] = {
    {"000111111113", "account_closed"},     {"000111111116", "no_account"},
    {"000222222227", "insufficient_funds"}, {"000333333335", "debit_not_authorized"},
    {"000444444440", "invalid_currency"},
};
constexpr std::size_t reference_size = 16;

std::string failure_code_of(const common::SecretText& number) {
    const auto* found = std::ranges::find(test_accounts, number.view(), &TestAccount::number);
    return found == std::end(test_accounts) ? "" : std::string{found->failure_code};
}

}  // namespace

common::Task<std::string> SandboxBank::take(Order order) {
    if (order.scope.livemode) co_return Fail{Error::internal("the sandbox bank takes no live money")};
    store::BankOrder row;
    row.scope = order.scope;
    row.payout = order.payout;
    row.amount = order.amount.minor();
    row.currency = order.amount.currency().code();
    row.reference = common::crypto::random_base62(reference_size);
    row.settles_at = order.arrival_date;
    row.failure_code = failure_code_of(order.number);
    auto job = [&row](store::Transaction& tx) -> Result<std::string> {
        store::enter(tx, row.scope.account);
        store::insert(tx, row);
        const auto held = store::find_bank_order(tx, row.scope, row.payout);
        if (!held) return Fail{Error::internal("the sandbox bank has lost an order")};
        return held->reference;
    };
    auto reference = co_await database_->transaction(job);
    co_return reference;
}

common::Task<std::optional<Outcome>> SandboxBank::outcome(Scope scope, std::string payout) {
    auto job = [&scope, &payout](store::Transaction& tx) -> Result<std::optional<store::BankOrder>> {
        store::enter(tx, scope.account);
        return store::find_bank_order(tx, scope, payout);
    };
    auto order = co_await database_->read(job);
    if (!order) co_return Fail{order.error()};
    if (!*order) co_return Fail{Error::internal("the sandbox bank knows no such order")};
    if ((*order)->settles_at > clock_->unix_seconds()) co_return std::nullopt;
    co_return Outcome{(*order)->failure_code};
}

}  // namespace gateway::payouts
