// A search query is refused with 400 or read within the limits, written out again as one that means the same,
// and turned into SQL that holds nothing of its text.
#include <algorithm>
#include <cstdlib>

#include "common/utf8.h"
#include "gateway/store/search.h"

namespace {

using namespace gateway::search;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_error(const common::Error& error) {
    require(error.status() == 400 && error.param() == "query" && error.message().size() < 1000);
    require(std::ranges::all_of(error.message(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

// Names of columns, keywords, operators and parameters, as the store writes them by itself.
bool is_plain(std::string_view sql) {
    return sql.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyz_0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ$:()=<>-',.*") == sql.npos;
}

void check_statement(const gateway::store::SearchStatement& statement) {
    require(is_plain(statement.sql));
    for (std::size_t i = 1; i <= statement.parameters.size(); ++i)
        require(statement.sql.find('$' + std::to_string(i)) != std::string::npos);
    for (const auto& parameter : statement.parameters)
        require(common::is_utf8(*parameter) && parameter->find('\0') == std::string::npos);
}

void check_statements(const Query& query, Resource resource) {
    gateway::store::SearchRequest request;
    request.resource = resource;
    request.query = query;
    check_statement(gateway::store::total_statement({}, request));
    request.after = {1, "id"};
    check_statement(gateway::store::page_statement({}, request));
}

void check(std::string_view input, Resource resource) {
    const auto query = parse(input, fields_of(resource));
    if (!query) return check_error(query.error());
    require(!query->clauses.empty() && query->clauses.size() <= clauses_max);
    check_statements(*query, resource);
    const auto text = to_text(*query);
    // Quotation marks that were single may take more room.
    if (text.size() > query_bytes_max) return;
    const auto again = parse(text, fields_of(resource));
    require(again.has_value() && *again == *query && to_text(*again) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    for (const auto resource : {Resource::payment_intents, Resource::charges, Resource::customers})
        check(input, resource);
    return 0;
}
