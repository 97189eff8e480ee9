#include "vault/cards/sandbox_cards.h"

#include "common/json.h"
#include "vault/cards/data_file.h"

namespace vault::cards {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;
namespace json = boost::json;

constexpr std::array authentications{"optional", "required", "required_unless_set_up", "required_on_session"};
constexpr std::array risks{"normal", "elevated", "highest", "blocked"};

bool is_one_of(std::string_view value, const auto& known) {
    return std::find(known.begin(), known.end(), value) != known.end();
}

bool is_digits(std::string_view text, std::size_t size_min, std::size_t size_max) {
    return text.size() >= size_min && text.size() <= size_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const json::array* array_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value ? value->if_array() : nullptr;
}

std::string text_in(const json::object& object, std::string_view key, std::string_view fallback) {
    const auto* value = object.if_contains(key);
    if (!value) return std::string{fallback};
    const auto* text = value->if_string();
    return text ? std::string{text->data(), text->size()} : std::string{};
}

Error wrong(common::Text what, std::size_t entry) {
    return Error::internal(what, {Safe::number(static_cast<std::int64_t>(entry))});
}

Result<SandboxCards::Card> card_of(const json::value& value, std::size_t entry) {
    const auto* object = value.if_object();
    if (!object) return Fail{wrong("sandbox card {} is not an object", entry)};
    if (!common::json::only_members(*object, {"number", "ids", "authentication", "risk"}))
        return Fail{wrong("sandbox card {} has a member that is not known", entry)};
    SandboxCards::Card card{text_in(*object, "number", ""), text_in(*object, "authentication", "optional"),
                            text_in(*object, "risk", "normal")};
    const auto pan = Pan::parse(card.number);
    if (!pan || !is_digits(card.number, Pan::size_min, Pan::size_max))
        return Fail{wrong("sandbox card {} has no valid number", entry)};
    if (!is_one_of(card.authentication, authentications) || !is_one_of(card.risk, risks))
        return Fail{wrong("sandbox card {} has a trait that is not known", entry)};
    return card;
}

}  // namespace

Result<SandboxCards> SandboxCards::load(const std::string& path) {
    const auto text = read_data_file(path);
    if (!text) return Fail{text.error()};
    return parse(*text);
}

Result<SandboxCards> SandboxCards::parse(std::string_view text) {
    const auto root = parse_data(text);
    if (!root) return Fail{root.error()};
    SandboxCards table;

    const auto* ranges = array_of(*root, "test_ranges");
    if (!ranges) return Fail{Error::internal("the sandbox card table has no test_ranges")};
    for (const auto& range : *ranges) {
        const auto* prefix = range.if_string();
        if (!prefix || !is_digits({prefix->data(), prefix->size()}, 6, 12))
            return Fail{
                Error::internal("a test range of the sandbox card table is not six to twelve digits")};
        table.ranges_.emplace_back(prefix->data(), prefix->size());
    }

    const auto* codes = root->if_contains("security_codes");
    const auto* expiry = root->if_contains("default_expiry");
    if (!codes || !codes->is_object() || !expiry || !expiry->is_object())
        return Fail{Error::internal("the sandbox card table lacks security_codes or default_expiry")};
    table.code_three_ = text_in(codes->as_object(), "3", "");
    table.code_four_ = text_in(codes->as_object(), "4", "");
    const auto month = common::json::integer_of(expiry->as_object(), "month");
    const auto years = common::json::integer_of(expiry->as_object(), "years_ahead");
    if (!is_digits(table.code_three_, 3, 3) || !is_digits(table.code_four_, 4, 4) || !month || *month < 1 ||
        *month > 12 || !years || *years < 1 || *years > 20)
        return Fail{
            Error::internal("security_codes or default_expiry of the sandbox card table is out of range")};
    table.expiry_month_ = static_cast<int>(*month);
    table.expiry_years_ahead_ = static_cast<int>(*years);

    const auto* cards = array_of(*root, "cards");
    if (!cards) return Fail{Error::internal("the sandbox card table has no cards")};
    for (const auto& value : *cards) {
        const auto entry = table.cards_.size() + 1;
        auto card = card_of(value, entry);
        if (!card) return Fail{card.error()};
        if (!table.by_number_.emplace(card->number, table.cards_.size()).second)
            return Fail{wrong("sandbox card {} has a number that is there already", entry)};
        if (const auto* ids = array_of(value.as_object(), "ids"))
            for (const auto& id : *ids)
                if (!id.is_string() ||
                    !table.by_id_.emplace(id.as_string().c_str(), table.cards_.size()).second)
                    return Fail{
                        wrong("sandbox card {} has an id that is no text or is there already", entry)};
        table.cards_.push_back(std::move(*card));
    }
    return table;
}

const SandboxCards::Card* SandboxCards::find(std::string_view id) const {
    const auto found = by_id_.find(std::string{id});
    return found == by_id_.end() ? nullptr : &cards_[found->second];
}

const SandboxCards::Card* SandboxCards::find(const Pan& pan) const {
    const auto digits = pan.digits(PanAccess{});
    for (const auto& card : cards_)  // no copy of a number that may be real into a key for a look-up
        if (card.number == digits) return &card;
    return nullptr;
}

bool SandboxCards::is_test_number(const Pan& pan) const {
    const auto digits = pan.digits(PanAccess{});
    return find(pan) != nullptr || std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& prefix) {
               return digits.starts_with(prefix);
           });
}

std::string_view SandboxCards::security_code(Brand brand) const {
    return cvc_size(brand) == code_four_.size() ? code_four_ : code_three_;
}

Expiry SandboxCards::default_expiry(common::TimePoint now) const {
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    return {expiry_month_, static_cast<int>(today.year()) + expiry_years_ahead_};
}

}  // namespace vault::cards
