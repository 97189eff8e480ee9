// Random queries over so few values that many of them find something.
#pragma once

#include <random>

#include "common/utf8.h"
#include "gateway/search/fields.h"

namespace tests {

class RandomQueries {
  public:
    explicit RandomQueries(unsigned seed) : random_{seed} {}

    std::size_t below(std::size_t bound) { return random_() % bound; }
    template <std::size_t N>
    std::string one_of(const std::string_view (&choices)[N]) {
        return std::string{choices[below(N)]};
    }

    // Up to three fragments that a careless translation into quotations, patterns or SQL would change.
    std::string text(std::size_t characters_min = 0) {
        constexpr std::string_view fragments[] = {"Ann", "ann", " ", "\"", "'",  "\\",  "%",
                                                  "_",   "Å",   "å", "]",  "$1", "null"};
        for (;;) {
            std::string made;
            for (auto left = below(4); left > 0; --left)
                made += one_of(fragments);
            if (common::utf8_length(made) >= characters_min) return made;
        }
    }

    // What a row may have in this field; a random text unless there is a list of choices.
    gateway::search::Value value(const gateway::search::Field& field) {
        using gateway::search::Kind;
        constexpr std::string_view currencies[] = {"eur", "usd", "jpy"};
        constexpr std::string_view customers[] = {"cus_1", "cus_2", "cus_3"};
        constexpr std::string_view statuses[] = {"succeeded", "processing", "pending", "failed"};
        if (field.kind == Kind::flag) return below(2) == 0;
        if (field.kind == Kind::number || field.kind == Kind::time)
            return static_cast<std::int64_t>(1 + below(6));
        if (field.name == "currency") return one_of(currencies);
        if (field.name == "customer") return one_of(customers);
        return field.name == "status" ? one_of(statuses) : text();
    }

    std::string key() {
        constexpr std::string_view keys[] = {"order", "Order", "6735", "\"\\'", "å"};
        return one_of(keys);
    }

    gateway::search::Query next(gateway::search::Resource resource) {
        gateway::search::Query query;
        const auto fields = gateway::search::fields_of(resource);
        const auto size = 1 + below(below(4) == 0 ? gateway::search::clauses_max : 3);
        while (query.clauses.size() < size)
            query.clauses.push_back(clause(fields[below(fields.size())]));
        if (size > 1 && below(2) == 0) query.join = gateway::search::Join::any;
        return query;
    }

  private:
    gateway::search::Clause clause(const gateway::search::Field& field) {
        using gateway::search::Kind;
        gateway::search::Clause made;
        made.field = field;
        made.negated = below(3) == 0;
        if (field.kind == Kind::metadata) made.key = key();
        if (below(6) == 0) return made;  // null
        made.value = value(field);
        if (field.kind == Kind::number || field.kind == Kind::time) made.op = order();
        if (field.kind == Kind::text) vary(made);
        return made;
    }

    gateway::search::Operator order() {
        using gateway::search::Operator;
        constexpr Operator orders[] = {Operator::equal, Operator::greater, Operator::greater_or_equal,
                                       Operator::less, Operator::less_or_equal};
        return orders[below(std::size(orders))];
    }

    // Parts of texts and other cases.
    void vary(gateway::search::Clause& clause) {
        auto& wanted = std::get<std::string>(clause.value);
        if (below(3) == 0) {
            clause.op = gateway::search::Operator::contains;
            if (common::utf8_length(wanted) < gateway::search::part_characters_min)
                wanted = text(gateway::search::part_characters_min);
        }
        if (below(4) != 0) return;
        for (char& c : wanted)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }

    std::mt19937 random_;
};

}  // namespace tests
