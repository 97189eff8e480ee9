#include "gateway/search/query.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/utf8.h"

namespace gateway::search {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using common::Safe;
using common::Status;

struct Sign {
    std::string_view text;
    Operator op;
};

// Longer ones before those that they begin with.
constexpr Sign signs[] = {
    {":", Operator::equal},   {"~", Operator::contains},       {">=", Operator::greater_or_equal},
    {">", Operator::greater}, {"<=", Operator::less_or_equal}, {"<", Operator::less},
};

bool is_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}
bool is_of_word(char c) {
    return is_of_name(c) || c == '@' || c == '+' || c == '-';
}
bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_quote(char c) {
    return c == '"' || c == '\'';
}

bool is_ordered(Kind kind) {
    return kind == Kind::number || kind == Kind::time;
}

bool allows(Kind kind, Operator op) {
    if (op == Operator::equal) return true;
    return op == Operator::contains ? kind == Kind::text : is_ordered(kind);
}

Safe signs_of(Kind kind) {
    if (is_ordered(kind)) return Safe::word(": > >= < <=");
    return kind == Kind::text ? Safe::word(": ~") : Safe::word(":");
}

Safe form_of(Kind kind) {
    switch (kind) {
        case Kind::number:
            return Safe::word("a whole number");
        case Kind::time:
            return Safe::word("a time as unix seconds");
        case Kind::flag:
            return Safe::word("true or false");
        case Kind::token:
        case Kind::text:
        case Kind::metadata:
            return Safe::word("text");
    }
    std::abort();
}

Safe names_of(std::span<const Field> fields) {
    std::string names;
    for (const auto& field : fields)
        names += (names.empty() ? "" : ", ") + std::string{field.name};
    return Safe::param(names);
}

// Nothing when the text is not of the kind.
std::optional<Value> typed(Kind kind, std::string_view text) {
    if (kind == Kind::flag) {
        if (text == "true" || text == "false") return text == "true";
        return std::nullopt;
    }
    if (!is_ordered(kind)) return std::string{text};
    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed == std::errc{} && stop == end) return number;
    return std::nullopt;
}

// Reads from left to right, without going back. Messages repeat nothing that was typed but the name of a
// field: values belong to the merchant's customers.
class Parser {
  public:
    Parser(std::string_view text, std::span<const Field> fields) : text_{text}, fields_{fields} {}

    Result<Query> query() {
        Query query;
        skip_spaces();
        for (;;) {
            auto clause = next_clause();
            if (!clause) return Fail{std::move(clause.error())};
            query.clauses.push_back(*std::move(clause));
            const bool apart = skip_spaces();
            if (at_ == text_.size()) return query;
            if (auto joined = join_next(query, apart); !joined) return Fail{std::move(joined.error())};
        }
    }

  private:
    // The place in characters, for people, and from 1.
    template <class... Safes>
    Fail refuse(std::size_t at, common::Text message, const Safes&... arguments) const {
        const auto place = common::utf8_length(text_.substr(0, at)) + 1;
        return Fail{Error::invalid("", "query", message,
                                   {Safe::number(static_cast<std::int64_t>(place)), arguments...})};
    }

    bool take(std::string_view expected) {
        if (!text_.substr(at_).starts_with(expected)) return false;
        at_ += expected.size();
        return true;
    }

    std::string_view take_while(bool (*fits)(char)) {
        const auto start = at_;
        while (at_ < text_.size() && fits(text_[at_]))
            ++at_;
        return text_.substr(start, at_ - start);
    }

    bool skip_spaces() { return !take_while(is_space).empty(); }

    bool before_quote() const { return at_ < text_.size() && is_quote(text_[at_]); }

    // From the opening quotation mark to behind the closing one.
    Result<std::string> next_quoted() {
        const auto start = at_;
        const char mark = text_[at_++];
        std::string out;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == mark) return out;
            if (c == '\\' && !before_quote() && !text_.substr(at_).starts_with('\\'))
                return refuse(at_ - 1,
                              "The backslash at character {} of the query must stand before a quotation mark "
                              "or another backslash.");
            out += c == '\\' ? text_[at_++] : c;
        }
        return refuse(start, "The quotation that begins at character {} of the query has no end.");
    }

    Result<Clause> next_clause() {
        Clause clause;
        clause.negated = take("-");
        auto field = next_field();
        if (!field) return Fail{std::move(field.error())};
        clause.field = *field;
        if (clause.field.kind == Kind::metadata) {
            auto key = next_key();
            if (!key) return Fail{std::move(key.error())};
            clause.key = *std::move(key);
        }
        auto op = next_operator(clause.field);
        if (!op) return Fail{std::move(op.error())};
        clause.op = *op;
        auto value = next_value(clause.field, clause.op);
        if (!value) return Fail{std::move(value.error())};
        clause.value = *std::move(value);
        return clause;
    }

    Result<Field> next_field() {
        const auto start = at_;
        const auto name = take_while(is_of_name);
        if (name.empty())
            return refuse(start,
                          "Expected the name of a field at character {} of the query, as in "
                          "created>1790000000.");
        const auto found = std::ranges::find(fields_, name, &Field::name);
        if (found != fields_.end()) return *found;
        // In two halves, since an argument of an error is cut after 255 characters.
        const auto half = fields_.size() / 2;
        return refuse(start, "Unknown field at character {} of the query: {}. It must be one of {}, {}.",
                      Safe::param(name), names_of(fields_.first(half)), names_of(fields_.subspan(half)));
    }

    Result<std::string> next_key() {
        const auto start = at_;
        if (take("[") && before_quote()) {
            auto key = next_quoted();
            if (!key || take("]")) return key;
        }
        return refuse(start,
                      "Expected a key in brackets and quotes at character {} of the query, as in "
                      "metadata[\"order\"]:\"6735\".");
    }

    Result<Operator> next_operator(const Field& field) {
        const auto start = at_;
        const auto* const sign =
            std::ranges::find_if(signs, [this](const Sign& known) { return take(known.text); });
        if (sign == std::end(signs))
            return refuse(
                start, "Expected an operator at character {} of the query, right behind {}, which takes {}",
                Safe::param(field.name), signs_of(field.kind));
        if (allows(field.kind, sign->op)) return sign->op;
        return refuse(start, "The operator at character {} of the query does not go with {}, which takes {}",
                      Safe::param(field.name), signs_of(field.kind));
    }

    Result<Value> next_value(const Field& field, Operator op) {
        const auto start = at_;
        const bool is_quoted = before_quote();
        auto text = is_quoted ? next_quoted() : Result<std::string>{take_while(is_of_word)};
        if (!text) return Fail{std::move(text.error())};
        if (!is_quoted && text->empty())
            return refuse(start,
                          "Expected a value at character {} of the query, right behind the operator. Text "
                          "stands in quotation marks.");
        if (!is_quoted && *text == "null") {
            if (op == Operator::equal) return Value{};
            return refuse(start, "The null at character {} of the query goes only with the operator :");
        }
        if (op == Operator::contains && common::utf8_length(*text) < part_characters_min)
            return refuse(start,
                          "The value at character {} of the query is too short: ~ takes 3 characters or "
                          "more.");
        if (auto value = typed(field.kind, *text)) return *std::move(value);
        return refuse(start, "The value at character {} of the query is not one for {}, which takes {}.",
                      Safe::param(field.name), form_of(field.kind));
    }

    // Takes AND or OR and what is around it. `apart`: there was a space behind the last clause.
    Status join_next(Query& query, bool apart) {
        const auto start = at_;
        const auto word = take_while(is_of_name);
        if (!apart || (word != "AND" && word != "OR") || !skip_spaces())
            return refuse(start,
                          "Expected AND or OR, in capitals and between spaces, at character {} of the query. "
                          "A value with other characters than letters, digits and _.@+- stands in quotation "
                          "marks.");
        if (query.clauses.size() == clauses_max)
            return refuse(start, "A query has at most 10 clauses; at character {} an eleventh begins.");
        const auto join = word == "AND" ? Join::all : Join::any;
        if (query.clauses.size() > 1 && query.join != join)
            return refuse(start,
                          "A query cannot have both AND and OR, as at character {}. Send a query for each "
                          "part.");
        query.join = join;
        return {};
    }

    std::string_view text_;
    std::span<const Field> fields_;
    std::size_t at_ = 0;
};

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void append_value(std::string& out, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        out += std::to_string(*number);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
        out += *flag ? "true" : "false";
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        append_quoted(out, *text);
    } else {
        out += "null";
    }
}

void append_clause(std::string& out, const Clause& clause) {
    if (clause.negated) out += '-';
    out += clause.field.name;
    if (clause.field.kind == Kind::metadata) {
        out += '[';
        append_quoted(out, clause.key);
        out += ']';
    }
    out += to_string(clause.op);
    append_value(out, clause.value);
}

}  // namespace

Result<Query> parse(std::string_view text, std::span<const Field> fields) {
    if (text.size() > query_bytes_max)
        return Fail{Error::invalid("", "query", "The query is longer than {} bytes.",
                                   {Safe::number(static_cast<std::int64_t>(query_bytes_max))})};
    if (!common::is_utf8(text) || text.find('\0') != text.npos)
        return Fail{Error::invalid("invalid_characters", "query",
                                   "The query holds a NUL or text that is not valid UTF-8.")};
    return Parser{text, fields}.query();
}

std::string to_text(const Query& query) {
    std::string out;
    for (const auto& clause : query.clauses) {
        if (!out.empty()) out += query.join == Join::all ? " AND " : " OR ";
        append_clause(out, clause);
    }
    return out;
}

std::string_view to_string(Operator op) {
    return std::ranges::find(signs, op, &Sign::op)->text;
}

}  // namespace gateway::search
