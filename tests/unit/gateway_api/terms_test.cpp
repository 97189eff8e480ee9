#include "gateway/api/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/api/app.h"

namespace gateway::api {
namespace {

common::Config config_of(const std::vector<std::string>& settings) {
    std::vector<common::ConfigKey> keys;
    for (const auto& key : config_keys())
        if (key.name.starts_with("fees.") || key.name.starts_with("settlement.") ||
            key.name.starts_with("payouts."))
            keys.push_back(key);
    return common::Config::load(keys, {"", settings}).value();
}

TEST(TermsOfTheConfiguration, AreTheDefaultsOfTheCode) {
    const auto terms = terms_of(config_of({})).value();
    const ledger::Terms standard;
    EXPECT_EQ(terms.prices.basis_points, standard.prices.basis_points);
    EXPECT_EQ(terms.prices.fixed, standard.prices.fixed);
    EXPECT_TRUE(terms.prices.fixed_in.empty());
    EXPECT_EQ(terms.settlement_days, standard.settlement_days);
}

TEST(TermsOfTheConfiguration, NameSingleCurrencies) {
    const auto terms =
        terms_of(config_of({"fees.fixed_by_currency=JPY=40, usd=0", "settlement.days=7"})).value();
    EXPECT_EQ(terms.prices.fixed_of(*common::Currency::find("jpy")), 40);
    EXPECT_EQ(terms.prices.fixed_of(*common::Currency::find("usd")), 0);
    EXPECT_EQ(terms.prices.fixed_of(*common::Currency::find("eur")), 25);
    EXPECT_EQ(terms.settlement_days, 7);
}

TEST(TermsOfTheConfiguration, AreRefusedByTheEntryThatIsNone) {
    for (const char* bad : {"jpy", "jpy=", "jpy=x", "jpy=-1", "jpy=1.5", "xxx=1", "=1", "jpy=1000000001"}) {
        const auto terms = terms_of(config_of({std::string{"fees.fixed_by_currency=eur=1,"} + bad}));
        ASSERT_FALSE(terms) << bad;
        EXPECT_THAT(terms.error().log_detail(), testing::HasSubstr(bad));
    }
    EXPECT_THAT(terms_of(config_of({"fees.fixed_by_currency=eur=1,EUR=2"})).error().log_detail(),
                testing::HasSubstr("two entries for eur"));
}

TEST(PayoutTermsOfTheConfiguration, HaveNoBankUnlessOneIsNamed) {
    const auto terms = payout_terms_of(config_of({})).value();
    const payouts::Terms standard;
    EXPECT_FALSE(terms.serves(false));
    EXPECT_FALSE(terms.serves(true));
    EXPECT_EQ(terms.days, standard.days);
    EXPECT_EQ(terms.instant_minutes, standard.instant_minutes);
    EXPECT_EQ(terms.hold_minutes, standard.hold_minutes);
}

TEST(PayoutTermsOfTheConfiguration, HaveTheSandboxBankForTestModeOnly) {
    const auto terms = payout_terms_of(config_of({"payouts.bank=sandbox", "payouts.days=3"})).value();
    EXPECT_TRUE(terms.serves(false));
    EXPECT_FALSE(terms.serves(true));
    EXPECT_EQ(terms.days, 3);
    EXPECT_THAT(payout_terms_of(config_of({"payouts.bank=mattress"})).error().log_detail(),
                testing::HasSubstr("mattress"));
}

}  // namespace
}  // namespace gateway::api
