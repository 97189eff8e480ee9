#include "vault/cards/metadata.h"

#include <gtest/gtest.h>

namespace {

using vault::cards::check_metadata;
using vault::cards::looks_like_card_number;
using vault::cards::Metadata;

TEST(CardMetadata, TakesReferences) {
    EXPECT_TRUE(check_metadata({}));
    EXPECT_TRUE(check_metadata({{"order", "2026-11-25/0815"},
                                {"customer", "C-77120"},
                                {"note", "gehört Jörg"},
                                {"phone", "+49 30 1234567"},
                                {"tracking", "00340434161094015902"},
                                {"gone", ""}}));
}

TEST(CardMetadata, HasLimitsInCharacters) {
    EXPECT_TRUE(check_metadata({{std::string(40, 'k'), std::string(500, 'v')}}));
    std::string long_key, long_value;
    for (int i = 0; i < 40; ++i)
        long_key += "ä";
    for (int i = 0; i < 500; ++i)
        long_value += "€";
    EXPECT_TRUE(check_metadata({{long_key, long_value}}));
    EXPECT_FALSE(check_metadata({{long_key + "k", ""}}));
    EXPECT_FALSE(check_metadata({{"k", long_value + "v"}}));
    EXPECT_FALSE(check_metadata({{"", "v"}}));
    Metadata many;
    for (int i = 0; i < 20; ++i)
        many[std::to_string(i)] = "v";
    EXPECT_TRUE(check_metadata(many));
    many["one more"] = "v";
    EXPECT_FALSE(check_metadata(many));
    EXPECT_FALSE(check_metadata({{"k", "a\nb"}}));
    EXPECT_FALSE(check_metadata({{std::string{"k\0", 2}, "v"}}));
}

TEST(CardMetadata, RefusesWhatLooksLikeACardNumber) {
    for (const char* text :
         {"4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242.4242.4242.4242",
          "card 4242424242424242 of Jane", "x378282246310005y", "0815 4242 4242 4242 4242",
          "4242/4242/4242/4242", "30569309025904", "6011111111111117", "5555_5555_5555_4444"}) {
        EXPECT_TRUE(looks_like_card_number(text)) << text;
        const auto refused = check_metadata({{"note", text}});
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().status(), 400);
        EXPECT_EQ(refused.error().param(), "metadata");
        EXPECT_EQ(refused.error().message().find("4242"), std::string::npos);
        EXPECT_FALSE(check_metadata({{std::string{text}.substr(0, 40), "v"}})) << text;
    }
    for (const char* text :
         {"", "4242", "4242424242424241", "1234567890123456", "42424242, 42424242", "4242a4242a4242a4242"})
        EXPECT_FALSE(looks_like_card_number(text)) << text;
}

TEST(CardMetadata, ComesBackFromItsJson) {
    const Metadata metadata{{"a \"b\"", "c\\d"}, {"ä", "€"}};
    EXPECT_EQ(vault::cards::metadata_of(vault::cards::metadata_json(metadata)), metadata);
    EXPECT_TRUE(vault::cards::metadata_of("").empty());
}

}  // namespace
