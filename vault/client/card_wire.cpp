// The part of wire.h that is about cards after they were stored.
#include <charconv>

#include "common/form.h"
#include "vault/client/members.h"
#include "vault/client/wire.h"

namespace vault::wire {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using Need = Members::Need;
namespace form = common::form;
namespace json = boost::json;

constexpr std::int64_t calendar_max = 999'999'999;
constexpr int limit_max = 100;
constexpr std::size_t metadata_bytes_max = 2000;  // 500 characters of UTF-8

Error wrong(std::string_view name, common::Text why) {
    return Error::invalid("parameter_invalid", name, why, {Safe::param(name)});
}

// "YYYY-MM" of this century or the next.
bool is_month(std::string_view text) {
    int year = 0, month = 0;
    constexpr std::size_t size = 7, dash = 4;
    if (text.size() != size || text[dash] != '-') return false;
    const auto whole = [](std::string_view part, int& number) {
        return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }) &&
               std::from_chars(part.data(), part.data() + part.size(), number).ec == std::errc{};
    };
    return whole(text.substr(0, dash), year) && whole(text.substr(dash + 1), month) && year >= 2000 &&
           year <= 2199 && month >= 1 && month <= 12;
}

bool are_digits(std::string_view text, std::size_t size) {
    return text.size() == size && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

common::Status set_limit(std::string_view text, int& limit) {
    const auto end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, limit);
    if (fault != std::errc{} || stop != end || limit < 1 || limit > limit_max)
        return Fail{wrong("limit", "{} must be a number from 1 to 100.")};
    return {};
}

// One parameter of a search, by its name.
common::Status set(CardSearch& search, std::string_view name, std::string_view text) {
    const std::pair<std::string_view, std::string*> texts[] = {{"fingerprint", &search.fingerprint},
                                                               {"brand", &search.brand},
                                                               {"last4", &search.last4},
                                                               {"expires_from", &search.expires_from},
                                                               {"expires_to", &search.expires_to},
                                                               {"metadata_key", &search.metadata_key},
                                                               {"metadata_value", &search.metadata_value},
                                                               {"starting_after", &search.starting_after}};
    for (const auto& [known, target] : texts) {
        if (name != known) continue;
        if (text.empty() || text.size() > metadata_bytes_max)
            return Fail{wrong(name, "{} is empty or too long.")};
        *target = text;
        return {};
    }
    if (name == "limit") return set_limit(text, search.limit);
    if (name == "account") {
        const auto account = common::account_of_base62(text);
        if (!account) return Fail{wrong(name, "{} must be the eight characters of an account.")};
        search.account = *account;
        return {};
    }
    if (name != "livemode")
        return Fail{
            Error::invalid("parameter_unknown", name, "Received unknown parameter: {}", {Safe::param(name)})};
    if (text != "true" && text != "false") return Fail{wrong(name, "{} must be true or false.")};
    search.livemode = text == "true";
    return {};
}

common::Status check(const CardSearch& search) {
    if (!search.last4.empty() && !are_digits(search.last4, 4))
        return Fail{wrong("last4", "{} must be four digits.")};
    if (!search.expires_from.empty() && !is_month(search.expires_from))
        return Fail{wrong("expires_from", "{} must be a month as in 2031-09.")};
    if (!search.expires_to.empty() && !is_month(search.expires_to))
        return Fail{wrong("expires_to", "{} must be a month as in 2031-09.")};
    if (search.metadata_key.empty() != search.metadata_value.empty())
        return Fail{wrong("metadata_key", "{} and metadata_value go together.")};
    return {};
}

}  // namespace

json::object to_json(const CardUpdate& change) {
    json::object object{{"account", common::base62_of(change.account)}};
    if (change.exp_month) object["exp_month"] = *change.exp_month;
    if (change.exp_year) object["exp_year"] = *change.exp_year;
    if (!change.metadata.empty()) object["metadata"] = to_json(change.metadata);
    return object;
}

Result<CardUpdate> card_update(const json::object& object, std::string token) {
    Members members{object, {"account", "exp_month", "exp_year", "metadata"}};
    CardUpdate change;
    change.token = std::move(token);
    change.account = members.account("account");
    change.metadata = members.texts("metadata");
    const bool dated = object.contains("exp_month") || object.contains("exp_year");
    if (dated) {
        change.exp_month = members.integer("exp_month", -calendar_max, calendar_max);
        change.exp_year = members.integer("exp_year", -calendar_max, calendar_max);
    }
    if (members.ok() && !dated && change.metadata.empty())
        members.refuse("metadata", "{} or exp_month and exp_year: there is nothing to change.");
    if (!members.ok()) return Fail{members.error()};
    return change;
}

std::string query_of(const CardSearch& search) {
    std::string query = "account=" + common::base62_of(search.account) +
                        "&livemode=" + (search.livemode ? "true" : "false") +
                        "&limit=" + std::to_string(search.limit);
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) query += std::string{'&'} + name + '=' + form::percent_encode(value);
    };
    add("fingerprint", search.fingerprint);
    add("brand", search.brand);
    add("last4", search.last4);
    add("expires_from", search.expires_from);
    add("expires_to", search.expires_to);
    add("metadata_key", search.metadata_key);
    add("metadata_value", search.metadata_value);
    add("starting_after", search.starting_after);
    return query;
}

Result<CardSearch> card_search(std::string_view query) {
    const auto decoded = form::decode(query);
    if (!decoded) return Fail{decoded.error()};
    for (const auto* needed : {"account", "livemode"})
        if (!decoded->find(needed))
            return Fail{Error::invalid("parameter_missing", needed, "Missing required param: {}.",
                                       {Safe::param(needed)})};
    CardSearch search;
    for (const auto& [name, value] : decoded->members()) {
        if (!value.is_text()) return Fail{wrong(name, "{} must be text.")};
        if (const auto good = set(search, name, value.text()); !good) return Fail{good.error()};
    }
    if (const auto good = check(search); !good) return Fail{good.error()};
    return search;
}

Result<BulkQuery> bulk_query(std::string_view query) {
    const auto decoded = form::decode(query);
    if (!decoded) return Fail{decoded.error()};
    BulkQuery bulk;
    for (const auto* needed : {"account", "livemode"})
        if (!decoded->find(needed))
            return Fail{Error::invalid("parameter_missing", needed, "Missing required param: {}.",
                                       {Safe::param(needed)})};
    for (const auto& [name, value] : decoded->members()) {
        if (!value.is_text()) return Fail{wrong(name, "{} must be text.")};
        const auto& text = value.text();
        if (name == "account") {
            const auto id = common::account_of_base62(text);
            if (!id) return Fail{wrong(name, "{} must be the eight characters of an account.")};
            bulk.account = *id;
        } else if (name == "livemode") {
            if (text != "true" && text != "false") return Fail{wrong(name, "{} must be true or false.")};
            bulk.livemode = text == "true";
        } else if (name == "first_line") {
            const auto [end, fault] =
                std::from_chars(text.data(), text.data() + text.size(), bulk.first_line);
            if (fault != std::errc{} || end != text.data() + text.size() || bulk.first_line < 1)
                return Fail{wrong(name, "{} must be a whole number from 1.")};
        } else {
            return Fail{Error::invalid("parameter_unknown", name, "Received unknown parameter: {}",
                                       {Safe::param(name)})};
        }
    }
    return bulk;
}

json::object to_json(const CardList& list) {
    json::array data;
    for (const auto& card : list.cards)
        data.push_back(to_json(card));
    return {{"data", std::move(data)}, {"has_more", !list.next.empty()}, {"next", list.next}};
}

Result<CardList> card_list(const json::object& object) {
    Members members{object, {"data", "has_more", "next"}};
    CardList list;
    list.next = members.text("next");
    const auto has_more = members.boolean("has_more");
    if (has_more == list.next.empty()) members.refuse("has_more", "{} contradicts next.");
    const auto* data = object.if_contains("data");
    if (!data || !data->is_array()) members.refuse("data", "{} must be an array.");
    if (!members.ok()) return Fail{members.error()};
    for (const auto& value : data->as_array()) {
        const auto* each = value.if_object();
        if (!each) return Fail{wrong("data", "{} must be an array of cards.")};
        auto read = card(*each);
        if (!read) return Fail{read.error()};
        list.cards.push_back(std::move(*read));
    }
    return list;
}

}  // namespace vault::wire
