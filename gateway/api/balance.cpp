// A merchant's balance and what changed it.
#include <algorithm>

#include "gateway/api/balance_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/ledger/ledger.h"
#include "gateway/store/balance_transactions.h"

namespace gateway::api {
namespace {

using boost::json::array;
using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

object funds_entry(std::string_view currency, std::int64_t amount) {
    return {{"amount", amount}, {"currency", currency}, {"source_types", object{{"card", amount}}}};
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

}  // namespace

Task<StoredResponse> read_balance(Context& context) {
    co_return co_await context.read([](Work& work) -> Result<object> {
        auto funds = ledger::funds(ledger::balances(work.tx, work.scope()));
        funds.try_emplace(work.account.default_currency);  // there is always one to show
        array available, pending;
        for (const auto& [currency, amounts] : funds) {
            available.emplace_back(funds_entry(currency, amounts.available));
            pending.emplace_back(funds_entry(currency, amounts.pending));
        }
        return object{{"object", "balance"},
                      {"available", std::move(available)},
                      {"livemode", work.scope().livemode},
                      {"pending", std::move(pending)}};
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
