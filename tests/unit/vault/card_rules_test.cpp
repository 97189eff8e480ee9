#include <type_traits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/vault/access.h"
#include "vault/cards/pan.h"

namespace {

using vault::cards::Brand;
using vault::cards::Cvc;
using vault::cards::Expiry;
using vault::cards::Pan;
using vault::cards::PanTestAccess;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<Pan> && !std::is_copy_assignable_v<Pan>);
static_assert(!std::is_copy_constructible_v<Cvc> && !std::is_copy_assignable_v<Cvc>);
static_assert(std::is_nothrow_move_constructible_v<Pan>);

struct GoodNumber {
    const char* name;
    const char* typed;
    const char* digits;
    Brand brand;
};

class CardNumber : public testing::TestWithParam<GoodNumber> {};

TEST_P(CardNumber, IsTakenWithItsBrand) {
    const auto pan = Pan::parse(GetParam().typed);
    ASSERT_TRUE(pan) << pan.error().describe();
    EXPECT_EQ(PanTestAccess::digits(*pan), GetParam().digits);
    EXPECT_EQ(pan->brand(), GetParam().brand);
    const std::string digits = GetParam().digits;
    EXPECT_EQ(pan->last4(), digits.substr(digits.size() - 4));
}

INSTANTIATE_TEST_SUITE_P(
    ByBrand, CardNumber,
    testing::Values(
        GoodNumber{"Visa", "4242424242424242", "4242424242424242", Brand::visa},
        GoodNumber{"VisaOfThirteenDigits", "4222222222222", "4222222222222", Brand::visa},
        GoodNumber{"SpacesAreDropped", "4242 4242 4242 4242", "4242424242424242", Brand::visa},
        GoodNumber{"DashesAreDropped", "4242-4242-4242-4242", "4242424242424242", Brand::visa},
        GoodNumber{"Mastercard", "5555555555554444", "5555555555554444", Brand::mastercard},
        GoodNumber{"MastercardTwoSeries", "2223003122003222", "2223003122003222", Brand::mastercard},
        GoodNumber{"MastercardTwoSeriesBegins", "2221000000000009", "2221000000000009", Brand::mastercard},
        GoodNumber{"Amex", "378282246310005", "378282246310005", Brand::amex},
        GoodNumber{"AmexThirtyFour", "343434343434343", "343434343434343", Brand::amex},
        GoodNumber{"Discover", "6011111111111117", "6011111111111117", Brand::discover},
        GoodNumber{"Diners", "3056930009020004", "3056930009020004", Brand::diners},
        GoodNumber{"DinersOfFourteenDigits", "36227206271667", "36227206271667", Brand::diners},
        GoodNumber{"Jcb", "3566002020360505", "3566002020360505", Brand::jcb},
        GoodNumber{"UnionPay", "6200000000000005", "6200000000000005", Brand::unionpay},
        GoodNumber{"UnionPayOfNineteenDigits", "6205500000000000004", "6205500000000000004", Brand::unionpay},
        GoodNumber{"NobodysRange", "9999999999999995", "9999999999999995", Brand::unknown}),
    [](const auto& example) { return example.param.name; });

struct BadNumber {
    const char* name;
    const char* typed;
    const char* code;
};

class WrongCardNumber : public testing::TestWithParam<BadNumber> {};

TEST_P(WrongCardNumber, IsRefusedWithTheMerchantApisCode) {
    const auto pan = Pan::parse(GetParam().typed);
    ASSERT_FALSE(pan);
    EXPECT_EQ(pan.error().status(), 402);
    EXPECT_EQ(pan.error().type(), common::ErrorType::card);
    EXPECT_EQ(pan.error().code(), GetParam().code);
    EXPECT_EQ(pan.error().param(), "number");
    EXPECT_EQ(pan.error().message().find(GetParam().typed[0] ? GetParam().typed : "none"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    ByFault, WrongCardNumber,
    testing::Values(BadNumber{"Empty", "", "invalid_number"},
                    BadNumber{"Letters", "4242424242abcdef", "invalid_number"},
                    BadNumber{"OneLetter", "424242424242424O", "invalid_number"},
                    BadNumber{"OtherDigits", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "invalid_number"},
                    BadNumber{"TabBetween", "4242\t424242424242", "invalid_number"},
                    BadNumber{"TwelveDigits", "424242424242", "invalid_number"},
                    BadNumber{"TwentyDigits", "42424242424242424242", "invalid_number"},
                    BadNumber{"VisaOfFourteenDigits", "42424242424242", "invalid_number"},
                    BadNumber{"AmexOfSixteenDigits", "3782822463100053", "invalid_number"},
                    BadNumber{
                        "EndlessDashes",
                        "4242424242424242-----------------------------------------------------------------",
                        "invalid_number"},
                    BadNumber{"WrongCheckDigit", "4242424242424241", "incorrect_number"},
                    BadNumber{"TransposedDigits", "4224424242424242", "incorrect_number"}),
    [](const auto& example) { return example.param.name; });

TEST(Brands, MeetAtTheEdgesOfTheirRanges) {
    using vault::cards::brand_of;
    EXPECT_EQ(brand_of("222099"), Brand::unknown);
    EXPECT_EQ(brand_of("222100"), Brand::mastercard);
    EXPECT_EQ(brand_of("272099"), Brand::mastercard);
    EXPECT_EQ(brand_of("272100"), Brand::unknown);
    EXPECT_EQ(brand_of("352799"), Brand::unknown);
    EXPECT_EQ(brand_of("352800"), Brand::jcb);
    EXPECT_EQ(brand_of("358999"), Brand::jcb);
    EXPECT_EQ(brand_of("359000"), Brand::unknown);
    EXPECT_EQ(brand_of("643999"), Brand::unknown);
    EXPECT_EQ(brand_of("644000"), Brand::discover);
    EXPECT_EQ(brand_of("305999"), Brand::diners);
    EXPECT_EQ(brand_of("306000"), Brand::unknown);
    EXPECT_EQ(brand_of("560000"), Brand::unknown);
}

TEST(SecurityCode, HasTheLengthOfItsBrand) {
    for (const auto brand : {Brand::visa, Brand::mastercard, Brand::discover, Brand::unknown})
        EXPECT_TRUE(Cvc::parse("123", brand));
    EXPECT_TRUE(Cvc::parse("1234", Brand::amex));
    EXPECT_EQ(PanTestAccess::digits(*Cvc::parse("007", Brand::visa)), "007");
    for (const char* typed : {"", "12", "99", "1234", "12a", "12345", " 12", "1 2"}) {
        const auto cvc = Cvc::parse(typed, Brand::visa);
        ASSERT_FALSE(cvc) << typed;
        EXPECT_EQ(cvc.error().code(), "invalid_cvc");
        EXPECT_EQ(cvc.error().param(), "cvc");
        EXPECT_EQ(cvc.error().status(), 402);
    }
    EXPECT_FALSE(Cvc::parse("123", Brand::amex));
}

constexpr common::TimePoint in_july_2026 = std::chrono::sys_days{std::chrono::year{2026} / 7 / 31} + 23h;

TEST(Expiry, LastsUntilTheEndOfItsMonth) {
    const auto now = Expiry::parse(7, 2026, in_july_2026);
    ASSERT_TRUE(now);
    EXPECT_EQ(now->yymm(), "2607");
    EXPECT_FALSE(Expiry::parse(7, 2026, in_july_2026 + 2h));
    EXPECT_TRUE(Expiry::parse(8, 2026, in_july_2026 + 2h));
}

TEST(Expiry, TakesTwoDigitYears) {
    const auto short_year = Expiry::parse(1, 30, in_july_2026);
    ASSERT_TRUE(short_year);
    EXPECT_EQ(short_year->year, 2030);
    EXPECT_EQ(short_year->yymm(), "3001");
}

TEST(Expiry, NamesTheFieldThatIsWrong) {
    for (const std::int64_t month : {0L, 13L, -1L, 99L, 4'000'000'000L}) {
        const auto expiry = Expiry::parse(month, 2030, in_july_2026);
        ASSERT_FALSE(expiry);
        EXPECT_EQ(expiry.error().code(), "invalid_expiry_month");
        EXPECT_EQ(expiry.error().param(), "exp_month");
    }
    for (const std::int64_t year : {2025L, 1999L, 25L, 203L, 20300L, -2030L, 2077L}) {
        const auto expiry = Expiry::parse(12, year, in_july_2026);
        ASSERT_FALSE(expiry) << year;
        EXPECT_EQ(expiry.error().code(), "invalid_expiry_year");
        EXPECT_EQ(expiry.error().param(), "exp_year");
        EXPECT_EQ(expiry.error().status(), 402);
    }
    EXPECT_EQ(Expiry::parse(6, 2026, in_july_2026).error().code(), "invalid_expiry_year");
}

}  // namespace
