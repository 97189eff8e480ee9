#include "vault/transfer/importer.h"

#include <algorithm>

#include <boost/json.hpp>

#include "vault/cards/tokens.h"
#include "vault/keys/associated_data.h"
#include "vault/transfer/crowd.h"

namespace vault::transfer {

using common::Deadline;
using common::Error;
using common::Fail;
using common::Result;
using common::Task;
namespace json = boost::json;

struct Importer::Line {
    std::int64_t number = 0;  // in the file, from 1
    std::string_view text;
    std::string result;
};

namespace {

constexpr std::chrono::seconds step_max{20};
constexpr std::size_t at_a_time = 64;

std::string token_of(const PackageReader& from, const Importer::Order& order, std::int64_t line) {
    keys::AssociatedData place{"portcullis-import"};
    place.number(1, static_cast<std::uint64_t>(line));
    return cards::derived_token(order.account, order.livemode, from.secret().bytes(), place.span());
}

cards::NewCardInput input_of(CardLine card, const Importer::Order& order, std::string token) {
    cards::NewCardInput input;
    input.account = order.account;
    input.livemode = order.livemode;
    input.number = std::move(card.number);
    input.exp_month = card.exp_month, input.exp_year = card.exp_year;
    input.metadata = std::move(card.metadata);
    input.caller = order.caller;
    input.token = std::move(token);
    return input;
}

// What is wrong with this line, as against what is wrong with the vault.
bool is_of_the_line(const Error& error) {
    constexpr int bad_request = 400, bad_card = 402, erased = 404;
    if (error.code() == "testmode_unavailable") return false;
    return error.status() == bad_request || error.status() == bad_card || error.status() == erased;
}

}  // namespace

Result<std::int64_t> Importer::check(PackageReader& from) {
    std::int64_t lines = 0;
    for (;;) {
        const auto chunk = from.next();
        if (!chunk) return Fail{chunk.error()};
        if (!*chunk) break;
        lines += std::ranges::count((*chunk)->text(), '\n');
    }
    if (auto again = from.rewind(); !again) return Fail{std::move(again).error()};
    return lines;
}

Task<bool> Importer::store(const PackageReader& from, const Order& order, Line& line, Report& report) {
    auto card = CardLine::read(line.text);
    json::object result{{"line", line.number}};
    if (card && !card->token.empty()) result["token"] = card->token;
    std::optional<Error> fault;
    if (!card) {
        fault = std::move(card).error();
    } else {
        auto token = token_of(from, order, line.number);
        result["new_token"] = token;
        const auto stored = co_await cards_.store(input_of(std::move(*card), order, std::move(token)),
                                                  Deadline::in(step_max));
        if (!stored) fault = stored.error();
    }
    if (!fault) {
        ++report.stored;
    } else if (fault->code() == "token_exists") {
        ++report.present;
    } else if (is_of_the_line(*fault)) {
        ++report.refused;
        result.erase("new_token");
        result["error"] = fault->to_json().at("error");
    } else {
        co_return Fail{std::move(*fault)};
    }
    line.result = json::serialize(result);
    if (order.progress) order.progress(1);
    co_return true;
}

Task<bool> Importer::run(PackageReader& from, Order order, Report& report) {
    for (std::int64_t number = 0;;) {
        const auto chunk = from.next();
        if (!chunk) co_return Fail{chunk.error()};
        if (!*chunk) co_return true;
        std::vector<Line> lines;
        for (auto rest = (*chunk)->text(); !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
            lines.push_back({++number, rest.substr(0, rest.find('\n')), ""});
        const auto one = [&](std::size_t i) { return store(from, order, lines[i], report); };
        if (auto done = co_await for_each_of(lines.size(), at_a_time, one); !done) co_return done;
        for (const auto& line : lines)
            if (auto told = order.result(line.result); !told) co_return Fail{std::move(told).error()};
    }
}

}  // namespace vault::transfer
