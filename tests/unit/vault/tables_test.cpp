#include <gtest/gtest.h>

#include "vault/cards/bin_table.h"
#include "vault/cards/sandbox_cards.h"

namespace {

using vault::cards::BinTable;
using vault::cards::Pan;
using vault::cards::SandboxCards;

SandboxCards shipped_cards() {
    auto table = SandboxCards::load(PORTCULLIS_CARDS "/sandbox_cards.json");
    if (!table) throw std::runtime_error{table.error().describe()};
    return std::move(*table);
}

struct Traits {
    const char* id;
    const char* number;
    const char* authentication;
    const char* risk;
};

TEST(SandboxCardTable, KnowsTheMerchantApisTestIds) {
    const auto table = shipped_cards();
    const Traits expected[] = {
        {"pm_card_visa", "4242424242424242", "optional", "normal"},
        {"tok_visa", "4242424242424242", "optional", "normal"},
        {"pm_card_amex", "378282246310005", "optional", "normal"},
        {"pm_card_chargeDeclined", "4000000000000002", "optional", "normal"},
        {"pm_card_visa_chargeDeclinedInsufficientFunds", "4000000000009995", "optional", "normal"},
        {"pm_card_authenticationRequired", "4000002760003184", "required", "normal"},
        {"pm_card_authenticationRequiredOnSetup", "4000002500003155", "required_unless_set_up", "normal"},
        {"pm_card_authenticationRequiredSetupForOffSession", "4000003800000446", "required_on_session",
         "normal"},
        {"pm_card_threeDSecure2Required", "4000000000003220", "required", "normal"},
        {"pm_card_threeDSecureOptional", "4000000000003055", "optional", "normal"},
        {"pm_card_radarBlock", "4100000000000019", "optional", "blocked"},
        {"pm_card_riskLevelHighest", "4000000000004954", "optional", "highest"},
        {"pm_card_riskLevelElevated", "4000000000009235", "optional", "elevated"},
        {"pm_card_gb", "4000008260000000", "optional", "normal"},
    };
    for (const auto& row : expected) {
        const auto* card = table.find(row.id);
        ASSERT_NE(card, nullptr) << row.id;
        EXPECT_EQ(card->number, row.number) << row.id;
        EXPECT_EQ(card->authentication, row.authentication) << row.id;
        EXPECT_EQ(card->risk, row.risk) << row.id;
        EXPECT_EQ(table.find(*Pan::parse(row.number)), card) << row.id;
    }
    EXPECT_EQ(table.find("pm_card_nonsense"), nullptr);
}

TEST(SandboxCardTable, TellsTestNumbersFromRealOnes) {
    const auto table = shipped_cards();
    for (const char* number :
         {"4242424242424242", "4000000000000002", "5200828282828210", "4000000000000051"})
        EXPECT_TRUE(table.is_test_number(*Pan::parse(number))) << number;
    for (const char* number :
         {"4539578763621486", "5425233430109903", "374245455400126", "4929420573595709"}) {
        const auto pan = Pan::parse(number);
        ASSERT_TRUE(pan) << number;
        EXPECT_FALSE(table.is_test_number(*pan)) << number;
    }
}

TEST(SandboxCardTable, NamesTheEntryThatIsWrong) {
    const auto with_card = [](const std::string& card) {
        return SandboxCards::parse(
            R"({"test_ranges": ["400000"], "default_expiry": {"month": 12, "years_ahead": 3},
            "security_codes": {"3": "123", "4": "1234"}, "cards": [)" +
            card + "]}");
    };
    ASSERT_TRUE(with_card(R"({"number": "4242424242424242", "ids": ["a"]})"));
    for (const char* wrong : {R"({"ids": []})", R"({"number": "4242424242424241", "ids": []})",
                              R"({"number": "4242 4242 4242 4242", "ids": []})", R"("4242424242424242")",
                              R"({"number": "4242424242424242", "colour": "red"})",
                              R"({"number": "4242424242424242", "risk": "none"})",
                              R"({"number": "4242424242424242", "authentication": 1})",
                              R"({"number": "4242424242424242", "ids": ["a", "a"]})",
                              R"({"number": "4242424242424242", "ids": [7]})"}) {
        const auto table = with_card(wrong);
        ASSERT_FALSE(table) << wrong;
        EXPECT_NE(table.error().log_detail().find("card 1"), std::string::npos) << wrong;
    }
    EXPECT_FALSE(with_card(R"({"number": "4242424242424242"}, {"number": "4242424242424242"})"));
    for (const char* text :
         {"", "[]", "{}", R"({"test_ranges": []})", R"({"test_ranges": ["4"], "cards": []})"})
        EXPECT_FALSE(SandboxCards::parse(text)) << text;
    EXPECT_FALSE(SandboxCards::load("/nonexistent"));
}

TEST(BinTable, LetsTheLongestPrefixDecide) {
    const auto table =
        BinTable::parse(R"({"bins": [{"prefix": "400000", "funding": "credit", "country": "US"},
        {"prefix": "400000826", "funding": "debit", "country": "GB"}]})");
    ASSERT_TRUE(table);
    EXPECT_EQ(table->facts_of(*Pan::parse("4000008260000000")).country, "GB");
    EXPECT_EQ(table->facts_of(*Pan::parse("4000008260000000")).funding, "debit");
    EXPECT_EQ(table->facts_of(*Pan::parse("4000000000000002")).country, "US");
    EXPECT_EQ(table->facts_of(*Pan::parse("4242424242424242")).funding, "unknown");
    EXPECT_EQ(table->facts_of(*Pan::parse("4242424242424242")).country, "");
}

TEST(BinTable, RefusesWhatItDoesNotKnow) {
    for (const char* bin : {R"({"prefix": "4x", "funding": "credit", "country": "US"})",
                            R"({"prefix": "4", "funding": "credit", "country": "US"})",
                            R"({"prefix": "400000", "funding": "gold", "country": "US"})",
                            R"({"prefix": "400000", "funding": "debit", "country": "usa"})", "7"})
        EXPECT_FALSE(BinTable::parse(std::string{R"({"bins": [)"} + bin + "]}")) << bin;
}

TEST(BinTable, ShipsWithFactsForTheTestCards) {
    const auto table = BinTable::load(PORTCULLIS_CARDS "/bins.json");
    ASSERT_TRUE(table) << table.error().describe();
    EXPECT_EQ(table->facts_of(*Pan::parse("4242424242424242")).country, "US");
    EXPECT_EQ(table->facts_of(*Pan::parse("4000056655665556")).funding, "debit");
    EXPECT_EQ(table->facts_of(*Pan::parse("5105105105105100")).funding, "prepaid");
}

}  // namespace
