#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST(BinTable, TakesRangesOfFourToTwelveDigits) {
    const auto table = BinTable::parse(R"({"bins": [
        {"first": "222100", "last": "272099", "brand": "mastercard", "funding": "credit"},
        {"first": "22230000", "last": "22239999", "funding": "prepaid", "country": "FR"},
        {"prefix": "222300311111", "country": "DE"},
        {"prefix": "9999", "brand": "jcb"}]})");
    ASSERT_TRUE(table) << table.error().describe();
    EXPECT_EQ(table->size(), 4U);
    const auto facts = [&](const char* number) { return table->facts_of(*Pan::parse(number)); };
    EXPECT_EQ(facts("2223003122003222").funding, "prepaid") << "eight digits tell more than six";
    EXPECT_EQ(facts("2223003122003222").brand, "") << "what the longest says not is not known";
    EXPECT_EQ(facts("2223003111111119").country, "DE");
    EXPECT_EQ(facts("2720992000000003").brand, "mastercard") << "the last of its range";
    EXPECT_EQ(facts("2720999999999996").brand, "mastercard");
    EXPECT_EQ(facts("5555555555554444").brand, "");
    EXPECT_EQ(facts("5555555555554444").funding, "unknown");
}

TEST(BinTable, NamesTheLineThatIsWrong) {
    const char* const wrong[] = {
        R"({"prefix": "4x00", "funding": "credit", "country": "US"})",
        R"({"prefix": "4", "funding": "credit", "country": "US"})",
        R"({"prefix": "4000000000000", "funding": "credit"})",
        R"({"prefix": "400000", "funding": "gold", "country": "US"})",
        R"({"prefix": "400000", "funding": "debit", "country": "usa"})",
        R"({"prefix": "400000", "brand": "Visa"})",
        R"({"prefix": "400000", "colour": "red"})",
        R"({"prefix": "400000", "first": "400000", "last": "400001"})",
        R"({"first": "400000"})",
        R"({"first": "400000", "last": "40000100"})",
        R"({"first": "400001", "last": "400000"})",
        R"({"prefix": 400000})",
        R"({"prefix": "424200"})",
        R"({"first": "424100", "last": "424299"})",
        R"({})",
        "7",
        R"(["400000"])",
    };
    for (const auto* entry : wrong) {
        const auto table =
            BinTable::parse("{\"bins\": [\n{\"prefix\": \"424200\", \"country\": \"US\"},\n  " +
                            std::string{entry} + ",\n{\"prefix\": \"360000\"}\n]}");
        ASSERT_FALSE(table) << entry;
        EXPECT_NE(table.error().log_detail().find("line 3:"), std::string::npos)
            << entry << ": " << table.error().log_detail();
    }
    const auto broken = BinTable::parse("{\"bins\": [\n{\"prefix\": \"424200\"},\n{\"prefix\" \"4\"}\n]}");
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().log_detail().find("line 3:"), std::string::npos) << broken.error().log_detail();
    for (const char* text : {"", "[]", "{}", R"({"bins": 7})", R"({"bins": [], "more": 1})"})
        EXPECT_FALSE(BinTable::parse(text)) << text;
}

TEST(BinTable, HasAnEnd) {
    std::string text = R"({"bins": [{"prefix": "100000000000"})";
    for (std::size_t i = 1; i <= BinTable::entries_max; ++i)
        text += ",{\"prefix\":\"" + std::to_string(100'000'000'000 + i) + "\"}";
    text += "]}";
    EXPECT_FALSE(BinTable::parse(text)) << "one too many";
}

TEST(LiveBinTable, KeepsWhatItHasWhenTheFileIsWrong) {
    const std::string path = testing::TempDir() + "/bins_" + std::to_string(::getpid()) + ".json";
    const auto write = [&](const char* text) { std::ofstream{path} << text; };
    vault::cards::LiveBinTable live{*BinTable::parse(R"({"bins": [{"prefix": "424242", "country": "US"}]})")};
    const auto country = [&] { return live.current()->facts_of(*Pan::parse("4242424242424242")).country; };
    write(R"({"bins": [{"prefix": "424242", "country": "usa"}]})");
    EXPECT_FALSE(live.reload(path));
    EXPECT_EQ(country(), "US");
    const auto held = live.current();
    write(R"({"bins": [{"prefix": "424242", "country": "FR"}]})");
    ASSERT_TRUE(live.reload(path));
    EXPECT_EQ(country(), "FR");
    EXPECT_EQ(held->facts_of(*Pan::parse("4242424242424242")).country, "US") << "a request keeps its table";
    EXPECT_FALSE(live.reload("/nonexistent"));
    std::filesystem::remove(path);
}

TEST(BinTable, ShipsWithFactsForTheTestCards) {
    const auto table = BinTable::load(PORTCULLIS_CARDS "/bins.json");
    ASSERT_TRUE(table) << table.error().describe();
    EXPECT_EQ(table->facts_of(*Pan::parse("4242424242424242")).country, "US");
    EXPECT_EQ(table->facts_of(*Pan::parse("4000056655665556")).funding, "debit");
    EXPECT_EQ(table->facts_of(*Pan::parse("5105105105105100")).funding, "prepaid");
}

}  // namespace
