#include "common/log.h"

#include <thread>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto.h"
#include "common/ids.h"
#include "common/process_counters.h"

namespace {

using namespace common;

std::string redacted(std::string line) {
    log::redact(line);
    return line;
}

TEST(Redactor, KeepsTheLastFourDigitsOfACardNumber) {
    EXPECT_EQ(redacted("pan 4242424242424242."), "pan ************4242.");
    EXPECT_EQ(redacted("4242 4242 4242 4242"), "**** **** **** 4242");
    EXPECT_EQ(redacted("4242-4242-4242-4242"), "****-****-****-4242");
    EXPECT_EQ(redacted("378282246310005"), "***********0005");
    EXPECT_EQ(redacted("3782 822463 10005"), "**** ****** *0005");
    EXPECT_EQ(redacted("5555555555554444"), "************4444");
    EXPECT_EQ(redacted("2223003122003222"), "************3222");
    EXPECT_EQ(redacted("6011111111111117"), "************1117");
    EXPECT_EQ(redacted("4222222222222"), "*********2222");              // 13 digits
    EXPECT_EQ(redacted("6304000000000000000"), "***************0000");  // 19 digits
}

TEST(Redactor, KnowsTheSeparatorsOfUrls) {
    EXPECT_EQ(redacted("q=4242+4242+4242+4242"), "q=****+****+****+4242");
    EXPECT_EQ(redacted("q=4242%204242%204242%204242&x"), "q=****%20****%20****%204242&x");
    EXPECT_EQ(redacted("4242%2D4242%2d4242-4242"), "****%2D****%2d****-4242");
    EXPECT_EQ(redacted("4242.4242.4242.4242"), "****.****.****.4242");
}

TEST(Redactor, FindsNumbersInsideOtherText) {
    EXPECT_EQ(redacted("{\"number\":\"4242424242424242\"}"), "{\"number\":\"************4242\"}");
    EXPECT_EQ(redacted("pan4242424242424242x"), "pan************4242x");
    EXPECT_EQ(redacted("track ;4242424242424242=25121010000000001?"),
              "track ;************4242=25121010000000001?");
    EXPECT_EQ(redacted("12 4242 4242 4242 4242 2025"), "12 **** **** **** 4242 2025");
    std::string two = "4242424242424242,5555555555554444";
    EXPECT_EQ(log::redact(two), 2U);
    EXPECT_EQ(two, "************4242,************4444");
}

TEST(Redactor, LeavesOtherNumbersAlone) {
    for (const char* line : {"4242424242424241",                 // check digit
                             "1764011814123",                    // milliseconds
                             "1764011814123456789",              // nanoseconds
                             "2026-11-24T19:16:54.123Z",         //
                             "amount 99999999 of 123456789012",  // twelve digits
                             "42424242424242424242",             // twenty digits
                             "4242 4242 4242  4242",             // two spaces
                             "4242/4242/4242/4242", "", "-", "4242-", "4242%", "4242%2"})
        EXPECT_EQ(redacted(line), line);
}

TEST(Redactor, MasksNoneOfAHundredThousandIdsAndAmounts) {
    std::size_t masked = 0;
    for (int i = 0; i < 100'000; ++i) {
        auto line = "{\"id\":\"" + new_id("pi_", new_account_id()) + "\",\"charge\":\"" +
                    new_id("ch_", AccountId{i}) + "\",\"amount\":\"" + std::to_string(i * 997L) +
                    "\",\"digest\":\"" + public_account_id(AccountId{i * 7919L}) + "\"}";
        masked += log::redact(line);
    }
    EXPECT_EQ(masked, 0U);
}

class LogTest : public testing::Test {
  protected:
    void SetUp() override {
        log::open("tester", "info");
        testing::internal::CaptureStderr();
    }
    void TearDown() override { log::open("tester", "info"); }
    static std::vector<boost::json::object> lines() {
        log::flush();
        std::istringstream captured{testing::internal::GetCapturedStderr()};
        std::vector<boost::json::object> found;
        for (std::string line; std::getline(captured, line);)
            found.push_back(boost::json::parse(line).as_object());
        return found;
    }
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
    log::info("payment created", {{"id", Safe::id("pi_1")}, {"amount", Safe::number(2000)}});
    log::write(log::Level::warning, "slow", {{"path", Safe::param("/v1/\"x\"\\")}}, "req_abc");
    const auto written = lines();
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[0].at("level"), "info");
    EXPECT_EQ(written[0].at("process"), "tester");
    EXPECT_EQ(written[0].at("event"), "payment created");
    EXPECT_EQ(written[0].at("id"), "pi_1");
    EXPECT_EQ(written[0].at("amount"), "2000");
    EXPECT_THAT(std::string{written[0].at("time").as_string()},
                testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"));
    EXPECT_EQ(written[1].at("request"), "req_abc");
    EXPECT_EQ(written[1].at("path"), "/v1/\"x\"\\");
}

TEST_F(LogTest, LeavesOutLevelsBelowTheConfiguredOne) {
    log::debug("quiet");
    log::open("tester", "error");
    log::warning("quiet");
    log::error("loud");
    const auto written = lines();
    ASSERT_EQ(written.size(), 1U);
    EXPECT_EQ(written[0].at("event"), "loud");
}

TEST_F(LogTest, CarriesAnErrorWithItsDetail) {
    log::failure("request failed", Error::internal("row {} is gone", {Safe::id("ch_1")}), "req_1");
    log::failure("request refused",
                 Error::invalid("parameter_missing", "amount", "Missing required param: amount."));
    const auto written = lines();
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[0].at("detail"), "row ch_1 is gone");
    EXPECT_EQ(written[0].at("status"), "500");
    EXPECT_EQ(written[0].at("level"), "error");
    EXPECT_EQ(written[1].at("param"), "amount");
    EXPECT_EQ(written[1].at("level"), "warning");
}

// PCI DSS 4.0.1: 3.5.1
TEST_F(LogTest, MasksACardNumberThatSlippedThroughAndCountsIt) {
    const auto before = process_counters().log_redactions.load();
    log::info("oops 4242 4242 4242 4242");  // a literal passes no check but the sink's
    const auto written = lines();
    ASSERT_EQ(written.size(), 1U);
    EXPECT_EQ(written[0].at("event"), "oops **** **** **** 4242");
    EXPECT_EQ(process_counters().log_redactions.load(), before + 1);
}

TEST_F(LogTest, KeepsLinesOfManyThreadsWhole) {
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([i] {
                for (int k = 0; k < 200; ++k)
                    log::info("busy", {{"thread", Safe::number(i)}, {"turn", Safe::number(k)}});
            });
    }
    EXPECT_EQ(lines().size(), 1600U);
}

}  // namespace
