// The parts of an export and an import: a card's line, a file that is whole or not there, and many tasks at a
// time.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/json.h"
#include "common/wait.h"
#include "support/process.h"
#include "unit/vault/access.h"
#include "vault/transfer/card_line.h"
#include "vault/transfer/crowd.h"
#include "vault/transfer/new_file.h"
#include "vault/transfer/package.h"

namespace {

using common::AccountId;
using common::crypto::Bytes;
using testing::HasSubstr;
using testing::Not;
using vault::cards::Pan;
using vault::transfer::CardLine;
using vault::transfer::NewFile;
namespace json = boost::json;

vault::store::CardRowPage::Entry entry() {
    vault::store::CardRowPage::Entry entry;
    entry.created = "2026-07-01";
    entry.row.scope = {AccountId{4711}, false, "vt_test_1"};
    entry.row.facts = {"vt_test_1",
                       "visa",
                       "4242",
                       "credit",
                       "US",
                       "5yqF",
                       1,
                       2030,
                       "optional",
                       "normal",
                       {{"order", "7\"7"}, {"name", "Zoë"}}};
    return entry;
}

std::string line_of(const vault::store::CardRowPage::Entry& card, const char* number = "4242424242424242") {
    return std::string{CardLine::write(card, {*Pan::parse(number), {9, 2031}}).view()};
}

TEST(CardLine, HoldsWhatAnotherVaultNeeds) {
    const auto line = line_of(entry());
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    const auto card = json::parse(line).as_object();
    EXPECT_EQ(card.at("token"), "vt_test_1");
    EXPECT_EQ(card.at("number"), "4242424242424242");
    EXPECT_EQ(card.at("exp_month"), 9) << "what was sealed, not what the row shows";
    EXPECT_EQ(card.at("exp_year"), 2031);
    EXPECT_EQ(card.at("brand"), "visa");
    EXPECT_EQ(card.at("funding"), "credit");
    EXPECT_EQ(card.at("country"), "US");
    EXPECT_EQ(card.at("fingerprint"), "5yqF");
    EXPECT_EQ(card.at("livemode"), false);
    EXPECT_EQ(card.at("created"), "2026-07-01");
    EXPECT_EQ(card.at("metadata").at("order"), "7\"7");
    EXPECT_EQ(card.size(), 11U);
}

TEST(CardLine, IsReadAsItWasWritten) {
    const auto read = CardLine::read(line_of(entry(), "371449635398431"));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->token, "vt_test_1");
    EXPECT_EQ(read->number.view(), "371449635398431");
    EXPECT_EQ(read->exp_month, 9);
    EXPECT_EQ(read->exp_year, 2031);
    EXPECT_EQ(read->metadata, (vault::cards::Metadata{{"order", "7\"7"}, {"name", "Zoë"}}));
    auto plain = entry();
    plain.row.facts.metadata.clear();
    plain.row.facts.country.clear();
    EXPECT_TRUE(CardLine::read(line_of(plain)));
}

TEST(CardLine, OfTheLargestMetadataFitsIntoAChunk) {
    auto card = entry();
    card.row.facts.metadata.clear();
    std::string key, value;
    for (int i = 0; i < 40; ++i)
        key += "\U0001F600";
    for (int i = 0; i < 500; ++i)
        value += "\U0001F600";
    for (char c = 'a'; c < 'a' + 20; ++c)
        card.row.facts.metadata[c + key.substr(4)] = value;
    EXPECT_LT(line_of(card).size(), vault::transfer::chunk_bytes_max);
}

// PCI DSS 4.0.1: 3.3.1
TEST(CardLine, HasNoSecurityCode) {
    EXPECT_THAT(line_of(entry()), Not(HasSubstr("cvc")));
    EXPECT_FALSE(
        CardLine::read(R"({"number":"4242424242424242","exp_month":9,"exp_year":2031,"cvc":"123"})"));
}

TEST(CardLine, IsRefusedWithTheNameOfWhatIsWrong) {
    const std::string good = R"({"token":"t_1","number":"4242424242424242","exp_month":9,"exp_year":2031})";
    ASSERT_TRUE(CardLine::read(good));
    const auto with = [&](const std::string& old, const std::string& replacement) {
        auto line = good;
        line.replace(line.find(old), old.size(), replacement);
        const auto read = CardLine::read(line);
        return read ? "taken" : read.error().param() + ' ' + read.error().message();
    };
    EXPECT_THAT(with(R"("number":"4242424242424242",)", ""), HasSubstr("number"));
    EXPECT_THAT(with(R"("4242424242424242")", "4242424242424242"), HasSubstr("number"));
    EXPECT_THAT(with(R"("exp_month":9)", R"("exp_month":"9")"), HasSubstr("exp_month"));
    EXPECT_THAT(with(R"(2031)", "99999"), HasSubstr("exp_year"));
    EXPECT_THAT(with(R"(2031)", R"(2031,"metadata":[])"), HasSubstr("metadata"));
    EXPECT_THAT(with(R"("token")", R"("tokens")"), HasSubstr("tokens"));
    EXPECT_THAT(with("t_1", "t 1"), HasSubstr("token"));
    EXPECT_FALSE(CardLine::read(""));
    EXPECT_FALSE(CardLine::read("[]"));
    EXPECT_FALSE(CardLine::read(good + good));
}

// PCI DSS 4.0.1: 3.5.1
TEST(CardLine, ShowsNoNumberThatStandsInThePlaceOfItsToken) {
    const auto read = CardLine::read(
        R"({"token":"4242424242424242","number":"4242424242424242","exp_month":9,"exp_year":2031})");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().describe(), Not(HasSubstr("4242424242")));
}

class NewFiles : public testing::TestWithParam<bool> {
  protected:
    NewFiles() {
        std::string pattern = (std::filesystem::temp_directory_path() / "new-file.XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        folder = pattern;
    }
    ~NewFiles() override { std::filesystem::remove_all(folder); }
    auto create() const { return NewFile::create(path(), GetParam()); }
    std::string path() const { return folder + "/out"; }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder},
                                                      std::filesystem::directory_iterator{}));
    }
    std::string folder;
    const Bytes content{'a', 'b', 'c'};
};
INSTANTIATE_TEST_SUITE_P(WithAndWithoutAName, NewFiles, testing::Bool());

TEST_P(NewFiles, AreThereOnceTheyArePublished) {
    {
        auto file = create();
        ASSERT_TRUE(file) << file.error().describe();
        ASSERT_TRUE(file->append(content));
        EXPECT_FALSE(std::filesystem::exists(path()));
        auto moved = std::move(*file);
        const auto published = moved.publish();
        ASSERT_TRUE(published) << published.error().describe();
    }
    EXPECT_EQ(support::content_of(path()), "abc");
    EXPECT_EQ(entries(), 1U);
    struct stat info{};
    ASSERT_EQ(::stat(path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_P(NewFiles, LeaveNothingWhenTheyAreGivenUp) {
    {
        auto file = create();
        ASSERT_TRUE(file && file->append(content));
    }
    EXPECT_EQ(entries(), 0U);
}

TEST_P(NewFiles, ReplaceNone) {
    auto late = create();
    ASSERT_TRUE(late);
    std::ofstream{path()} << "mine";
    EXPECT_FALSE(create());
    EXPECT_FALSE(late->publish());
    EXPECT_EQ(support::content_of(path()), "mine");
    EXPECT_FALSE(NewFile::create(folder + "/none/out", GetParam()));
}

common::Result<bool> run_crowd(std::size_t count, std::size_t most,
                               std::function<common::Task<bool>(std::size_t)> work) {
    return common::wait_for(vault::transfer::for_each_of(count, most, std::move(work)));
}

TEST(ManyTasks, RunSoManyAtATimeAndAllOfThem) {
    std::vector<int> done(100);
    int running = 0, highest = 0;
    const auto work = [&](std::size_t i) -> common::Task<bool> {
        highest = std::max(highest, ++running);
        boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor,
                                        std::chrono::microseconds{i % 7 * 100}};
        co_await pause.async_wait(boost::asio::use_awaitable);
        --running;
        ++done[i];
        co_return true;
    };
    ASSERT_TRUE(run_crowd(done.size(), 8, work));
    EXPECT_EQ(highest, 8);
    EXPECT_EQ(done, std::vector<int>(100, 1));
    EXPECT_TRUE(run_crowd(0, 8, work));
}

TEST(ManyTasks, EndWithTheFirstErrorWhenThoseUnderWayHaveEnded) {
    int begun = 0, ended = 0;
    const auto work = [&](std::size_t i) -> common::Task<bool> {
        ++begun;
        boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor,
                                        std::chrono::milliseconds{i == 0 ? 0 : 20}};
        co_await pause.async_wait(boost::asio::use_awaitable);
        ++ended;
        if (i == 0) co_return common::Fail{common::Error::internal("the first one fails")};
        co_return true;
    };
    const auto done = run_crowd(100, 4, work);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().log_detail(), "the first one fails");
    EXPECT_EQ(begun, 4);
    EXPECT_EQ(ended, 4);
}

}  // namespace
