#include "gateway/store/search.h"

#include <cstdlib>
#include <limits>
#include <span>

#include "common/assert.h"
#include "gateway/store/paging.h"

namespace gateway::store {
namespace {

using common::Error;
using common::Fail;
using common::Result;
using search::Clause;
using search::Kind;
using search::Operator;
using search::Resource;

// What a field is in SQL; that of a text field is folded already.
struct Column {
    std::string_view field;
    std::string_view sql;
};

// By an index go, as far as they are asked for equality: customer, email, name, phone, last4, fingerprint and
// metadata; and `created`, in whose order the rows are read anyway. The rest is compared row by row. Under
// row-level security a condition reaches an index only by LEAKPROOF functions (docs/database.md).
constexpr Column intent_columns[] = {
    {"amount", "o.amount"},     {"created", "o.created"}, {"currency", "o.currency"},
    {"customer", "o.customer"}, {"status", "o.status"},
};

// The column `refunds` is an amount; whether a charge counts as refunded stands in the document.
constexpr Column charge_columns[] = {
    {"amount", "o.amount"},
    {"created", "o.created"},
    {"currency", "o.currency"},
    {"customer", "o.customer"},
    {"disputed", "coalesce((o.document ->> 'disputed')::boolean, false)"},
    {"payment_method_details.card.brand", "lower(o.document -> 'card' ->> 'brand')"},
    {"payment_method_details.card.exp_month", "(o.document -> 'card' ->> 'exp_month')::bigint"},
    {"payment_method_details.card.exp_year", "(o.document -> 'card' ->> 'exp_year')::bigint"},
    {"payment_method_details.card.fingerprint", "o.card_fingerprint"},
    {"payment_method_details.card.last4", "o.card_last4"},
    {"refunded", "coalesce((o.document ->> 'refunded')::boolean, false)"},
    {"status", "o.status"},
};

constexpr Column customer_columns[] = {
    {"created", "o.created"},
    {"email", "o.email_folded"},
    {"name", "o.name_folded"},
    {"phone", "o.phone_folded"},
};

struct Target {
    std::string_view table;
    std::string_view condition;  // which of its rows count at all
    std::span<const Column> columns;
};

Target target_of(Resource resource) {
    switch (resource) {
        case Resource::payment_intents:
            return {"payment_intents", "", intent_columns};
        case Resource::charges:
            return {"charges", "", charge_columns};
        case Resource::customers:
            return {"customers", " AND NOT o.deleted", customer_columns};
    }
    std::abort();
}

std::string_view sql_of(Operator op) {
    return op == Operator::equal ? "=" : search::to_string(op);
}

// The first position of that second, or of one beyond all that there are.
std::int64_t position_of(std::int64_t second) {
    constexpr std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    return position_of_second(std::clamp<std::int64_t>(second, -1, end_of_time));
}
std::int64_t next_second(std::int64_t second) {
    return second == std::numeric_limits<std::int64_t>::max() ? second : second + 1;
}

bool is_metadata_value(const Clause& clause) {
    return clause.field.kind == Kind::metadata && !clause.negated &&
           std::holds_alternative<std::string>(clause.value);
}

class Writer {
  public:
    Writer(const Scope& scope, const SearchRequest& request)
        : request_{request},
          target_{target_of(request.resource)},
          parameters_{std::to_string(scope.account.value), scope.livemode ? "t" : "f"} {}

    SearchStatement page() {
        if (request_.after)
            behind_ = "(" + bind(std::to_string(request_.after->position), "bigint") + ", " +
                      bind(request_.after->id, "text") + ")";
        const auto limit = " LIMIT " + bind(std::to_string(request_.limit + 1), "bigint");
        const auto newest = " ORDER BY position DESC, id DESC" + limit;
        return finish("SELECT position, id FROM (" + branches(newest) + ") AS found" + newest);
    }

    SearchStatement total() { return finish("SELECT count(*) FROM (" + branches("") + ") AS found"); }

  private:
    SearchStatement finish(std::string sql) { return {std::move(sql), std::move(parameters_)}; }

    // Each clause of an OR is looked for by itself, so that each can use its index.
    std::string branches(const std::string& tail) {
        if (request_.query.join == search::Join::all) return branch(request_.query.clauses, tail);
        std::string sql;
        for (const auto& clause : request_.query.clauses)
            sql += (sql.empty() ? "(" : " UNION (") + branch(std::span{&clause, 1}, tail) + ")";
        return sql;
    }

    // Where metadata is asked for, its rows give the order too: a page of a value that many objects have then
    // takes no more of them.
    std::string branch(std::span<const Clause> clauses, const std::string& tail) {
        ordered_by_ = std::ranges::any_of(clauses, is_metadata_value) ? "m1" : "o";
        std::string joins, where = " WHERE o.account_id = $1 AND o.livemode = $2";
        where += target_.condition;
        if (!behind_.empty())
            where += " AND (" + ordered_by_ + ".position, " + ordered_by_ + ".id) < " + behind_;
        int number = 0;
        for (const auto& clause : clauses) {
            if (is_metadata_value(clause))
                joins += join(clause, "m" + std::to_string(++number));
            else
                where += " AND " + condition(clause);
        }
        return "SELECT " + ordered_by_ + ".position, " + ordered_by_ + ".id FROM " +
               std::string{target_.table} + " AS o" + joins + where + tail;
    }

    std::string join(const Clause& clause, const std::string& m) {
        return " JOIN search_metadata AS " + m + " ON " + m + ".account_id = $1 AND " + m +
               ".livemode = $2 AND " + m + ".kind = '" + std::string{target_.table} + "' AND " + m +
               ".key = " + bind(clause.key, "text") + " AND " + m +
               ".value = " + bind(std::get<std::string>(clause.value), "text") + " AND " + m + ".id = o.id";
    }

    // NOT would leave a row out when the value is absent.
    std::string condition(const Clause& clause) {
        const auto compared = comparison(clause);
        return clause.negated ? "(" + compared + ") IS NOT TRUE" : compared;
    }

    std::string comparison(const Clause& clause) {
        if (clause.field.kind == Kind::metadata) return metadata(clause);
        const auto column = column_of(clause.field);
        if (const auto* number = std::get_if<std::int64_t>(&clause.value))
            return clause.field.kind == Kind::time ? moment(clause.op, *number)
                                                   : column + ' ' + std::string{sql_of(clause.op)} + ' ' +
                                                         bind(std::to_string(*number), "bigint");
        if (const auto* flag = std::get_if<bool>(&clause.value))
            return column + " = " + bind(*flag ? "t" : "f", "boolean");
        if (const auto* text = std::get_if<std::string>(&clause.value)) return match(clause, column, *text);
        return column + " IS NULL";
    }

    std::string metadata(const Clause& clause) {
        const auto value = "(o.document -> 'metadata' ->> " + bind(clause.key, "text") + ")";
        const auto* text = std::get_if<std::string>(&clause.value);
        return value + (text ? " = " + bind(*text, "text") : " IS NULL");
    }

    // As a bound of the position, by which the rows are ordered.
    std::string moment(Operator op, std::int64_t second) {
        const auto from = [&](std::int64_t first) {
            return ordered_by_ + ".position >= " + bind(std::to_string(position_of(first)), "bigint");
        };
        const auto before = [&](std::int64_t first) {
            return ordered_by_ + ".position < " + bind(std::to_string(position_of(first)), "bigint");
        };
        switch (op) {
            case Operator::greater:
                return from(next_second(second));
            case Operator::greater_or_equal:
                return from(second);
            case Operator::less:
                return before(second);
            case Operator::less_or_equal:
                return before(next_second(second));
            case Operator::equal:
            case Operator::contains:
                break;
        }
        const auto first = from(second);
        return first + " AND " + before(next_second(second));
    }

    std::string match(const Clause& clause, const std::string& column, const std::string& text) {
        const auto wanted = bind(text, "text");
        if (clause.field.kind == Kind::token) return column + " = " + wanted;
        if (clause.op == Operator::contains) return "strpos(" + column + ", lower(" + wanted + ")) > 0";
        return column + " = lower(" + wanted + ")";
    }

    std::string column_of(const search::Field& field) const {
        const auto found = std::ranges::find(target_.columns, field.name, &Column::field);
        PORTCULLIS_ASSERT(found != target_.columns.end());
        return std::string{found->sql};
    }

    std::string bind(std::string value, std::string_view type) {
        parameters_.emplace_back(std::move(value));
        return '$' + std::to_string(parameters_.size()) + "::" + std::string{type};
    }

    const SearchRequest& request_;
    Target target_;
    std::vector<std::optional<std::string>> parameters_;
    std::string behind_;  // a place, as SQL
    std::string ordered_by_;
};

pqxx::result run(Transaction& tx, const char* name, const SearchStatement& statement) {
    return tx.exec_once({name, statement.sql.c_str()}, bound(statement.parameters));
}

FoundIds ids_of(const pqxx::result& rows, std::size_t limit) {
    FoundIds found;
    for (const auto& row : rows) {
        if (found.ids.size() == limit) {
            const auto last = rows[limit - 1];
            found.last = {last[0].as<std::int64_t>(), last[1].as<std::string>()};
            break;
        }
        found.ids.push_back(row[1].as<std::string>());
    }
    return found;
}

}  // namespace

SearchStatement page_statement(const Scope& scope, const SearchRequest& request) {
    return Writer{scope, request}.page();
}

SearchStatement total_statement(const Scope& scope, const SearchRequest& request) {
    return Writer{scope, request}.total();
}

Result<FoundIds> find_ids(Transaction& tx, const Scope& scope, const SearchRequest& request) {
    tx.set_local("statement_timeout", request.time_max.count());
    try {
        auto found = ids_of(run(tx, "search", page_statement(scope, request)),
                            static_cast<std::size_t>(request.limit));
        if (request.wants_total)
            found.total = run(tx, "search_total", total_statement(scope, request))[0][0].as<std::int64_t>();
        return found;
    } catch (const pqxx::sql_error& e) {
        if (e.sqlstate() != "57014") throw;
        return Fail{Error::invalid("", "query",
                                   "The search took too long. Narrow it down with AND: by a value behind a "
                                   "colon, as of metadata, an e-mail address or a customer, or by created.")};
    }
}

}  // namespace gateway::store
