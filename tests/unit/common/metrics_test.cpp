#include "common/metrics.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/process_counters.h"
#include "support/scrape.h"

namespace {

using namespace common;
using namespace std::chrono_literals;
using support::scrape;
using testing::HasSubstr;

TEST(Metrics, ServesWhatWasCountedOnLoopback) {
    Metrics metrics;
    metrics.count("requests_total", {{"route", "/v1/x"}, {"status", "200"}});
    metrics.count("requests_total", {{"route", "/v1/x"}, {"status", "200"}}, 2);
    metrics.count("requests_total", {{"route", "/v1/x"}, {"status", "500"}});
    metrics.gauge("open_connections", 7);
    metrics.gauge("open_connections", 5);
    metrics.observe("request_seconds", 30ms, {{"route", "/v1/x"}});
    ++process_counters().escaped_exceptions;
    const auto text = scrape(metrics.serve(0).value());
    EXPECT_THAT(text, HasSubstr("requests_total{route=\"/v1/x\",status=\"200\"} 3"));
    EXPECT_THAT(text, HasSubstr("requests_total{route=\"/v1/x\",status=\"500\"} 1"));
    EXPECT_THAT(text, HasSubstr("open_connections 5"));
    EXPECT_THAT(text, HasSubstr("request_seconds_bucket{route=\"/v1/x\",le=\"0.025\"} 0"));
    EXPECT_THAT(text, HasSubstr("request_seconds_bucket{route=\"/v1/x\",le=\"0.05\"} 1"));
    EXPECT_THAT(text, HasSubstr("request_seconds_count{route=\"/v1/x\"} 1"));
    EXPECT_THAT(text, HasSubstr("log_redactions_total"));
    EXPECT_THAT(text, HasSubstr("exceptions_total"));
}

TEST(Metrics, TellsCounterValues) {
    Metrics metrics;
    EXPECT_EQ(metrics.counter_value("x_total"), 0);
    metrics.count("x_total");
    metrics.count("x_total", {{"a", "b"}}, 4);
    EXPECT_EQ(metrics.counter_value("x_total"), 1);
    EXPECT_EQ(metrics.counter_value("x_total", {{"a", "b"}}), 4);
}

TEST(Metrics, CountsFromManyThreads) {
    Metrics metrics;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                for (int k = 0; k < 1000; ++k)
                    metrics.count("busy_total", {{"parity", k % 2 == 0 ? "even" : "odd"}});
            });
    }
    EXPECT_EQ(metrics.counter_value("busy_total", {{"parity", "even"}}), 4000);
}

TEST(Metrics, StopsMakingSeriesWhenLabelsRunWild) {
    Metrics metrics;
    for (int i = 0; i < 2000; ++i)
        metrics.count("wild_total", {{"value", std::to_string(i)}});
    EXPECT_EQ(metrics.counter_value("wild_total", {{"value", "999"}}), 1);
    EXPECT_EQ(metrics.counter_value("wild_total", {{"value", "1000"}}), 0);
}

TEST(Metrics, SaysWhichPortIsTaken) {
    Metrics first, second;
    const auto port = first.serve(0).value();
    const auto refused = second.serve(port);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().log_detail(), HasSubstr(std::to_string(port)));
}

}  // namespace
