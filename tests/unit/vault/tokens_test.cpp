#include "vault/cards/tokens.h"

#include <unordered_set>

#include <gtest/gtest.h>

#include "common/base62.h"
#include "common/luhn.h"

namespace {

using common::AccountId;
using vault::cards::new_token;
using vault::cards::parse_token;

TEST(Tokens, AreAllDifferentAndNameTheirAccount) {
    constexpr std::size_t count = 100'000;
    const AccountId account{123'456'789};
    std::unordered_set<std::string> seen;
    std::array<std::size_t, 62> frequency{};
    for (std::size_t i = 0; i < count; ++i) {
        auto token = new_token(account, false);
        const auto parts = parse_token(token);
        ASSERT_TRUE(parts);
        ASSERT_EQ(parts->account, account);
        ASSERT_FALSE(parts->livemode);
        for (const char c : token.substr(16, 24))
            ++frequency[static_cast<std::size_t>(common::base62::value_of(c))];
        ASSERT_TRUE(seen.insert(std::move(token)).second);
    }
    const double expected = static_cast<double>(count) * 24 / 62;
    double chi_squared = 0;
    for (const auto seen_times : frequency) {
        const double difference = static_cast<double>(seen_times) - expected;
        chi_squared += difference * difference / expected;
    }
    EXPECT_LT(chi_squared, 130);  // 61 degrees of freedom: beyond this once in a million runs
}

TEST(Tokens, HaveTheModeInTheirPrefix) {
    EXPECT_TRUE(new_token(AccountId{1}, false).starts_with("vt_test_00000001"));
    EXPECT_TRUE(new_token(AccountId{1}, true).starts_with("vt_live_00000001"));
    EXPECT_TRUE(parse_token(new_token(AccountId{1}, true))->livemode);
}

TEST(Tokens, HoldNoRunThatReadsAsACardNumber) {
    for (int i = 0; i < 20'000; ++i) {
        const auto token = new_token(AccountId{9}, false);
        std::string run;
        for (const char c : token + "_") {
            if (c >= '0' && c <= '9') {
                run += c;
                continue;
            }
            ASSERT_FALSE(run.size() >= 13 && common::passes_luhn(run)) << token;
            run.clear();
        }
    }
}

TEST(Tokens, RefuseEverySingleTypingError) {
    const auto token = new_token(AccountId{77}, false);
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto wrong = token;
        wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(parse_token(wrong)) << i;
    }
    EXPECT_FALSE(parse_token(token.substr(1)));
    EXPECT_FALSE(parse_token(token + "0"));
    EXPECT_FALSE(parse_token(""));
    EXPECT_FALSE(parse_token("vt_test_"));
    EXPECT_FALSE(parse_token("card_test_" + token.substr(8)));
    auto other_mode = token;
    other_mode.replace(3, 4, "live");
    EXPECT_FALSE(parse_token(other_mode)) << "the checksum covers the mode";
}

}  // namespace
