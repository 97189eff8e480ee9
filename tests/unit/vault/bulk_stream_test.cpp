#include "vault/api/bulk_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/wait.h"

namespace {

using common::Error;
using common::Fail;
using common::Task;
using testing::ElementsAre;
using testing::HasSubstr;
using vault::api::BulkStream;
using vault::cards::BulkLines;
using vault::cards::BulkScope;
using vault::cards::LineResult;

// Hands out the given parts, and keeps what is written.
struct StreamDouble final : common::http::BodyStream {
    std::deque<std::string> parts;
    bool cut_off = false, ending = false;
    std::string written;

    bool stopping() const override { return ending; }

    Task<bool> read(common::SecretText& into) override {
        if (parts.empty() && cut_off) co_return Fail{Error::unavailable("gone")};
        if (parts.empty()) co_return false;
        into.append(parts.front());
        parts.pop_front();
        co_return true;
    }
    Task<bool> write(std::string_view part) override {
        written += part;
        co_return true;
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::istringstream text{written};
        for (std::string line; std::getline(text, line);)
            all.push_back(line);
        return all;
    }
};

// A card whose last four are those of its number; how many chunks it was given at once.
struct VaultDouble final : vault::cards::BulkVault {
    std::vector<std::pair<std::int64_t, std::size_t>> chunks;
    std::optional<Error> failure;
    std::int64_t fails_from = INT64_MAX;
    int under_way = 0, under_way_most = 0;

    Task<std::vector<LineResult>> store(BulkScope, BulkLines lines, common::Deadline) override {
        under_way_most = std::max(under_way_most, ++under_way);
        boost::asio::steady_timer turn{co_await boost::asio::this_coro::executor,
                                       std::chrono::milliseconds{1}};
        co_await turn.async_wait(boost::asio::use_awaitable);
        --under_way;
        if (failure && lines.first >= fails_from) co_return Fail{*failure};
        chunks.emplace_back(lines.first, lines.lines.size());
        std::vector<LineResult> results;
        for (const auto& line : lines.lines) {
            if (!line) {
                results.emplace_back(Fail{line.error()});
                continue;
            }
            vault::cards::CardFacts facts;
            facts.token = "vt_test_x";
            facts.last4 = line->number.view().substr(12);
            results.emplace_back(facts);
        }
        co_return results;
    }
};

std::string line(int number) {
    auto last4 = std::to_string(10000 + number % 10000).substr(1);
    return R"({"number":"424242424242)" + last4 + R"(","exp_month":12,"exp_year":2034})" + "\n";
}

std::string lines(int count) {
    std::string text;
    for (int i = 1; i <= count; ++i)
        text += line(i);
    return text;
}

struct Bulk : testing::Test {
    StreamDouble stream;
    VaultDouble vault;

    common::Result<bool> run(std::int64_t first_line = 1, std::string name = "bulk") {
        BulkStream bulk{vault,
                        stream,
                        {common::AccountId{1}, false, first_line},
                        {common::AccountId{1}, false, std::move(name)}};
        if (const auto good = bulk.check(); !good) return Fail{good.error()};
        return common::wait_for(bulk.run());
    }
    void feed(const std::string& text, std::size_t part) {
        for (std::size_t at = 0; at < text.size(); at += part)
            stream.parts.push_back(text.substr(at, part));
    }
};

TEST_F(Bulk, SaysOfEachLineWhatBecameOfIt) {
    feed(line(7) + "{]\n" + R"({"number":"4242424242424242","exp_month":12,"exp_year":2034,"cvc":"123"})" +
             "\n[]\n" + line(8),
         1000);
    ASSERT_TRUE(run());
    const auto all = stream.lines();
    ASSERT_EQ(all.size(), 6U);
    EXPECT_THAT(all[0], HasSubstr(R"("line":1,"card":{"token":"vt_test_x")"));
    EXPECT_THAT(all[0], HasSubstr(R"("last4":"0007")"));
    EXPECT_THAT(all[1], HasSubstr(R"({"line":2,"error":)"));
    EXPECT_THAT(all[2], HasSubstr("cvc")) << "there is no place where it could wait";
    EXPECT_THAT(all[3], HasSubstr(R"({"line":4,"error":)"));
    EXPECT_THAT(all[4], HasSubstr(R"("last4":"0008")"));
    EXPECT_EQ(all[5], R"({"done":true,"stored":2,"refused":3})");
}

TEST_F(Bulk, GivesTheSameAnswerHoweverTheBytesArrive) {
    const auto text = lines(1203);
    feed(text, text.size());
    ASSERT_TRUE(run());
    const auto whole = std::exchange(stream.written, {});
    EXPECT_THAT(vault.chunks,
                ElementsAre(std::pair{1L, 500UL}, std::pair{501L, 500UL}, std::pair{1001L, 203UL}));
    for (const std::size_t part : {1UL, 7UL, 61UL, 4096UL, 50'000UL}) {
        vault.chunks.clear();
        feed(text, part);
        ASSERT_TRUE(run());
        EXPECT_EQ(std::exchange(stream.written, {}), whole) << part;
        EXPECT_EQ(vault.chunks.size(), 3U);
    }
    feed(text.substr(0, text.size() - 1), 999);
    ASSERT_TRUE(run());
    EXPECT_EQ(stream.written, whole) << "the last line needs no end";
}

TEST_F(Bulk, HasNoMoreThanTwoChunksInHand) {
    feed(lines(5000), 1 << 20);
    ASSERT_TRUE(run());
    EXPECT_EQ(vault.under_way_most, 2);
    EXPECT_EQ(stream.lines().back(), R"({"done":true,"stored":5000,"refused":0})");
}

TEST_F(Bulk, CountsFromTheLineThatItIsGiven) {
    feed(line(1), 100);
    ASSERT_TRUE(run(1001));
    EXPECT_THAT(stream.lines()[0], HasSubstr(R"("line":1001,)"));
    EXPECT_EQ(run(2).error().param(), "first_line") << "chunks would not be those of the first time";
    EXPECT_EQ(run(9223372036854775501).error().param(), "first_line");
    for (const std::string name : {"", "a b", "a/b", "ä"})
        EXPECT_EQ(run(1, name).error().param(), "name");
    EXPECT_EQ(run(1, std::string(65, 'a')).error().status(), 400);
    EXPECT_TRUE(run(1, std::string(64, 'a')));
}

TEST_F(Bulk, StoresNothingOfAChunkThatDidNotArriveWhole) {
    feed(lines(700), 4096);
    stream.cut_off = true;
    EXPECT_FALSE(run());
    for (const auto& [first, size] : vault.chunks)
        EXPECT_EQ(std::pair(first, size), std::pair(1L, 500UL));
}

TEST_F(Bulk, EndsAtTheFirstChunkThatCannotBeStored) {
    vault.failure = Error::unavailable("no database");
    vault.fails_from = 501;
    feed(lines(3000), 1 << 20);
    const auto done = run();
    ASSERT_TRUE(done);
    EXPECT_FALSE(*done);
    const auto all = stream.lines();
    ASSERT_EQ(all.size(), 501U);
    EXPECT_THAT(all.back(), HasSubstr(R"("line":501,"error":)"));
    EXPECT_THAT(all.back(), HasSubstr(R"("done":false)"));
}

TEST_F(Bulk, AnswersWhatItStoredBeforeALineThatIsTooLong) {
    feed(lines(700) + std::string(20'000, ' '), 4096);
    ASSERT_TRUE(run());
    const auto all = stream.lines();
    ASSERT_EQ(all.size(), 501U);
    EXPECT_THAT(all[499], HasSubstr(R"("line":500,"card")"));
    EXPECT_THAT(all.back(), HasSubstr(R"({"line":501,"error":)")) << "from here on nothing was stored";
    EXPECT_THAT(all.back(), HasSubstr("Line 701 is longer than 16384 bytes."));
    EXPECT_THAT(vault.chunks, ElementsAre(std::pair{1L, 500UL}));
}

TEST_F(Bulk, AnswersWhatItStoredBeforeItWasCutOff) {
    feed(lines(700), 4096);
    stream.cut_off = true;
    EXPECT_FALSE(run());
    EXPECT_EQ(stream.lines().size(), 500U);
}

TEST_F(Bulk, EndsInGoodOrderWhenTheVaultStops) {
    feed(lines(5000), 4096);
    stream.ending = true;
    const auto done = run();
    ASSERT_TRUE(done);
    EXPECT_FALSE(*done);
    EXPECT_THAT(stream.lines().back(), HasSubstr(R"({"line":1,"error":)"));
    EXPECT_THAT(stream.lines().back(), HasSubstr(R"("done":false)"));
}

TEST_F(Bulk, RefusesALineWithoutEnd) {
    feed(line(1) + std::string(20'000, ' '), 4096);
    ASSERT_TRUE(run());
    EXPECT_THAT(stream.lines().back(), HasSubstr("Line 2 is longer than 16384 bytes."));
    EXPECT_THAT(vault.chunks, ElementsAre());
}

TEST_F(Bulk, MayBeEmpty) {
    ASSERT_TRUE(run());
    EXPECT_THAT(stream.lines(), ElementsAre(R"({"done":true,"stored":0,"refused":0})"));
}

}  // namespace
