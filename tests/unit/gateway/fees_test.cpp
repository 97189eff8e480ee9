#include "gateway/ledger/fees.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace gateway::ledger {
namespace {

using common::Currency;
using common::Money;

const Currency eur = *Currency::find("eur"), jpy = *Currency::find("jpy");

PriceList prices(std::int64_t basis_points, std::int64_t fixed) {
    PriceList list;
    list.basis_points = basis_points;
    list.fixed = fixed;
    return list;
}

TEST(Fees, AreAShareAndAFixedPart) {
    EXPECT_EQ(fee_of({10'000, eur}, {}), 175);
    EXPECT_EQ(fee_of({1'999, eur}, {}), 55) << "29.985 + 25";
    EXPECT_EQ(fee_of({2'000, eur}, prices(290, 30)), 88);
    EXPECT_EQ(fee_of({500, eur}, prices(0, 0)), 0);
}

TEST(Fees, RoundHalfAMinorUnitUp) {
    EXPECT_EQ(fee_of({99, eur}, prices(50, 0)), 0) << "0.495";
    EXPECT_EQ(fee_of({100, eur}, prices(50, 0)), 1) << "0.5";
    EXPECT_EQ(fee_of({299, eur}, prices(50, 0)), 1) << "1.495";
    EXPECT_EQ(fee_of({300, eur}, prices(50, 0)), 2) << "1.5";
}

TEST(Fees, HaveAFixedPartOfTheirOwnInSomeCurrencies) {
    auto list = prices(100, 25);
    list.fixed_in["jpy"] = 40;
    EXPECT_EQ(fee_of({1'000, eur}, list), 35);
    EXPECT_EQ(fee_of({1'000, jpy}, list), 50);
}

TEST(Fees, NeverExceedTheAmount) {
    for (std::int64_t amount = 1; amount <= 25; ++amount)
        EXPECT_EQ(fee_of({amount, eur}, {}), amount);
    EXPECT_EQ(fee_of({26, eur}, {}), 25);
    EXPECT_EQ(fee_of({1'000, eur}, prices(basis_points_max, 1'000'000)), 1'000);
}

// Against arithmetic in 128 bits, over amounts of every size.
TEST(Fees, AreExactMonotoneAndWithinTheAmount) {
    std::mt19937_64 random{20'261'126};
    for (int i = 0; i < 20'000; ++i) {
        const auto list = prices(static_cast<std::int64_t>(random() % (basis_points_max + 1)),
                                 static_cast<std::int64_t>(random() % 1'000'000));
        const auto bits = random() % 63;
        const auto amount =
            1 + static_cast<std::int64_t>(random() >> 1 >> bits) % std::numeric_limits<std::int64_t>::max();
        const auto fee = fee_of({amount, eur}, list);
        __extension__ typedef __int128 Wide;  // NOLINT(modernize-use-using)
        const auto share = (static_cast<Wide>(amount) * list.basis_points + 5'000) / 10'000;
        const auto exact = std::min<Wide>(amount, share + list.fixed);
        ASSERT_EQ(fee, static_cast<std::int64_t>(exact)) << amount << " at " << list.basis_points;
        ASSERT_GE(fee, 0);
        ASSERT_LE(fee, amount);
        if (amount == std::numeric_limits<std::int64_t>::max()) continue;
        const auto next = fee_of({amount + 1, eur}, list);
        ASSERT_GE(next, fee) << "more captured costs no less";
        ASSERT_LE(next - fee, 1) << "and leaves no less: net is monotone too";
    }
}

}  // namespace
}  // namespace gateway::ledger
