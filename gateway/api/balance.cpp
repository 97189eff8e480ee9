// A merchant's balance and what changed it.
#include <algorithm>

#include "gateway/api/balance_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/ledger/ledger.h"
#include "gateway/store/balance_transactions.h"

namespace gateway::api {
namespace {

using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

}  // namespace

Task<StoredResponse> read_balance(Context& context) {
    co_return co_await context.read([](Work& work) -> Result<object> {
        const auto balance = ledger::merchant_balance(work.tx, work.scope(), work.account.default_currency);
        return work.show(&balance);
    });
}

Task<StoredResponse> read_balance_transaction(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        const auto transaction = store::require<BalanceTransaction>(work.tx, work.scope(), context.id);
        if (!transaction) return Fail{transaction.error()};
        return work.show(&*transaction);
    });
}

Task<StoredResponse> list_balance_transactions(Context& context) {
    auto filters = filters_of(context.parameters(), {"currency", "payout", "source", "type"});
    for (auto& [column, value] : filters)
        if (std::string_view{column} == "currency") value = lower(std::move(value));
    co_return co_await list_of<BalanceTransaction>(context, std::move(filters));
}

}  // namespace gateway::api
