#include "vault/transfer/card_line.h"

#include <algorithm>

#include "common/base62.h"
#include "common/json.h"
#include "vault/cards/metadata.h"
#include "vault/client/members.h"

namespace vault::transfer {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::SecretText;
using wire::Members;
namespace json = boost::json;

constexpr std::size_t token_size_max = 64;
constexpr std::int64_t calendar_max = 9999;

// It is shown in results.
bool is_shown_token(std::string_view token) {
    return token.size() <= token_size_max && !cards::looks_like_card_number(token) &&
           std::ranges::all_of(
               token, [](char c) { return common::base62::value_of(c) >= 0 || c == '_' || c == '-'; });
}

}  // namespace

// The number is put in by hand, so that no library ever holds it.
SecretText CardLine::write(const store::CardRowPage::Entry& card, const cards::CardSealer::Opened& opened) {
    const auto& facts = card.row.facts;
    json::object rest{{"exp_month", opened.expiry.month},
                      {"exp_year", opened.expiry.year},
                      {"brand", facts.brand},
                      {"funding", facts.funding},
                      {"fingerprint", facts.fingerprint},
                      {"livemode", card.row.scope.livemode},
                      {"created", card.created}};
    if (!facts.country.empty()) rest["country"] = facts.country;
    if (!facts.metadata.empty()) {
        json::object metadata;
        for (const auto& [key, value] : facts.metadata)
            metadata[key] = value;
        rest["metadata"] = std::move(metadata);
    }
    SecretText line;
    constexpr std::size_t usual = 512;
    line.reserve(usual);
    line.append(R"({"token":)");
    line.append(json::serialize(json::value(card.row.scope.token)));
    line.append(R"(,"number":")");
    line.append(opened.pan.digits(cards::PanAccess{}));
    line.append(R"(",)");
    line.append(std::string_view{json::serialize(rest)}.substr(1));
    return line;
}

Result<CardLine> CardLine::read(std::string_view text) {
    const auto value = common::json::parse(text, common::json::wiping_storage());
    if (!value) return Fail{value.error()};
    if (!value->is_object())
        return Fail{Error::invalid("parameter_invalid", "", "A line of an export is a JSON object.")};
    using enum Members::Need;
    Members members{value->get_object(),
                    {"token", "number", "exp_month", "exp_year", "brand", "funding", "country", "fingerprint",
                     "livemode", "metadata", "created"}};
    CardLine line;
    line.token = members.text("token", optional);
    if (!is_shown_token(line.token)) {
        line.token.clear();
        members.refuse("token", "{} has at most 64 letters, digits, '_' and '-', and is no card number.");
    }
    line.number = members.secret("number");
    line.exp_month = members.integer("exp_month", 0, calendar_max);
    line.exp_year = members.integer("exp_year", 0, calendar_max);
    line.metadata = members.texts("metadata");
    if (members.ok()) return line;
    cards::wipe(line.metadata);
    return Fail{members.error()};
}

}  // namespace vault::transfer
