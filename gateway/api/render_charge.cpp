#include <algorithm>

#include "gateway/api/renderer.h"

namespace gateway::api {
namespace {

using boost::json::object;
using boost::json::value;

value render_outcome(const Charge& charge) {
    if (charge.outcome_type.empty()) return nullptr;
    object result{
        {"advice_code", text_or_null(charge.advice_code)},
        {"network_advice_code", nullptr},
        {"network_decline_code", text_or_null(charge.network_decline_code)},
        {"network_status", text_or_null(std::string_view{charge.outcome_network_status})},
        {"reason", text_or_null(std::string_view{charge.outcome_reason})},
    };
    if (!charge.risk_level.empty()) result["risk_level"] = charge.risk_level;
    result["seller_message"] = text_or_null(std::string_view{charge.outcome_seller_message});
    result["type"] = charge.outcome_type;
    return result;
}

object availability(bool available) {
    return {{"status", available ? "available" : "unavailable"}};
}

object render_card(const Charge& charge, const Style& style) {
    const auto& card = charge.card;
    object result{
        {"amount_authorized",
         charge.amount_authorized > 0 ? value(charge.amount_authorized) : value(nullptr)},
        {"authorization_code", text_or_null(std::string_view{charge.authorization_code})},
        {"brand", card.brand},
    };
    if (charge.capture_before) result["capture_before"] = *charge.capture_before;
    result["checks"] = render_checks(card);
    result["country"] = text_or_null(std::string_view{card.country});
    if (style.version.from("2026-09-30")) result["electronic_commerce_indicator"] = nullptr;
    result["exp_month"] = card.exp_month;
    result["exp_year"] = card.exp_year;
    result["extended_authorization"] = object{{"status", "disabled"}};
    result["fingerprint"] = card.fingerprint;
    result["funding"] = card.funding;
    result["incremental_authorization"] = availability(charge.incremental);
    result["installments"] = nullptr;
    result["last4"] = card.last4;
    result["mandate"] = nullptr;
    result["multicapture"] = availability(charge.multicapture);
    result["network"] = card.brand;
    result["network_token"] = object{{"used", false}};
    result["network_transaction_id"] = text_or_null(std::string_view{charge.network_transaction_id});
    result["overcapture"] = object{{"maximum_amount_capturable", charge.amount}, {"status", "unavailable"}};
    result["regulated_status"] = nullptr;
    result["three_d_secure"] = nullptr;
    result["transaction_link_id"] = nullptr;
    result["wallet"] = nullptr;
    return result;
}

}  // namespace

object render_charge(const Charge& charge, const Style& style) {
    object result{
        {"id", charge.id},
        {"object", "charge"},
        {"amount", charge.amount},
        {"amount_captured", charge.amount_captured},
        {"amount_refunded", charge.amount_refunded()},
        {"application", nullptr},
        {"application_fee", nullptr},
        {"application_fee_amount", nullptr},
        {"balance_transaction", text_or_null(charge.balance_transaction)},
        {"billing_details", render_billing_details(charge.billing_details)},
        {"calculated_statement_descriptor", nullptr},
        {"captured", charge.captured},
        {"created", charge.created},
        {"currency", charge.currency.code()},
        {"customer", text_or_null(charge.customer)},
        {"description", text_or_null(charge.description)},
        {"disputed", charge.disputed},
        {"failure_balance_transaction", nullptr},
        {"failure_code", text_or_null(charge.failure_code)},
        {"failure_message", text_or_null(charge.failure_message)},
        {"fraud_details", charge.user_report ? object{{"user_report", *charge.user_report}} : object{}},
        {"livemode", charge.scope.livemode},
        {"metadata", charge.metadata},
        {"on_behalf_of", nullptr},
        {"outcome", render_outcome(charge)},
        {"paid", charge.paid},
        {"payment_intent", text_or_null(std::string_view{charge.payment_intent})},
        {"payment_method", text_or_null(std::string_view{charge.payment_method})},
        {"payment_method_details", object{{"card", render_card(charge, style)}, {"type", "card"}}},
        {"receipt_email", text_or_null(charge.receipt_email)},
        {"receipt_number", nullptr},
        {"receipt_url", nullptr},
        {"refunded", charge.refunded},
        {"review", text_or_null(charge.review)},
        {"shipping", render_shipping(charge.shipping)},
        {"source", nullptr},
        {"source_transfer", nullptr},
        {"statement_descriptor", nullptr},
        {"statement_descriptor_suffix", text_or_null(charge.statement_descriptor_suffix)},
        {"status", to_string(charge.status)},
        {"transfer_data", nullptr},
        {"transfer_group", text_or_null(charge.transfer_group)},
    };
    if (charge.radar_session) result["radar_options"] = object{{"session", *charge.radar_session}};
    if (!charge.authorization_code.empty()) result["authorization_code"] = charge.authorization_code;
    if (charge.authentication) result["authentication"] = *charge.authentication;
    return result;
}

}  // namespace gateway::api
