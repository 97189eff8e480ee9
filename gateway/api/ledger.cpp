// The ledger as finance staff read it: accounts, transfers and the proof that debits equal credits.
#include "gateway/ledger/ledger.h"

#include "gateway/api/balance_rules.h"
#include "gateway/api/handlers.h"
#include "gateway/store/ledger.h"

namespace gateway::api {

using boost::json::array;
using boost::json::object;
using common::Fail;
using common::Result;
using common::Task;

Task<StoredResponse> list_ledger_accounts(Context& context) {
    co_return co_await context.read([&context](Work& work) -> Result<object> {
        array data;
        for (const auto& balance : ledger::balances(work.tx, work.scope()))
            data.emplace_back(object{{"id", balance.name + "_" + balance.currency},
                                     {"object", "ledger.account"},
                                     {"balance", balance.amount()},
                                     {"credits", balance.credits},
                                     {"credits_pending", balance.credits_pending},
                                     {"currency", balance.currency},
                                     {"debits", balance.debits},
                                     {"debits_pending", balance.debits_pending},
                                     {"livemode", work.scope().livemode},
                                     {"name", balance.name},
                                     {"type", balance.kind()}});
        return object{
            {"object", "list"}, {"data", std::move(data)}, {"has_more", false}, {"url", context.path}};
    });
}

Task<StoredResponse> list_ledger_transactions(Context& context) {
    auto query = list_query(context.parameters());
    if (!query) co_return Fail{query.error()};
    query->equal = filters_of(context.parameters(), {"source"});
    co_return co_await context.read([&context, query = *std::move(query)](Work& work) -> Result<object> {
        auto page = store::list_transfers(work.tx, work.scope(), query);
        if (!page) return Fail{page.error()};
        return envelope(work, *page, context.path);
    });
}

Task<StoredResponse> read_trial_balance(Context& context) {
    co_return co_await context.read([](Work& work) -> Result<object> {
        object currencies;
        for (const auto& [currency, total] : ledger::trial_balance(ledger::balances(work.tx, work.scope())))
            currencies[currency] = object{
                {"debits", total.debits}, {"credits", total.credits}, {"difference", total.difference()}};
        return object{{"object", "ledger.trial_balance"},
                      {"currencies", std::move(currencies)},
                      {"livemode", work.scope().livemode}};
    });
}

}  // namespace gateway::api
