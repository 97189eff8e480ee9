#include "gateway/api/renderer.h"
#include "gateway/ledger/ledger.h"

namespace gateway::api {

using boost::json::array;
using boost::json::object;

namespace {

object funds_entry(std::string_view currency, std::int64_t amount) {
    return {{"amount", amount}, {"currency", currency}, {"source_types", object{{"card", amount}}}};
}

}  // namespace

object render_balance(const ledger::MerchantBalance& balance) {
    array available, pending;
    for (const auto& [currency, amounts] : balance.funds) {
        available.emplace_back(funds_entry(currency, amounts.available));
        pending.emplace_back(funds_entry(currency, amounts.pending));
    }
    return {{"object", "balance"},
            {"available", std::move(available)},
            {"livemode", balance.scope.livemode},
            {"pending", std::move(pending)}};
}

object render_balance_transaction(const BalanceTransaction& transaction) {
    array fees;
    for (const auto& fee : transaction.fee_details)
        fees.emplace_back(object{{"amount", fee.amount},
                                 {"application", nullptr},
                                 {"currency", transaction.currency.code()},
                                 {"description", text_or_null(std::string_view{fee.description})},
                                 {"type", fee.type}});
    return {{"id", transaction.id},
            {"object", "balance_transaction"},
            {"amount", transaction.amount},
            {"available_on", transaction.available_on},
            {"balance_type", "payments"},
            {"created", transaction.created},
            {"currency", transaction.currency.code()},
            {"description", text_or_null(transaction.description)},
            {"exchange_rate", nullptr},
            {"fee", transaction.fee},
            {"fee_details", std::move(fees)},
            {"net", transaction.net},
            {"reporting_category", transaction.reporting_category},
            {"source", text_or_null(transaction.source)},
            {"status", boost::describe::enum_to_string(transaction.status, "")},
            {"type", transaction.type}};
}

object render_transfer(const ledger::Transfer& transfer) {
    return {{"id", transfer.id},
            {"object", "ledger.transaction"},
            {"amount", transfer.amount},
            {"created", transfer.created_ms / 1000},
            {"credit", transfer.credit},
            {"currency", transfer.currency.code()},
            {"debit", transfer.debit},
            {"livemode", transfer.scope.livemode},
            {"posted", transfer.posted},
            {"settled_at", transfer.settled_ms ? boost::json::value(*transfer.settled_ms / 1000)
                                               : boost::json::value(nullptr)},
            {"source", transfer.source},
            {"status", boost::describe::enum_to_string(transfer.state, "")},
            {"step", transfer.step}};
}

}  // namespace gateway::api
