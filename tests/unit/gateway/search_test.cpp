#include <gtest/gtest.h>

#include "support/random_query.h"

namespace gateway::search {
namespace {

using common::Result;
using tests::RandomQueries;

constexpr Resource resources[] = {Resource::payment_intents, Resource::charges, Resource::customers};

Result<Query> charges(std::string_view text) {
    return parse(text, fields_of(Resource::charges));
}
Result<Query> customers(std::string_view text) {
    return parse(text, fields_of(Resource::customers));
}

std::string repeated(std::string_view part, std::size_t times) {
    std::string out;
    while (times-- > 0)
        out += part;
    return out;
}

testing::AssertionResult refuses(const Result<Query>& parsed, std::string_view words) {
    if (parsed) return testing::AssertionFailure() << "read as " << to_text(*parsed);
    const auto& error = parsed.error();
    if (error.status() == 400 && error.type() == common::ErrorType::invalid_request &&
        error.param() == "query" && error.message().find(words) != std::string::npos)
        return testing::AssertionSuccess();
    return testing::AssertionFailure() << error.describe();
}

TEST(SearchQuery, ReadsEachFormAndHasOneTextForIt) {
    const std::pair<std::string_view, std::string_view> accepted[] = {
        {"amount:1000", "amount:1000"},
        {"amount:\"1000\"", "amount:1000"},
        {"amount>-5", "amount>-5"},
        {"created>=1790000000", "created>=1790000000"},
        {"created<1790000000", "created<1790000000"},
        {"created<=9223372036854775807", "created<=9223372036854775807"},
        {"status:succeeded", "status:\"succeeded\""},
        {"status:'succeeded'", "status:\"succeeded\""},
        {"-currency:\"EUR\"", "-currency:\"EUR\""},
        {"status~\"ucc\"", "status~\"ucc\""},
        {"customer:cus_0000000Aa", "customer:\"cus_0000000Aa\""},
        {"customer:null", "customer:null"},
        {"customer:\"null\"", "customer:\"null\""},
        {"disputed:true", "disputed:true"},
        {"refunded:'false'", "refunded:false"},
        {"payment_method_details.card.last4:4242", "payment_method_details.card.last4:\"4242\""},
        {"payment_method_details.card.exp_year<2030", "payment_method_details.card.exp_year<2030"},
        {"metadata[\"order\"]:\"6735\"", "metadata[\"order\"]:\"6735\""},
        {"metadata['order']:'6735'", "metadata[\"order\"]:\"6735\""},
        {"-metadata[\"a]\\\"b\"]:null", "-metadata[\"a]\\\"b\"]:null"},
        {"metadata[\"\"]:\"\"", "metadata[\"\"]:\"\""},
        {"status:'it\\'s \"a\" \\\\'", "status:\"it's \\\"a\\\" \\\\\""},
        {" amount>1  AND\tamount<5\n", "amount>1 AND amount<5"},
        {"amount:1 OR -amount:2 OR status:AND", "amount:1 OR -amount:2 OR status:\"AND\""},
        {"status:\"a AND b OR c\"", "status:\"a AND b OR c\""},
    };
    for (const auto& [given, printed] : accepted) {
        const auto query = charges(given);
        ASSERT_TRUE(query) << given << ": " << query.error().describe();
        EXPECT_EQ(to_text(*query), printed);
    }
    EXPECT_EQ(customers("name:Åsa").error().status(), 400);
    EXPECT_EQ(to_text(customers("name~'Åsa' AND email:ann.b+c@example.com").value()),
              "name~\"Åsa\" AND email:\"ann.b+c@example.com\"");
}

TEST(SearchQuery, SaysWhatIsWrongAndWhere) {
    const std::pair<std::string_view, std::string_view> refused[] = {
        {"", "name of a field at character 1"},
        {"  ", "name of a field at character 3"},
        {"\"succeeded\"", "name of a field at character 1"},
        {"- amount:1", "name of a field at character 2"},
        {"--amount:1", "name of a field at character 2"},
        {"(amount:1)", "name of a field at character 1"},
        {"amout:1", "at character 1 of the query: amout. It must be one of amount, created"},
        {"amount:1 AND Amount:2", "at character 14 of the query: Amount. It must be one of"},
        {"payment_method_details.card:x",
         "fingerprint, payment_method_details.card.last4, refunded, status."},
        {"email:x", "Unknown field"},
        {"amount", "operator at character 7 of the query, right behind amount, which takes : > >= < <="},
        {"amount = 1", "operator at character 7"},
        {"status!=\"x\"", "operator at character 7 of the query, right behind status, which takes : ~"},
        {"amount[\"x\"]:1", "operator at character 7"},
        {"amount~\"100\"", "operator at character 7 of the query does not go with amount, which takes : >"},
        {"status>\"a\"", "does not go with status, which takes : ~"},
        {"customer~\"cus_1\"", "does not go with customer, which takes :"},
        {"disputed>true", "does not go with disputed, which takes :"},
        {"metadata[\"k\"]~\"val\"", "does not go with metadata, which takes :"},
        {"metadata:\"x\"", "key in brackets and quotes at character 9"},
        {"metadata[order]:\"x\"", "key in brackets and quotes at character 9"},
        {"metadata[\"order\":\"x\"", "key in brackets and quotes at character 9"},
        {"metadata[\"order", "begins at character 10 of the query has no end"},
        {"amount:", "value at character 8 of the query, right behind the operator"},
        {"amount: 1", "value at character 8 of the query, right behind the operator"},
        {"status:é", "value at character 8"},
        {"status:\"é\\n\"", "backslash at character 10"},
        {"status:\"succeeded", "begins at character 8 of the query has no end"},
        {"status:\"x'", "begins at character 8 of the query has no end"},
        {"status:\"x\\", "backslash at character 10"},
        {"status~\"éa\"", "value at character 8 of the query is too short"},
        {"status~null", "null at character 8 of the query goes only with"},
        {"amount>null", "null at character 8 of the query goes only with"},
        {"amount:ten", "character 8 of the query is not one for amount, which takes a whole number"},
        {"amount:1.5", "which takes a whole number"},
        {"amount:+1", "which takes a whole number"},
        {"amount:\"\"", "which takes a whole number"},
        {"amount:9223372036854775808", "which takes a whole number"},
        {"created>2026-01-01", "which takes a time as unix seconds"},
        {"refunded:yes", "which takes true or false"},
        {"amount:1 amount:2", "AND or OR, in capitals and between spaces, at character 10"},
        {"amount:1 and amount:2", "at character 10"},
        {"amount:1AND amount:2", "which takes a whole number"},
        {"status:\"x\"AND amount:2", "at character 11"},
        {"status:a,b", "stands in quotation marks"},
        {"amount:1 ANDamount:2", "at character 10"},
        {"amount:1 AND-amount:2", "at character 10"},
        {"amount:1 AND", "at character 10"},
        {"amount:1 AND ", "name of a field at character 14"},
        {"amount:1 AND OR amount:2", "of the query: OR. It must be"},
        {"amount:1 AND amount:2 OR amount:3", "both AND and OR, as at character 23"},
        {"amount:1 OR amount:2 AND amount:3", "both AND and OR, as at character 22"},
    };
    for (const auto& [given, words] : refused)
        EXPECT_TRUE(refuses(charges(given), words)) << given;
}

TEST(SearchQuery, IsOfLimitedSize) {
    const auto ten = "amount:1" + repeated(" OR amount:2", 9);
    EXPECT_EQ(charges(ten).value().clauses.size(), clauses_max);
    EXPECT_TRUE(refuses(charges(ten + " OR amount:3"), "at most 10 clauses"));
    const auto longest = "status:\"" + std::string(query_bytes_max - 9, 'x') + '"';
    EXPECT_TRUE(charges(longest));
    EXPECT_TRUE(refuses(charges(' ' + longest), "longer than 5000 bytes"));
    EXPECT_TRUE(refuses(charges("status:\"\xc3\""), "valid UTF-8"));
    EXPECT_TRUE(refuses(charges(std::string_view{"status:\"\0\"", 10}), "NUL"));
}

TEST(SearchQuery, RepeatsNoValueInItsMessages) {
    for (const std::string_view given :
         {"amount:hidden", "created>\"hidden\"", "disputed:hidden", "amount:1 hidden",
          "metadata[hidden]:\"x\"", "status:\"hidden", "status:\"x\"hidden", "metadata[\"hidden\"]~\"x\"",
          "status:hidden AND"})
        EXPECT_EQ(charges(given).error().describe().find("hidden"), std::string::npos) << given;
    // A card number in the place of a field is masked like everywhere.
    EXPECT_EQ(charges("4242424242424242:1").error().describe().find("42424242"), std::string::npos);
}

TEST(SearchQuery, TakesForEachFieldWhatItsKindHas) {
    const auto holds = [](const Field& field, std::string_view text) {
        return parse(std::string{field.name} + std::string{text}, std::span{&field, 1}).has_value();
    };
    for (const auto resource : resources)
        for (const auto& field : fields_of(resource)) {
            const bool ordered = field.kind == Kind::number || field.kind == Kind::time;
            const bool has_key = field.kind == Kind::metadata;
            const std::string key = has_key ? "[\"k\"]" : "";
            EXPECT_TRUE(holds(field, key + ":null")) << field.name;
            EXPECT_NE(holds(field, ":null"), has_key) << field.name;
            EXPECT_EQ(holds(field, key + ":abc"), !ordered && field.kind != Kind::flag) << field.name;
            EXPECT_EQ(holds(field, key + ":true"), !ordered) << field.name;
            EXPECT_EQ(holds(field, key + ":123"), field.kind != Kind::flag) << field.name;
            EXPECT_EQ(holds(field, key + "~\"abc\""), field.kind == Kind::text) << field.name;
            for (const std::string sign : {">", ">=", "<", "<="})
                EXPECT_EQ(holds(field, key + sign + "5"), ordered) << field.name << sign;
        }
}

TEST(SearchQuery, IsTheSameAfterItWasWrittenAndReadAgain) {
    RandomQueries random{7};
    for (int i = 0; i < 6000; ++i) {
        const auto resource = resources[random.below(std::size(resources))];
        const auto query = random.next(resource);
        const auto text = to_text(query);
        const auto again = parse(text, fields_of(resource));
        ASSERT_TRUE(again) << text << ": " << again.error().describe();
        ASSERT_EQ(*again, query) << text;
    }
}

TEST(SearchQuery, ThatWasCutOrChangedSomewhereIsReadOrRefused) {
    RandomQueries random{8};
    int accepted = 0;
    for (int i = 0; i < 6000; ++i) {
        auto text = to_text(random.next(Resource::charges));
        const auto at = random.below(text.size());
        if (random.below(2) == 0)
            text.erase(at);
        else
            text[at] = static_cast<char>(' ' + random.below('~' - ' ' + 1));
        const auto query = charges(text);
        if (query) {
            ASSERT_EQ(charges(to_text(*query)).value(), *query) << text;
        } else {
            ASSERT_TRUE(refuses(query, "query")) << text;
        }
        accepted += query ? 1 : 0;
    }
    EXPECT_GT(accepted, 100) << "few changes leave a query, but some do";
}

}  // namespace
}  // namespace gateway::search
