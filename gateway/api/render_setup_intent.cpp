#include "gateway/api/renderer.h"

namespace gateway::api {
namespace {

using boost::json::object;
using boost::json::value;

// The defaults of the API, with what was given on top.
value render_method_options(const SetupIntent& intent) {
    object card{{"mandate_options", nullptr}, {"network", nullptr}, {"request_three_d_secure", "automatic"}};
    if (const auto* given = intent.payment_method_options.if_contains("card"); given && given->is_object())
        for (const auto& option : given->get_object())
            if (!option.value().is_null()) card[option.key()] = option.value();
    return object{{"card", std::move(card)}};
}

value excluded_types(const SetupIntent& intent) {
    const auto* found = intent.echoed.if_contains("excluded_payment_method_types");
    return found ? *found : value(nullptr);
}

// What a browser may see of a set-up.
object reduced(const SetupIntent& intent, const PaymentMethod* declined, const Style& style) {
    return {
        {"id", intent.id},
        {"object", "setup_intent"},
        {"automatic_payment_methods", json_or_null(intent.automatic_payment_methods)},
        {"cancellation_reason", text_or_null(intent.cancellation_reason)},
        {"client_secret", intent.client_secret},
        {"created", intent.created},
        {"description", text_or_null(intent.description)},
        {"last_setup_error", render_last_error(intent.last_setup_error, declined, style)},
        {"livemode", intent.scope.livemode},
        {"next_action", nullptr},
        {"payment_method", text_or_null(intent.payment_method)},
        {"payment_method_types", boost::json::array{"card"}},
        {"status", to_string(intent.status)},
        {"usage", intent.usage},
    };
}

value render_card(const CardDetails& card) {
    return object{
        {"brand", card.brand},
        {"checks", render_checks(card)},
        {"country", text_or_null(std::string_view{card.country})},
        {"exp_month", card.exp_month},
        {"exp_year", card.exp_year},
        {"fingerprint", card.fingerprint},
        {"funding", card.funding},
        {"last4", card.last4},
        {"network", card.brand},
        {"three_d_secure", nullptr},
        {"wallet", nullptr},
    };
}

}  // namespace

object render_setup_intent(const SetupIntent& intent, const PaymentMethod* declined, const Style& style) {
    if (style.publishable) return reduced(intent, declined, style);
    object result{{"id", intent.id}, {"object", "setup_intent"}};
    if (style.version.from("2026-07-29"))
        result["allowed_payment_method_types"] = json_or_null(intent.allowed_payment_method_types);
    result["application"] = nullptr;
    result["automatic_payment_methods"] = json_or_null(intent.automatic_payment_methods);
    result["cancellation_reason"] = text_or_null(intent.cancellation_reason);
    result["client_secret"] = intent.client_secret;
    result["created"] = intent.created;
    result["customer"] = text_or_null(intent.customer);
    result["customer_account"] = nullptr;
    result["description"] = text_or_null(intent.description);
    result["excluded_payment_method_types"] = excluded_types(intent);
    result["flow_directions"] = nullptr;
    result["last_setup_error"] = render_last_error(intent.last_setup_error, declined, style);
    result["latest_attempt"] = text_or_null(intent.latest_attempt);
    result["livemode"] = intent.scope.livemode;
    result["mandate"] = nullptr;
    result["metadata"] = intent.metadata;
    result["next_action"] = nullptr;
    result["on_behalf_of"] = nullptr;
    result["payment_method"] = text_or_null(intent.payment_method);
    result["payment_method_configuration_details"] = nullptr;
    result["payment_method_options"] = render_method_options(intent);
    result["payment_method_types"] = boost::json::array{"card"};
    result["single_use_mandate"] = nullptr;
    result["status"] = to_string(intent.status);
    result["usage"] = intent.usage;
    return result;
}

object render_setup_attempt(const SetupAttempt& attempt, const Style& style) {
    return {
        {"id", attempt.id},
        {"object", "setup_attempt"},
        {"application", nullptr},
        {"created", attempt.created},
        {"customer", text_or_null(attempt.customer)},
        {"customer_account", nullptr},
        {"flow_directions", nullptr},
        {"livemode", attempt.scope.livemode},
        {"on_behalf_of", nullptr},
        {"payment_method", attempt.payment_method},
        {"payment_method_details", object{{"card", render_card(attempt.card)}, {"type", "card"}}},
        {"setup_error", render_last_error(attempt.setup_error, nullptr, style)},
        {"setup_intent", attempt.setup_intent},
        {"status", to_string(attempt.status)},
        {"usage", attempt.usage},
    };
}

}  // namespace gateway::api
