// Searches: what they accept, and the tokens of their pages.
#include "gateway/api/searches.h"

#include "fixture.h"

namespace gateway::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view path = "/v1/customers/search", query = "created>1";
const Scope scope{common::AccountId{1}, false};
const store::SearchPlace place{1'790'000'000'000'123, "cus_00000001abcdefghijklmnopqr"};

TEST_F(ApiTest, RefusesWhatIsNoSearch) {
    const auto ask = [this](std::string_view parameters) {
        return fault(get("/v1/charges/search?" + std::string{parameters}));
    };
    EXPECT_THAT(ask(""), StartsWith("400 parameter_missing query: Missing required param"));
    EXPECT_THAT(ask("query="), StartsWith("400 "));
    EXPECT_THAT(ask("query=status"), StartsWith("400 - query: Expected an operator at character 7"));
    EXPECT_THAT(ask("query=email%3A%27x%27"), HasSubstr("Unknown field at character 1 of the query: email"));
    EXPECT_THAT(ask("query=amount%3Aten"), StartsWith("400 - query: "));
    EXPECT_THAT(ask("query=amount%3A1&limit=0"), StartsWith("400 parameter_invalid_integer limit: "));
    EXPECT_THAT(ask("query=amount%3A1&limit=101"), StartsWith("400 parameter_invalid_integer limit: "));
    EXPECT_THAT(ask("query=amount%3A1&limit=x"), StartsWith("400 parameter_invalid_integer limit: "));
    EXPECT_THAT(ask("query=amount%3A1&page=x"), StartsWith("400 - page: "));
    EXPECT_THAT(ask("query=amount%3A1&starting_after=ch_1"), StartsWith("400 parameter_unknown "));
    EXPECT_THAT(ask("query[a]=1"), StartsWith("400 "));
    EXPECT_THAT(ask("query=amount%3A1&expand[]=customer"), StartsWith("400 - expand: "));
    EXPECT_EQ(backend_.calls, 0);
    EXPECT_EQ(ask("query=amount%3A1&limit=100&expand[]=total_count&expand[]=data.customer"), "200");
    EXPECT_THAT(fault(get("/v1/charges?expand[]=total_count")), StartsWith("400 - expand: "));
}

TEST(PageToken, LeadsBackToItsPlace) {
    const auto token = page_token(place, scope, path, query);
    EXPECT_EQ(place_of(token, scope, path, query).value(), place);
    EXPECT_EQ(token.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"),
              token.npos)
        << "stands in a URL as it is";
}

TEST(PageToken, IsRefusedElsewhereOrChanged) {
    const auto refused = [](std::string_view token, const Scope& by, std::string_view at,
                            std::string_view text) {
        const auto found = place_of(token, by, at, text);
        return !found && found.error().status() == 400 && found.error().param() == "page";
    };
    const auto token = page_token(place, scope, path, query);
    EXPECT_TRUE(refused(token, {common::AccountId{2}, false}, path, query));
    EXPECT_TRUE(refused(token, {common::AccountId{1}, true}, path, query));
    EXPECT_TRUE(refused(token, scope, "/v1/charges/search", query));
    EXPECT_TRUE(refused(token, scope, path, "created>2"));
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto changed = token;
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        EXPECT_TRUE(refused(changed, scope, path, query)) << changed;
        EXPECT_TRUE(refused(token.substr(0, i), scope, path, query)) << i;
    }
    for (const auto* made_up : {"", "x", "cus_1", "0000000000000000", "----------------------", "\xff"})
        EXPECT_TRUE(refused(made_up, scope, path, query)) << made_up;
}

}  // namespace
}  // namespace gateway::api
