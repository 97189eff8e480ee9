#include "common/money.h"

#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace {

using namespace common;

Currency currency(std::string_view code) {
    return Currency::find(code).value();
}

TEST(Currency, IsFoundInEitherCaseAndByNumber) {
    EXPECT_EQ(currency("eur").code(), "eur");
    EXPECT_EQ(currency("EUR"), currency("eur"));
    EXPECT_EQ(currency("Eur"), currency("eur"));
    EXPECT_EQ(Currency::find_numeric("978"), currency("eur"));
    EXPECT_EQ(Currency::find_numeric("036"), currency("aud"));
    EXPECT_EQ(currency("aud").numeric(), "036");
}

TEST(Currency, RefusesUnknownCodes) {
    for (const char* code : {"", "e", "eu", "euro", "xxx", "zzz", "xau", "e\xc3\xbc", "   ", "12a", "hrk"})
        EXPECT_FALSE(Currency::find(code)) << code;
    for (const char* code : {"", "97", "9780", "000", "999", "97a", "-36", " 36"})
        EXPECT_FALSE(Currency::find_numeric(code)) << code;
}

TEST(Currency, HasDecimalsOfTheMerchantApi) {
    for (const char* code : {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd",
                             "vuv", "xaf", "xof", "xpf"})
        EXPECT_EQ(currency(code).exponent(), 0) << code;
    for (const char* code : {"bhd", "jod", "kwd", "omr", "tnd"}) {
        EXPECT_EQ(currency(code).exponent(), 3) << code;
        EXPECT_EQ(currency(code).step(), 10) << code;
    }
    for (const char* code : {"ugx", "isk"}) {
        EXPECT_EQ(currency(code).exponent(), 2) << code;
        EXPECT_EQ(currency(code).iso_exponent(), 0) << code;
        EXPECT_EQ(currency(code).step(), 100) << code;
    }
    EXPECT_EQ(currency("mga").iso_exponent(), 2);
    EXPECT_EQ(currency("eur").exponent(), 2);
    EXPECT_EQ(currency("eur").step(), 1);
    EXPECT_EQ(currency("eur").iso_exponent(), 2);
}

TEST(Currency, HasTheLeastAndGreatestCharge) {
    const std::pair<const char*, std::int64_t> minima[] = {
        {"usd", 50},   {"eur", 50},  {"gbp", 30},  {"aud", 50},   {"cad", 50},    {"chf", 50},
        {"nzd", 50},   {"sgd", 50},  {"brl", 50},  {"inr", 50},   {"jpy", 50},    {"hkd", 400},
        {"mxn", 1000}, {"sek", 300}, {"nok", 300}, {"dkk", 250},  {"pln", 200},   {"ron", 200},
        {"myr", 200},  {"aed", 200}, {"bgn", 100}, {"czk", 1500}, {"huf", 17500}, {"thb", 1000}};
    for (const auto& [code, least] : minima)
        EXPECT_EQ(currency(code).amount_min(), least) << code;
    EXPECT_EQ(currency("usd").amount_max(), 99'999'999);
    EXPECT_EQ(currency("idr").amount_max(), 999'999'999'999);
    EXPECT_EQ(currency("huf").amount_max(), 9'999'999'999);
}

TEST(Currency, ListsEveryOneOnceInOrder) {
    std::istringstream list{Currency::list()};
    std::set<std::string> codes, numbers;
    std::string code, before;
    while (std::getline(list, code, ',')) {
        if (code.starts_with(' ')) code.erase(0, 1);
        const auto found = Currency::find(code);
        ASSERT_TRUE(found) << code;
        EXPECT_LT(before, code);
        EXPECT_EQ(Currency::find_numeric(found->numeric()), found) << code;
        EXPECT_TRUE(codes.insert(code).second && numbers.insert(std::string{found->numeric()}).second)
            << code;
        EXPECT_EQ(found->amount_min() % found->step(), 0) << code;
        before = code;
    }
    EXPECT_GE(codes.size(), 130U);
}

TEST(Money, AddsAndSubtractsWithinSixtyFourBits) {
    const auto eur = currency("eur");
    EXPECT_EQ((Money{100, eur}.plus(Money{23, eur})), (Money{123, eur}));
    EXPECT_EQ((Money{100, eur}.minus(Money{123, eur})), (Money{-23, eur}));
    EXPECT_FALSE((Money{INT64_MAX, eur}.plus(Money{1, eur})));
    EXPECT_FALSE((Money{INT64_MIN, eur}.minus(Money{1, eur})));
    EXPECT_FALSE((Money{1, eur}.plus(Money{1, currency("usd")})));
    EXPECT_FALSE((Money{1, eur}.minus(Money{1, currency("usd")})));
}

TEST(Money, ShowsItsDecimals) {
    EXPECT_EQ((Money{1234, currency("eur")}.display()), "12.34 EUR");
    EXPECT_EQ((Money{500, currency("jpy")}.display()), "500 JPY");
    EXPECT_EQ((Money{5, currency("eur")}.display()), "0.05 EUR");
    EXPECT_EQ((Money{0, currency("eur")}.display()), "0.00 EUR");
    EXPECT_EQ((Money{-5, currency("kwd")}.display()), "-0.005 KWD");
    EXPECT_EQ((Money{INT64_MIN, currency("jpy")}.display()), "-9223372036854775808 JPY");
}

}  // namespace
