#include <gtest/gtest.h>

#include "gateway/store/search.h"

namespace gateway::store {
namespace {

using search::Clause, search::Kind, search::Resource;

const Scope scope{common::AccountId{5}, true};
constexpr std::string_view of_account = " WHERE o.account_id = $1 AND o.livemode = $2";

SearchRequest request(std::string_view text, Resource resource) {
    SearchRequest made;
    made.resource = resource;
    made.query = search::parse(text, search::fields_of(resource)).value();
    return made;
}

using Parameters = std::vector<std::optional<std::string>>;

TEST(SearchStatement, JoinsTheConditionsOfAnAnd) {
    const auto counted =
        total_statement(scope, request("amount>=1000 AND -customer:\"cus_1\"", Resource::payment_intents));
    EXPECT_EQ(counted.sql,
              "SELECT count(*) FROM (SELECT o.position, o.id FROM payment_intents AS o" +
                  std::string{of_account} +
                  " AND o.amount >= $3::bigint AND (o.customer = $4::text) IS NOT TRUE) AS found");
    EXPECT_EQ(counted.parameters, (Parameters{"5", "t", "1000", "cus_1"}));
}

TEST(SearchStatement, LooksForEachClauseOfAnOrByItself) {
    const auto counted = total_statement(scope, request("name~\"50%\" OR email:'A@b'", Resource::customers));
    const auto branch =
        "SELECT o.position, o.id FROM customers AS o" + std::string{of_account} + " AND NOT o.deleted AND ";
    EXPECT_EQ(counted.sql, "SELECT count(*) FROM ((" + branch +
                               "strpos(o.name_folded, lower($3::text)) > 0) UNION (" + branch +
                               "o.email_folded = lower($4::text))) AS found");
    EXPECT_EQ(counted.parameters, (Parameters{"5", "t", "50%", "A@b"}));
}

TEST(SearchStatement, FindsMetadataInItsTableUnlessItIsNegatedOrNull) {
    const auto counted = total_statement(
        scope, request(R"(metadata["o\"d"]:"6'7" AND -metadata["x"]:null)", Resource::charges));
    EXPECT_EQ(
        counted.sql,
        "SELECT count(*) FROM (SELECT m1.position, m1.id FROM charges AS o JOIN search_metadata AS m1 ON"
        " m1.account_id = $1 AND m1.livemode = $2 AND m1.kind = 'charges' AND m1.key = $3::text AND"
        " m1.value = $4::text AND m1.id = o.id" +
            std::string{of_account} +
            " AND ((o.document -> 'metadata' ->> $5::text) IS NULL) IS NOT TRUE) AS found");
    EXPECT_EQ(counted.parameters, (Parameters{"5", "t", "o\"d", "6'7", "x"}));
}

TEST(SearchStatement, BeginsAPageBehindThePlace) {
    auto second = request("created:1790000000", Resource::charges);
    second.after = {1'790'000'000'000'123, "ch_1"};
    second.limit = 3;
    const auto page = page_statement(scope, second);
    EXPECT_EQ(page.sql,
              "SELECT position, id FROM (SELECT o.position, o.id FROM charges AS o" +
                  std::string{of_account} +
                  " AND (o.position, o.id) < ($3::bigint, $4::text) AND o.position >= $6::bigint"
                  " AND o.position < $7::bigint ORDER BY position DESC, id DESC LIMIT $5::bigint) AS found"
                  " ORDER BY position DESC, id DESC LIMIT $5::bigint");
    EXPECT_EQ(page.parameters, (Parameters{"5", "t", "1790000000000123", "ch_1", "4", "1790000000000000",
                                           "1790000001000000"}));
}

TEST(SearchStatement, KeepsBoundsOfTimeWithinWhatCanBeCompared) {
    for (const std::string text :
         {"created>9223372036854775807", "created<-9223372036854775807", "created:9223372036854775807"})
        for (const auto& value : total_statement(scope, request(text, Resource::customers)).parameters)
            EXPECT_LE(value->size(), 19U) << text;
}

TEST(SearchStatement, KnowsEachFieldAndHoldsNothingOfTheQuery) {
    for (const auto resource : {Resource::payment_intents, Resource::charges, Resource::customers})
        for (const auto& field : search::fields_of(resource)) {
            const bool is_text = field.kind == Kind::text || field.kind == Kind::token;
            Clause clause;
            clause.field = field;
            if (field.kind == Kind::metadata) clause.key = "marker";
            if (is_text || field.kind == Kind::metadata) clause.value = "marker";
            SearchRequest made;
            made.resource = resource;
            made.query = {search::Join::all, {clause}};
            const auto statement = page_statement(scope, made);
            EXPECT_EQ(statement.sql.find("marker"), std::string::npos) << statement.sql;
        }
}

}  // namespace
}  // namespace gateway::store
