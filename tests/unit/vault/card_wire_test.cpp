#include <gtest/gtest.h>

#include "common/json.h"
#include "vault/client/wire.h"

namespace {

namespace json = boost::json;
namespace wire = vault::wire;

json::object parsed(std::string_view text) {
    return common::json::parse(text)->as_object();
}

TEST(CardOnTheWire, CarriesMetadataAndTheFormatOfItsToken) {
    vault::NewCard card;
    card.account = common::AccountId{4711};
    card.number = common::SecretText{"4242424242424242"};
    card.exp_month = 12, card.exp_year = 2031;
    card.digit_token = true;
    card.metadata = {{"order", "77"}, {"ä", "€ \"x\""}};
    const auto read = wire::new_card(parsed(wire::to_json(card).view()));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_TRUE(read->digit_token);
    EXPECT_EQ(read->metadata, card.metadata);

    auto object = parsed(wire::to_json(card).view());
    object["token_format"] = "default";
    EXPECT_FALSE(wire::new_card(object)->digit_token);
    object["token_format"] = "uuid";
    EXPECT_EQ(wire::new_card(object).error().param(), "token_format");
    object["token_format"] = "digits";
    for (const json::value& wrong : {json::value{7}, json::value{"x"}, json::value{{{"order", 7}}}}) {
        object["metadata"] = wrong;
        EXPECT_EQ(wire::new_card(object).error().param(), "metadata");
    }
}

TEST(CardOnTheWire, HasMetadataOnlyWhenThereIsSome) {
    vault::Card card{"vt_test_x", "visa", "4242", "credit",   "US",     "fp",
                     12,          2031,   "",     "optional", "normal", {}};
    EXPECT_FALSE(wire::to_json(card).contains("metadata"));
    EXPECT_TRUE(wire::card(wire::to_json(card))->metadata.empty());
    card.metadata = {{"order", "77"}};
    EXPECT_EQ(wire::card(wire::to_json(card))->metadata, card.metadata);
}

TEST(CardUpdateOnTheWire, SaysWhatChanges) {
    vault::CardUpdate change;
    change.account = common::AccountId{4711};
    change.token = "vt_test_x";
    change.metadata = {{"order", ""}};
    auto read = wire::card_update(wire::to_json(change), "vt_test_x");
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->account, change.account);
    EXPECT_EQ(read->token, "vt_test_x");
    EXPECT_EQ(read->metadata, change.metadata);
    EXPECT_FALSE(read->exp_month);
    change.exp_month = 1, change.exp_year = 2032;
    read = wire::card_update(wire::to_json(change), "vt_test_x");
    EXPECT_EQ(read->exp_month, 1);
    EXPECT_EQ(read->exp_year, 2032);
}

TEST(CardUpdateOnTheWire, NamesTheMemberThatIsWrong) {
    const std::pair<const char*, const char*> examples[] = {
        {R"({})", "account"},
        {R"({"account": "00000011"})", "metadata"},
        {R"({"account": "00000011", "metadata": {}})", "metadata"},
        {R"({"account": "00000011", "exp_month": 1})", "exp_year"},
        {R"({"account": "00000011", "exp_year": 2031})", "exp_month"},
        {R"({"account": "00000011", "exp_month": "1", "exp_year": 2031})", "exp_month"},
        {R"({"account": "00000011", "number": "4242424242424242"})", "number"},
        {R"({"account": "00000011", "metadata": {"a": {"b": "c"}}})", "metadata"},
    };
    for (const auto& [body, param] : examples) {
        const auto read = wire::card_update(parsed(body), "vt_test_x");
        ASSERT_FALSE(read) << body;
        EXPECT_EQ(read.error().status(), 400) << body;
        EXPECT_EQ(read.error().param(), param) << body;
    }
}

TEST(CardSearchOnTheWire, IsAQuery) {
    vault::CardSearch search;
    search.account = common::AccountId{4711};
    search.livemode = true;
    search.brand = "visa", search.last4 = "4242", search.fingerprint = "fp";
    search.expires_from = "2031-01", search.expires_to = "2031-12";
    search.metadata_key = "order & more", search.metadata_value = "77=ä%";
    search.starting_after = "203109.vt_test_x";
    search.limit = 25;
    const auto read = wire::card_search(wire::query_of(search));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->account, search.account);
    EXPECT_TRUE(read->livemode);
    EXPECT_EQ(read->metadata_key, search.metadata_key);
    EXPECT_EQ(read->metadata_value, search.metadata_value);
    EXPECT_EQ(read->starting_after, search.starting_after);
    EXPECT_EQ(read->limit, 25);
    EXPECT_EQ(wire::query_of(*read), wire::query_of(search));
}

TEST(CardSearchOnTheWire, NamesTheParameterThatIsWrong) {
    const std::string base = "account=00000011&livemode=false";
    ASSERT_TRUE(wire::card_search(base));
    const std::pair<std::string, const char*> examples[] = {
        {"livemode=false", "account"},
        {"account=00000011", "livemode"},
        {"account=1&livemode=false", "account"},
        {"account=00000011&livemode=yes", "livemode"},
        {base + "&limit=0", "limit"},
        {base + "&limit=101", "limit"},
        {base + "&limit=-1", "limit"},
        {base + "&limit=1e1", "limit"},
        {base + "&limit=99999999999999999999", "limit"},
        {base + "&last4=42", "last4"},
        {base + "&last4=42x2", "last4"},
        {base + "&expires_from=2031", "expires_from"},
        {base + "&expires_to=2031-13", "expires_to"},
        {base + "&expires_to=2031-00", "expires_to"},
        {base + "&expires_to=-031-01", "expires_to"},
        {base + "&metadata_key=order", "metadata_key"},
        {base + "&metadata_value=7", "metadata_key"},
        {base + "&brand=", "brand"},
        {base + "&number=4242424242424242", "number"},
        {base + "&brand[a]=visa", "brand"},
    };
    for (const auto& [query, param] : examples) {
        const auto read = wire::card_search(query);
        ASSERT_FALSE(read) << query;
        EXPECT_EQ(read.error().status(), 400) << query;
        EXPECT_EQ(read.error().param(), param) << query;
    }
}

TEST(CardListOnTheWire, SaysWhetherThereAreMore) {
    vault::CardList list;
    list.cards.push_back(
        {"vt_test_x", "visa", "4242", "credit", "US", "fp", 12, 2031, "", "optional", "normal", {}});
    list.next = "vt_test_x";
    auto object = wire::to_json(list);
    EXPECT_TRUE(object.at("has_more").as_bool());
    auto read = wire::card_list(object);
    ASSERT_TRUE(read) << read.error().describe();
    ASSERT_EQ(read->cards.size(), 1U);
    EXPECT_EQ(read->cards[0].last4, "4242");
    EXPECT_EQ(read->next, "vt_test_x");
    object["has_more"] = false;
    EXPECT_FALSE(wire::card_list(object));
    EXPECT_FALSE(wire::card_list(parsed(R"({"has_more": false, "next": ""})")));
    EXPECT_FALSE(wire::card_list(parsed(R"({"data": [7], "has_more": false, "next": ""})")));
    EXPECT_FALSE(wire::card_list(parsed(R"({"data": [{}], "has_more": false, "next": ""})")));
}

TEST(ErrorOnTheWire, TellsAnErasedCardFromAnUnknownOne) {
    const auto erased = wire::error_of(
        404,
        R"({"error": {"type": "invalid_request_error", "code": "resource_missing", "cause": "erased"}})");
    EXPECT_EQ(erased.cause(), common::Cause::not_found);
    EXPECT_EQ(erased.to_json().at("error").at("cause"), "erased");
    const auto unknown = wire::error_of(404, R"({"error": {"code": "resource_missing"}})");
    EXPECT_FALSE(unknown.to_json().at("error").as_object().contains("cause"));
}

}  // namespace
