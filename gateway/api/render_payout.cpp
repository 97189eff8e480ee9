#include "gateway/api/renderer.h"
#include "gateway/payouts/rules.h"

namespace gateway::api {
namespace {

using boost::json::object;
using boost::json::value;

value render_trace(const Payout& payout) {
    if (payout.status == PayoutStatus::canceled) return nullptr;
    return object{{"status", payout.trace ? "supported" : "pending"}, {"value", text_or_null(payout.trace)}};
}

}  // namespace

object render_payout(const Payout& payout) {
    return {
        {"id", payout.id},
        {"object", "payout"},
        {"amount", payout.amount},
        {"application_fee", nullptr},
        {"application_fee_amount", nullptr},
        {"arrival_date", payout.arrival_date},
        {"automatic", false},
        {"balance_transaction", text_or_null(payout.balance_transaction)},
        {"created", payout.created},
        {"currency", payout.currency.code()},
        {"description", text_or_null(payout.description)},
        {"destination", payout.destination},
        {"failure_balance_transaction", text_or_null(payout.failure_balance_transaction)},
        {"failure_code", text_or_null(payout.failure_code)},
        {"failure_message",
         payout.failure_code ? value(rules::message_of(*payout.failure_code)) : value(nullptr)},
        {"livemode", payout.scope.livemode},
        {"metadata", payout.metadata},
        {"method", boost::describe::enum_to_string(payout.method, "")},
        {"original_payout", nullptr},
        {"payout_method", nullptr},
        {"reconciliation_status", "not_applicable"},
        {"reversed_by", nullptr},
        {"source_type", "card"},
        {"statement_descriptor", text_or_null(payout.statement_descriptor)},
        {"status", boost::describe::enum_to_string(payout.status, "")},
        {"trace_id", render_trace(payout)},
        {"type", "bank_account"},
    };
}

}  // namespace gateway::api
