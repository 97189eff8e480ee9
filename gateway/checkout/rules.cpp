#include "gateway/checkout/rules.h"

#include <algorithm>
#include <charconv>

#include "gateway/checkout/machine.h"
#include "gateway/payments/rules.h"

namespace gateway::checkout {
namespace {

using common::Error;
using common::ErrorType;
using common::Fail;
using common::Money;
using common::Result;
using common::Safe;
using common::Status;

constexpr std::size_t decimals_max = 12;

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A decimal number without its point: 10.5 is 105 of 10.
struct Fraction {
    std::int64_t digits = 0, denominator = 1;
};

std::optional<Fraction> fraction_of(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    auto decimals = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    if (!is_digits(whole) || (point != std::string_view::npos && !is_digits(decimals))) return std::nullopt;
    while (decimals.ends_with('0'))
        decimals.remove_suffix(1);
    if (decimals.size() > decimals_max) return std::nullopt;
    Fraction fraction;
    for (std::size_t i = 0; i < decimals.size(); ++i)
        fraction.denominator *= 10;
    const auto all = std::string{whole}.append(decimals);
    const auto [end, failed] = std::from_chars(all.data(), all.data() + all.size(), fraction.digits);
    if (failed != std::errc{} || end != all.data() + all.size()) return std::nullopt;
    return fraction;
}

std::string at_line(std::size_t index, std::string_view rest) {
    return "line_items[" + std::to_string(index) + "]" + std::string{rest};
}

Status put_amount(LineItem& item, std::size_t index) {
    const auto unit = canonical_decimal(item.unit_amount);
    if (!unit)
        return Fail{Error::invalid("", at_line(index, "[price_data][unit_amount_decimal]"),
                                   "Invalid decimal: {}. It must be a non-negative decimal number of minor "
                                   "units with at most 12 decimals.",
                                   {Safe::param(item.unit_amount)})};
    item.unit_amount = *unit;
    if (item.quantity < 1)
        return Fail{Error::invalid("parameter_invalid_integer", at_line(index, "[quantity]"),
                                   "This value must be greater than or equal to 1.")};
    const auto amount = amount_of(item.unit_amount, item.quantity);
    if (!amount)
        return Fail{Error::invalid("", at_line(index, "[price_data]"),
                                   "The quantity ({}) times the unit amount ({}) must be a whole number of "
                                   "minor units, and not too large: amounts are not rounded.",
                                   {Safe::number(item.quantity), Safe::param(item.unit_amount)})};
    item.amount = *amount;
    return {};
}

Status check_total(const std::optional<Money>& total) {
    if (!total)
        return Fail{Error::invalid("amount_too_large", "line_items",
                                   "The line items add up to more than can be charged.")};
    if (total->minor() == 0) return {};
    auto fine = rules::amount(total->minor(), total->currency());
    if (!fine) return Fail{std::move(fine).error().with_param("line_items")};
    return {};
}

Error of_status(const CheckoutSession& session, common::Text message) {
    return Error{400,
                 ErrorType::invalid_request,
                 "",
                 message,
                 {Safe::id(boost::describe::enum_to_string(session.status, ""))}};
}

Error missing(std::string_view param) {
    return Error::invalid("parameter_missing", param, "Missing required param: {}.", {Safe::param(param)});
}

bool asks_for_terms(const CheckoutSession& session) {
    const auto* terms = session.consent_collection.if_contains("terms_of_service");
    return terms != nullptr && *terms == "required";
}

// Where the merchant sends goods to, if he sends any.
Status may_ship(const CheckoutSession& session, const Shopper& shopper) {
    if (!session.shipping_address_collection) return {};
    const auto* address = shopper.shipping ? shopper.shipping->if_contains("address") : nullptr;
    if (!address || !address->is_object()) return Fail{missing("shipping")};
    const auto* country = address->get_object().if_contains("country");
    const auto& allowed = session.shipping_address_collection->at("allowed_countries").as_array();
    if (country && std::ranges::find(allowed, *country) != allowed.end()) return {};
    return Fail{Error::invalid("", "shipping[address][country]", "The merchant does not ship there.")};
}

}  // namespace

std::optional<std::string> canonical_decimal(std::string_view text) {
    if (!fraction_of(text)) return std::nullopt;
    const auto point = std::min(text.find('.'), text.size());
    auto whole = text.substr(0, point), decimals = text.substr(point);
    while (whole.size() > 1 && whole.starts_with('0'))
        whole.remove_prefix(1);
    while (decimals.ends_with('0') || decimals == ".")
        decimals.remove_suffix(1);
    return std::string{whole}.append(decimals);
}

std::optional<std::int64_t> amount_of(std::string_view unit_amount, std::int64_t quantity) {
    const auto unit = fraction_of(unit_amount);
    std::int64_t product = 0;
    if (!unit || __builtin_mul_overflow(unit->digits, quantity, &product)) return std::nullopt;
    if (product % unit->denominator != 0) return std::nullopt;
    return product / unit->denominator;
}

Status put_totals(CheckoutSession& session) {
    if (session.line_items.size() > line_items_max)
        return Fail{Error::invalid("", "line_items", "A Checkout Session can have up to {} line items.",
                                   {Safe::number(static_cast<std::int64_t>(line_items_max))})};
    std::optional total{Money{0, session.currency}};
    for (std::size_t i = 0; i < session.line_items.size(); ++i) {
        if (auto fine = put_amount(session.line_items[i], i); !fine) return fine;
        if (total) total = total->plus({session.line_items[i].amount, session.currency});
    }
    if (auto fine = check_total(total); !fine) return fine;
    session.amount_total = total->minor();
    return {};
}

Result<std::int64_t> expiry(const std::optional<std::int64_t>& wanted, std::int64_t now) {
    const auto at = wanted.value_or(now + life_max);
    if (at >= now + life_min && at <= now + life_max) return at;
    return Fail{Error::invalid("", "expires_at",
                               "The `expires_at` timestamp must be between 30 minutes and 24 hours from "
                               "Checkout Session creation.")};
}

Status may_expire(const CheckoutSession& session) {
    if (next(session.status, CheckoutEvent::expired)) return {};
    return Fail{of_status(session,
                          "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout "
                          "Session has a status of `{}`.")};
}

Status may_submit(const CheckoutSession& session, const Shopper& shopper, std::int64_t now) {
    if (!next(session.status, CheckoutEvent::completed))
        return Fail{of_status(session,
                              "This Checkout Session has a status of `{}`: nothing more can be done with "
                              "it.")};
    if (now >= session.expires_at) return Fail{Error::invalid("", "", "This Checkout Session has expired.")};
    if (!shopper.email) return Fail{missing("email")};
    if (session.phone_number_collection && !shopper.phone) return Fail{missing("phone")};
    if (session.billing_address_collection == "required" && !shopper.address) return Fail{missing("address")};
    if (asks_for_terms(session) && !shopper.accepted_terms)
        return Fail{Error::invalid("parameter_missing", "terms_of_service",
                                   "The terms of service must be accepted first.")};
    return may_ship(session, shopper);
}

bool is_moving(const PaymentIntent& intent) {
    return intent.in_flight || intent.status == IntentStatus::processing;
}

}  // namespace gateway::checkout
