#include "gateway/api/terms.h"

#include <charconv>

namespace gateway::api {
namespace {

using common::Error;
using common::Fail;
using common::Safe;

constexpr std::int64_t fixed_max = 1'000'000'000;

std::optional<std::int64_t> minor_units_of(std::string_view text) {
    std::int64_t value = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, failed] = std::from_chars(text.data(), last, value);
    if (failed != std::errc{} || end != last || value < 0 || value > fixed_max) return std::nullopt;
    return value;
}

}  // namespace

common::Result<ledger::Terms> terms_of(const common::Config& config) {
    ledger::Terms terms;
    terms.prices.basis_points = config.integer("fees.basis_points");
    terms.prices.fixed = config.integer("fees.fixed");
    terms.settlement_days = config.integer("settlement.days");
    for (const auto& entry : config.list("fees.fixed_by_currency")) {
        const std::string_view text{entry};
        const auto equals = std::min(text.find('='), text.size());
        const auto currency = common::Currency::find(text.substr(0, equals));
        const auto fixed = minor_units_of(equals < text.size() ? text.substr(equals + 1) : "");
        if (!currency || !fixed)
            return Fail{Error::internal("fees.fixed_by_currency: {} is not of the form currency=minor units",
                                        {Safe::param(entry)})};
        if (!terms.prices.fixed_in.emplace(currency->code(), *fixed).second)
            return Fail{Error::internal("fees.fixed_by_currency: there are two entries for {}",
                                        {Safe::param(currency->code())})};
    }
    return terms;
}

common::Result<payouts::Terms> payout_terms_of(const common::Config& config) {
    const auto bank = config.text("payouts.bank");
    if (bank != "none" && bank != "sandbox")
        return Fail{Error::internal("payouts.bank: {} is neither none nor sandbox", {Safe::param(bank)})};
    payouts::Terms terms;
    terms.test_mode = bank == "sandbox";
    terms.days = config.integer("payouts.days");
    terms.instant_minutes = config.integer("payouts.instant_minutes");
    terms.hold_minutes = config.integer("payouts.hold_minutes");
    return terms;
}

}  // namespace gateway::api
