#include "gateway/simulator/cards.h"

#include <fstream>
#include <iterator>

#include "common/crypto.h"
#include "common/json.h"
#include "common/luhn.h"

namespace simulator {

using common::Error;
using common::Fail;
using common::Safe;

std::string CardTable::Hash::operator()(std::string_view number) const {
    return common::crypto::to_hex(common::crypto::hmac_sha256(key_.bytes(), number)).substr(0, 32);
}

std::string CardTable::Hash::digest(std::string_view content) const {
    return common::crypto::to_hex(common::crypto::hmac_sha256(key_.bytes(), content));
}

namespace {

bool is_response(std::string_view text) {
    return text.size() == 2 &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

constexpr std::int64_t delay_ms_max = 15'000;  // a host answers by then, or not at all

std::optional<CardRule> rule_of(const boost::json::object& entry) {
    using common::json::text_or;
    if (!common::json::only_members(entry, {"number", "response", "verification_response", "refund_response",
                                            "refund_delay_ms", "avs", "cvc", "advice", "balance", "note"}))
        return std::nullopt;
    CardRule rule;
    rule.response = text_or(entry, "response", "00");
    rule.verification_response =
        text_or(entry, "verification_response", rule.response == "00" ? "85" : rule.response);
    rule.refund_response = text_or(entry, "refund_response", "00");
    const auto avs = text_or(entry, "avs", "Y"), cvc = text_or(entry, "cvc", "M");
    rule.advice = text_or(entry, "advice", "");
    if (const auto* balance = entry.if_contains("balance")) {
        if (!balance->is_int64() || balance->get_int64() < 0) return std::nullopt;
        rule.balance = balance->get_int64();
    }
    if (const auto* delay = entry.if_contains("refund_delay_ms")) {
        if (!delay->is_int64() || delay->get_int64() < 0 || delay->get_int64() > delay_ms_max)
            return std::nullopt;
        rule.refund_delay = std::chrono::milliseconds{delay->get_int64()};
    }
    if (!is_response(rule.response) || !is_response(rule.verification_response) ||
        !is_response(rule.refund_response) || avs.size() != 1 || cvc.size() != 1 ||
        !(rule.advice.empty() || is_response(rule.advice)))
        return std::nullopt;
    rule.avs = avs[0];
    rule.cvc = cvc[0];
    return rule;
}

}  // namespace

common::Result<CardTable> CardTable::load(const std::string& path, const Hash& hash) {
    std::ifstream file{path};
    if (!file) return Fail{Error::internal("the cards file cannot be read: {}", {Safe::param(path)})};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto document = common::json::parse(text);
    if (!document) return Fail{Error::internal("the cards file is no JSON: {}", {Safe::param(path)})};
    const auto* object = document->if_object();
    const auto* cards = object == nullptr ? nullptr : object->if_contains("cards");
    if (cards == nullptr || !cards->is_array())
        return Fail{Error::internal("the cards file has no list of cards: {}", {Safe::param(path)})};
    CardTable table;
    std::int64_t index = 0;
    for (const auto& entry : cards->get_array()) {
        ++index;
        const auto* card = entry.if_object();
        const std::string_view number = card == nullptr ? "" : common::json::text_or(*card, "number", "");
        const bool digits = std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
        auto rule = card == nullptr ? std::nullopt : rule_of(*card);
        if (!digits || number.size() < 12 || number.size() > 19 || !common::passes_luhn(number) || !rule)
            return Fail{Error::internal("card {} of the cards file is not valid", {Safe::number(index)})};
        table.rules_[hash(number)] = std::move(*rule);
    }
    return table;
}

const CardRule& CardTable::rule(const std::string& card) const {
    const auto found = rules_.find(card);
    return found == rules_.end() ? usual_ : found->second;
}

}  // namespace simulator
