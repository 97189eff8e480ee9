#include "hsm/custody/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using hsm::custody::ActDocument;
using hsm::custody::canonical;
using hsm::custody::in_words;
using hsm::custody::parse_canonical;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const ActDocument act{"vlt_1", "act_1", "hsm_key.destroy", {{"label", "KEK-card-v1"}}, 0, 86400};

TEST(Documents, HaveOneFormOnly) {
    EXPECT_EQ(*canonical({{"b", 1}, {"a", "x"}, {"c", boost::json::object{{"z", true}, {"y", -2}}}}),
              R"({"a":"x","b":1,"c":{"y":-2,"z":true}})");
    EXPECT_TRUE(parse_canonical(R"({"a":"x","b":1})"));
    for (const auto* const other :
         {R"({"b":1,"a":"x"})", R"({"a": "x","b":1})", R"({"a":"x","b":1.0})", R"({"a":"\u0078"})",
          R"({"a":"x","a":"y"})", R"({"a":null})", "[]", "", R"({"a":"x"} )", R"({"a":["x"]})"})
        EXPECT_FALSE(parse_canonical(other)) << other;
}

TEST(Documents, HoldNoControlCharactersAndAreLimited) {
    EXPECT_FALSE(canonical({{"a", "\x1b[2J"}}));
    EXPECT_FALSE(canonical({{"a\n", "x"}}));
    EXPECT_FALSE(canonical({{"a", "\xff"}}));
    EXPECT_FALSE(canonical({{"a", std::string(16 * 1024 + 1, 'x')}}));
    boost::json::object many;
    for (int i = 0; i < 5; ++i)
        many["m" + std::to_string(i)] = std::string(15 * 1024, 'x');
    EXPECT_FALSE(canonical(many));
}

TEST(Documents, SayInWordsWhatIsAskedFor) {
    const auto text = text_of(act);
    ASSERT_TRUE(text);
    const auto words = in_words(*text);
    ASSERT_TRUE(words) << words.error().describe();
    EXPECT_THAT(*words, AllOf(HasSubstr("Destroy a key in the HSM"), HasSubstr("label: KEK-card-v1"),
                              HasSubstr("vlt_1"), HasSubstr("act_1"), HasSubstr("1970-01-02T00:00:00Z")));
    EXPECT_EQ(*hsm::custody::expiry_of(*text), "1970-01-02T00:00:00Z");
}

TEST(Documents, LetNoParameterPlayTricksOnATerminal) {
    auto tricky = act;
    tricky.parameters["label"] = "a\u202eb";
    const auto words = in_words(*text_of(tricky));
    EXPECT_THAT(*words, AllOf(HasSubstr("\\xe2\\x80\\xae"), Not(HasSubstr("\u202e"))));
    tricky.parameters["label"] = std::string(1000, 'x');
    EXPECT_THAT(*in_words(*text_of(tricky)), HasSubstr("1000 characters, SHA-256 "));
}

TEST(Documents, AreSignedOnlyWhenTheyAreKnown) {
    for (
        const auto* const other :
        {R"({"document":"portcullis-acknowledgement-1"})", R"({"document":"portcullis-act-1"})",
         R"({"act":"a","document":"portcullis-act-1","expires_at":"x","kind":"k","parameters":"p","proposed_at":"x","vault":"v"})",
         R"({"a":"b"})", "{}", "words"})
        EXPECT_FALSE(in_words(other)) << other;
}

TEST(Documents, NameCustodiansPlainly) {
    for (const auto* const good : {"a", "alice", "alice-2", "a_b"})
        EXPECT_TRUE(hsm::custody::is_custodian_name(good)) << good;
    for (const auto* const bad : {"", "Alice", "2alice", "a b", "a/b", "a.b", "-a"})
        EXPECT_FALSE(hsm::custody::is_custodian_name(bad)) << bad;
    EXPECT_FALSE(hsm::custody::is_custodian_name(std::string(33, 'a')));
}

}  // namespace
