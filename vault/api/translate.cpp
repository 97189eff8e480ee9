#include "vault/api/translate.h"

namespace vault::api {
namespace {

// "2031-09", which the codec has looked at; "" = none.
std::optional<cards::Expiry> month_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return cards::Expiry{std::stoi(text.substr(5)), std::stoi(text.substr(0, 4))};
}

}  // namespace

cards::NewCardInput input_of(NewCard&& card) {
    return {card.account,
            card.livemode,
            std::move(card.number),
            std::move(card.cvc),
            card.exp_month,
            card.exp_year,
            std::move(card.sandbox_id),
            card.digit_token ? cards::TokenFormat::digits : cards::TokenFormat::standard,
            std::move(card.metadata)};
}

Card card_of(const cards::CardFacts& facts, std::string cvc_handle) {
    return Card{facts.token,           facts.brand,          facts.last4,     facts.funding,
                facts.country,         facts.fingerprint,    facts.exp_month, facts.exp_year,
                std::move(cvc_handle), facts.authentication, facts.risk,      facts.metadata};
}

cards::CardSearch search_of(CardSearch&& asked) {
    return {asked.account,
            asked.livemode,
            std::move(asked.fingerprint),
            std::move(asked.brand),
            std::move(asked.last4),
            month_of(asked.expires_from),
            month_of(asked.expires_to),
            std::move(asked.metadata_key),
            std::move(asked.metadata_value),
            std::move(asked.starting_after),
            asked.limit};
}

}  // namespace vault::api
