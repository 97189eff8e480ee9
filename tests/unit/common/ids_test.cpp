#include "common/ids.h"

#include <cctype>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace common;

TEST(AccountIds, RoundTripThroughEightCharacters) {
    for (const std::int64_t value : {0LL, 1LL, 61LL, 62LL, 123456789LL, 218340105584895LL}) {
        const auto text = base62_of(AccountId{value});
        EXPECT_EQ(text.size(), 8U);
        EXPECT_EQ(account_of_base62(text), AccountId{value});
    }
    EXPECT_EQ(base62_of(AccountId{61}), "0000000z");
    EXPECT_EQ(base62_of(AccountId{218340105584895}), "zzzzzzzz");
}

TEST(AccountIds, RefuseOtherLengthsAndCharacters) {
    for (const char* text : {"", "1234567", "123456789", "1234567-", "1234 678", "123456\xc3\xa4"})
        EXPECT_FALSE(account_of_base62(text)) << text;
}

TEST(AccountIds, AreDrawnBelowSixtyTwoToTheEighth) {
    std::set<std::int64_t> drawn;
    for (int i = 0; i < 1000; ++i) {
        const auto account = new_account_id();
        EXPECT_GT(account.value, 0);
        EXPECT_LT(account.value, 218340105584896);
        drawn.insert(account.value);
    }
    EXPECT_EQ(drawn.size(), 1000U);
}

TEST(PublicAccountId, IsFixedToTheAccountAndTwentyFourLong) {
    const AccountId account{123456789};
    const auto id = public_account_id(account);
    EXPECT_EQ(id, public_account_id(account));
    EXPECT_EQ(id.size(), 5U + 24U);
    EXPECT_THAT(id, testing::StartsWith("acct_" + base62_of(account)));
    EXPECT_EQ(account_of(id, "acct_"), account);
    EXPECT_NE(id.substr(13), public_account_id(AccountId{123456790}).substr(13));
}

TEST(NewId, CarriesPrefixAccountAndRandomCharacters) {
    const AccountId account{987654321};
    std::set<std::string> seen;
    for (int i = 0; i < 10000; ++i) {
        const auto id = new_id("pi_", account);
        ASSERT_EQ(id.size(), 3U + 8U + 18U);
        ASSERT_EQ(account_of(id, "pi_"), account);
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 10000U);
    EXPECT_EQ(new_id("x_", account, 40).size(), 2U + 8U + 40U);
}

TEST(AccountOf, RefusesForeignForms) {
    const auto id = new_id("pi_", AccountId{5});
    EXPECT_FALSE(account_of(id, "ch_"));
    EXPECT_FALSE(account_of("pi_", "pi_"));
    EXPECT_FALSE(account_of("pi_00000005", "pi_"));  // nothing random behind the account
    EXPECT_FALSE(account_of("pi_0000_005abc", "pi_"));
    EXPECT_FALSE(account_of(id + "\n", "pi_"));
    EXPECT_FALSE(account_of(id + std::string(300, 'a'), "pi_"));
}

// CRC-32/ISO-HDLC of "123456789" is CBF43926 (check value of the CRC catalogue).
TEST(Checksum62, IsTheCrcOfTheTextInSixCharacters) {
    std::uint64_t value = 0;
    for (const char c : checksum62("123456789"))
        value = value * 62 + static_cast<std::uint64_t>(std::isdigit(c)   ? c - '0'
                                                        : std::isupper(c) ? c - 'A' + 10
                                                                          : c - 'a' + 36);
    EXPECT_EQ(value, 0xCBF43926U);
    EXPECT_EQ(checksum62("").size(), 6U);
    EXPECT_EQ(checksum62(""), "000000");
}

TEST(Checksum62, ChangesWithEveryReplacedCharacter) {
    const std::string key = "sk_test_00000005aBcDeFgHiJkLmNoPqR";
    const auto sum = checksum62(key);
    for (std::size_t i = 0; i < key.size(); ++i) {
        auto typo = key;
        typo[i] = typo[i] == 'x' ? 'y' : 'x';
        EXPECT_NE(checksum62(typo), sum) << i;
    }
}

}  // namespace
