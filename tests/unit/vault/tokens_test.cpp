#include "vault/cards/tokens.h"

#include <set>
#include <span>
#include <unordered_set>

#include <gtest/gtest.h>

#include "common/base62.h"
#include "common/crypto.h"
#include "common/luhn.h"
#include "vault/cards/pan.h"

namespace {

using common::AccountId;
using common::crypto::Bytes;
using vault::cards::derived_token;
using vault::cards::is_digit_token;
using vault::cards::may_belong_to;
using vault::cards::new_digit_token;
using vault::cards::new_token;
using vault::cards::parse_token;

constexpr std::size_t million = 1'000'000;

double chi_squared_of(std::span<const std::size_t> frequency) {
    std::size_t total = 0;
    for (const auto seen_times : frequency)
        total += seen_times;
    const double expected = static_cast<double>(total) / static_cast<double>(frequency.size());
    double chi_squared = 0;
    for (const auto seen_times : frequency) {
        const double difference = static_cast<double>(seen_times) - expected;
        chi_squared += difference * difference / expected;
    }
    return chi_squared;
}

TEST(Tokens, AreAllDifferentAndNameTheirAccount) {
    constexpr std::size_t count = million;
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
    EXPECT_LT(chi_squared_of(frequency), 130);  // 61 degrees of freedom: beyond this once in a million runs
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

// Longest text that stands at the same place in both; behind what all tokens of an account begin with.
std::size_t longest_shared(std::string_view a, std::string_view b) {
    std::size_t longest = 0, run = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        run = a[i] == b[i] ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

// Five equal characters at one place come once in 62⁵ / 20 ≈ 4.6·10⁷ pairs.
TEST(Tokens, OfOneCardShareNothingButTheirPrefix) {
    constexpr std::size_t prefix = 16, count = 10'000;
    std::string last = new_token(AccountId{5}, true);
    const std::string first = last;
    for (std::size_t i = 0; i < count; ++i) {
        const auto token = new_token(AccountId{5}, true);
        ASSERT_LT(
            longest_shared(std::string_view{token}.substr(prefix), std::string_view{last}.substr(prefix)),
            6U);
        ASSERT_LT(
            longest_shared(std::string_view{token}.substr(prefix), std::string_view{first}.substr(prefix)),
            6U);
        last = token;
    }
}

// Of a million draws from 6.8·10¹⁰ some seven come twice, which the insertion settles; thirty never do.
TEST(DerivedTokens, AreTheSameEachTimeAndAnotherForAnythingElse) {
    const Bytes secret(32, 1), other_secret(32, 2), what{1}, other{2};
    const auto token = derived_token(AccountId{7}, false, secret, what);
    EXPECT_EQ(derived_token(AccountId{7}, false, secret, what), token);
    std::set<std::string> random_parts{token.substr(16, 24)};
    for (const auto& one :
         {derived_token(AccountId{8}, false, secret, what), derived_token(AccountId{7}, true, secret, what),
          derived_token(AccountId{7}, false, other_secret, what),
          derived_token(AccountId{7}, false, secret, other)}) {
        EXPECT_TRUE(parse_token(one)) << one;
        random_parts.insert(one.substr(16, 24));
    }
    EXPECT_EQ(random_parts.size(), 5U);
}

TEST(DerivedTokens, AreUniform) {
    const Bytes secret(32, 1);
    std::array<std::size_t, 62> frequency{};
    for (int i = 0; i < 10'000; ++i) {
        const Bytes what{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
        for (const char c : derived_token(AccountId{7}, true, secret, what).substr(16, 24))
            ++frequency[static_cast<std::size_t>(common::base62::value_of(c))];
    }
    EXPECT_LT(chi_squared_of(frequency), 120.0) << "61 degrees of freedom";
}

TEST(DigitTokens, AreUniformAndNeverACardNumber) {
    std::vector<std::uint64_t> seen;
    seen.reserve(million);
    std::array<std::array<std::size_t, 10>, 8> digits{};
    std::array<std::size_t, 1000> countries{};
    for (std::size_t i = 0; i < million; ++i) {
        const auto token = new_digit_token("4242");
        ASSERT_EQ(token.size(), 16U);
        ASSERT_EQ(token[0], '9');
        ASSERT_FALSE(common::passes_luhn(token)) << token;
        ASSERT_TRUE(token.ends_with("4242"));
        ++countries[std::stoul(token.substr(1, 3))];
        for (std::size_t place = 0; place < digits.size(); ++place)
            ++digits[place][static_cast<std::size_t>(token[4 + place] - '0')];
        seen.push_back(std::stoull(token));
    }
    // 9 degrees of freedom each: beyond this once in ten million runs.
    for (const auto& place : digits)
        EXPECT_LT(chi_squared_of(place), 50);
    std::vector<std::size_t> drawn;
    std::ranges::copy_if(countries, std::back_inserter(drawn), [](std::size_t times) { return times != 0; });
    EXPECT_EQ(drawn.size(), 1000U - 249U) << "every number that is no country's";
    EXPECT_LT(chi_squared_of(drawn), 750 + 6 * 39);  // six standard deviations
    std::ranges::sort(seen);
    const auto twice = std::ranges::unique(seen);
    EXPECT_LT(std::distance(twice.begin(), twice.end()), 30);
}

TEST(DigitTokens, AreInNoRangeThatAnIssuerCanHave) {
    for (int i = 0; i < 20'000; ++i) {
        const auto token = new_digit_token("0000");
        for (const char* issued : {"9112", "9704", "9792", "9860"})  // BelKart, NAPAS, Troy, Humo
            ASSERT_FALSE(token.starts_with(issued));
        ASSERT_EQ(vault::cards::brand_of(token), vault::cards::Brand::unknown);
    }
}

TEST(DigitTokens, AreKnownByTheirForm) {
    const auto token = new_digit_token("1117");
    EXPECT_TRUE(is_digit_token(token));
    EXPECT_FALSE(is_digit_token(token.substr(1)));
    EXPECT_FALSE(is_digit_token(token + "1"));
    EXPECT_FALSE(is_digit_token("8" + token.substr(1)));
    EXPECT_FALSE(is_digit_token(token.substr(0, 15) + "x"));
    EXPECT_FALSE(is_digit_token("4242424242424242"));
    auto good = token;
    while (!common::passes_luhn(good))
        good.back() = static_cast<char>('0' + (good.back() - '0' + 1) % 10);
    EXPECT_FALSE(is_digit_token(good)) << "one with a good check digit may be a card number";
}

TEST(DigitTokens, OfOneCardShareNothingButTheirEnds) {
    auto last = new_digit_token("4242");
    std::size_t equal = 0;
    constexpr std::size_t count = 10'000;
    for (std::size_t i = 0; i < count; ++i) {
        const auto token = new_digit_token("4242");
        for (std::size_t place = 1; place < 12; ++place)
            equal += token[place] == last[place] ? 1U : 0U;
        last = token;
    }
    // Eleven places are equal once in ten each, but for the country's, where less is drawn: about 11 000.
    EXPECT_LT(equal, 12'500U);
}

TEST(Tokens, AreLookedUpForTheAccountThatTheyName) {
    const auto token = new_token(AccountId{7}, false);
    EXPECT_TRUE(may_belong_to(token, AccountId{7}));
    EXPECT_FALSE(may_belong_to(token, AccountId{8}));
    EXPECT_TRUE(may_belong_to(new_digit_token("4242"), AccountId{8})) << "it names none";
    for (const char* nothing : {"", "4242424242424242", "vt_test_x", "' OR 1=1"})
        EXPECT_FALSE(may_belong_to(nothing, AccountId{7})) << nothing;
    EXPECT_TRUE(vault::cards::contradicts_mode(token, true));
    EXPECT_FALSE(vault::cards::contradicts_mode(token, false));
    EXPECT_FALSE(vault::cards::contradicts_mode(new_digit_token("4242"), true));
}

}  // namespace
