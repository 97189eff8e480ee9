#include "gateway/api/renderer.h"
#include "gateway/refunds/refund.h"

namespace gateway::api {
namespace {

using boost::json::object;

object render_destination(const Refund& refund) {
    object card{{"type", "refund"}};
    if (refund.of_authorization) {
        card["type"] = "reversal";
    } else if (refund.status == RefundStatus::succeeded) {
        card["reference"] = refund.stan;
        card["reference_status"] = "available";
        card["reference_type"] = "system_trace_audit_number";
    } else if (refund.status == RefundStatus::pending) {
        card["type"] = "pending";
        card["reference_status"] = "pending";
        card["reference_type"] = "system_trace_audit_number";
    }
    return {{"card", std::move(card)}, {"type", "card"}};
}

}  // namespace

object render_refund(const Refund& refund) {
    object result{
        {"id", refund.id},
        {"object", "refund"},
        {"amount", refund.amount},
        {"balance_transaction", text_or_null(refund.balance_transaction)},
        {"charge", refund.charge},
        {"created", refund.created},
        {"currency", refund.currency.code()},
        {"customer", text_or_null(refund.customer)},
        {"customer_account", nullptr},
        {"destination_details", render_destination(refund)},
        {"metadata", refund.metadata},
        {"payment_intent", refund.payment_intent},
        {"payment_method", refund.payment_method},
        {"reason", text_or_null(refund.reason)},
        {"receipt_number", nullptr},
        {"source_transfer_reversal", nullptr},
        {"status", boost::describe::enum_to_string(refund.status, "")},
        {"transfer_reversal", nullptr},
    };
    if (refund.failure_reason) result["failure_reason"] = *refund.failure_reason;
    if (refund.status == RefundStatus::pending) result["pending_reason"] = "processing";
    return result;
}

}  // namespace gateway::api
