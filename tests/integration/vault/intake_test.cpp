// New cards that are stored together: each caller gets the card that he brought, and nobody another's error.
#include <gmock/gmock.h>

#include "integration/vault/service.h"

namespace {

using namespace std::chrono_literals;

using testing::HasSubstr;
using vault_test::AccountId;
using vault_test::Cause;
using vault_test::Deadline;
using vault_test::NewCardInput;
using vault_test::PanTestAccess;
using vault_test::value_of;
using vault_test::wait_for;
namespace asio = boost::asio;

std::string number_of(int i) {
    auto digits = std::to_string(424242000000000 + i);
    int sum = 0;
    for (std::size_t at = 0; at < digits.size(); ++at) {
        int digit = digits[digits.size() - 1 - at] - '0';
        if (at % 2 == 0 && (digit *= 2) > 9) digit -= 9;
        sum += digit;
    }
    return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

class CardsTogether : public vault_test::CardsTest {
  protected:
    using Answer = common::Result<vault::cards::NewCardResult>;
    // All at once, from one thread.
    std::vector<Answer> store_all(std::vector<NewCardInput> inputs) {
        std::vector<Answer> answers(inputs.size());
        asio::io_context io;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            asio::co_spawn(io, vault->cards.store(std::move(inputs[i]), Deadline::in(10s)),
                           [&answers, i](const std::exception_ptr& thrown, Answer answer) {
                               if (thrown) std::rethrow_exception(thrown);
                               answers[i] = std::move(answer);
                           });
        io.run();
        return answers;
    }
    std::vector<NewCardInput> many(int count, AccountId owner = AccountId{4711}) {
        std::vector<NewCardInput> inputs;
        for (int i = 0; i < count; ++i)
            inputs.push_back(typed(number_of(i), owner));
        return inputs;
    }
    double commits() const {
        return metrics.counter_value("db_transactions_total", {{"result", "committed"}});
    }
};

TEST_F(CardsTogether, KeepToThoseWhoBroughtThem) {
    const auto answers = store_all(many(300));
    for (int i = 0; i < 300; ++i) {
        const auto& answer = answers[static_cast<std::size_t>(i)];
        ASSERT_TRUE(answer) << answer.error().describe();
        const auto opened = open(answer->facts.token, answer->cvc_handle);
        ASSERT_TRUE(opened) << opened.error().describe();
        EXPECT_EQ(PanTestAccess::digits(opened->pan), number_of(i));
        EXPECT_TRUE(opened->cvc);
        EXPECT_EQ(answer->facts.last4, number_of(i).substr(12));
    }
    EXPECT_EQ(vault->trail.count("card.create"), 300U);
}

TEST_F(CardsTogether, ShareTransactionsAndCallsOfTheHsm) {
    ASSERT_TRUE(store(typed()));
    const auto before = commits();
    const auto signs =
        metrics.counter_value("hsm_calls_total", {{"function", "C_GenerateRandom"}, {"result", "CKR_OK"}});
    const auto answers = store_all(many(256));
    for (const auto& answer : answers)
        ASSERT_TRUE(answer);
    EXPECT_LT(commits() - before, 64) << "256 cards";
    EXPECT_LT(
        metrics.counter_value("hsm_calls_total", {{"function", "C_GenerateRandom"}, {"result", "CKR_OK"}}) -
            signs,
        16);
    EXPECT_EQ(count("card"), "257");
    EXPECT_EQ(count("card_key"), "257");
}

TEST_F(CardsTogether, AreOfDifferentAccountsAndModesWithoutMixingThem) {
    auto inputs = many(20);
    for (const auto owner : {AccountId{4712}, AccountId{4713}})
        for (auto& input : many(20, owner))
            inputs.push_back(std::move(input));
    const auto answers = store_all(std::move(inputs));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        ASSERT_TRUE(answers[i]);
        const AccountId owner{4711 + static_cast<std::int64_t>(i / 20)};
        EXPECT_TRUE(open(answers[i]->facts.token, "", owner));
        EXPECT_FALSE(open(answers[i]->facts.token, "", AccountId{owner.value + 1}));
    }
}

TEST_F(CardsTogether, AreRefusedOneByOne) {
    auto inputs = many(10);
    inputs[3].number = common::SecretText{"4242424242424241"};
    inputs[7].exp_month = 13;
    const auto answers = store_all(std::move(inputs));
    for (std::size_t i = 0; i < answers.size(); ++i)
        EXPECT_EQ(answers[i].has_value(), i != 3 && i != 7) << i;
    EXPECT_EQ(count("card"), "8");
}

// A fault that only one row has: the table takes no card with these last four digits.
TEST_F(CardsTogether, AreStoredWithoutTheOneThatCannotBe) {
    tamper("ALTER TABLE card ADD CONSTRAINT no_elevens CHECK (last4 <> '" + number_of(11).substr(12) + "')");
    const auto answers = store_all(many(20));
    tamper("ALTER TABLE card DROP CONSTRAINT no_elevens");
    for (std::size_t i = 0; i < answers.size(); ++i)
        EXPECT_EQ(answers[i].has_value(), i != 11) << i;
    EXPECT_EQ(answers[11].error().status(), 500);
    EXPECT_EQ(count("card"), "19");
}

TEST_F(CardsTogether, OutliveAFaultOfOurOwn) {
    auto digits = [this] {
        auto inputs = many(10);
        for (auto& input : inputs)
            input.format = vault::cards::TokenFormat::digits;
        return inputs;
    };
    vault->draw_digits = [](std::string_view) -> std::string { throw std::bad_alloc{}; };
    for (int round = 0; round < 5; ++round)
        for (const auto& answer : store_all(digits()))
            EXPECT_EQ(answer.error().status(), 500);
    vault->draw_digits = vault::cards::new_digit_token;
    for (const auto& answer : store_all(digits()))
        EXPECT_TRUE(answer);
}

TEST_F(CardsTogether, OfMoreAccountsThanThereIsRoomForAllGetTheirTurn) {
    std::vector<NewCardInput> inputs;
    for (int i = 0; i < 40; ++i)
        inputs.push_back(typed(number_of(i), AccountId{5000 + i}));
    for (const auto& answer : store_all(std::move(inputs)))
        EXPECT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(count("card"), "40");
}

// PCI DSS 4.0.1: 10.7.2
TEST_F(CardsTogether, AreNotStoredWhenThatCannotBeRecorded) {
    ASSERT_TRUE(store(typed()));
    vault->trail.fail(common::Error::unavailable("the log is full"));
    for (const auto& answer : store_all(many(50))) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().status(), 503);
    }
    EXPECT_EQ(count("card"), "1");
    EXPECT_EQ(count("card_key"), "1");
}

TEST_F(CardsTogether, DrawOthersWhenATokenOfDigitsIsTaken) {
    auto digits = typed();
    digits.format = vault::cards::TokenFormat::digits;
    const auto first = store(std::move(digits))->facts.token;
    std::atomic<int> draws = 0;
    vault->draw_digits = [&](std::string_view last4) {
        return draws++ == 0 ? first : vault::cards::new_digit_token(last4);
    };
    auto inputs = many(10);
    inputs[4].format = vault::cards::TokenFormat::digits;
    for (const auto& answer : store_all(std::move(inputs)))
        EXPECT_TRUE(answer);
    EXPECT_EQ(count("card"), "11");
}

TEST_F(CardsTogether, WaitForNoLongerThanTheirCallersDo) {
    ASSERT_TRUE(store(typed()));
    pqxx::connection blocker{tests::Postgres::instance().url("vault")};
    pqxx::work lock{blocker};
    lock.exec("LOCK TABLE card IN ACCESS EXCLUSIVE MODE");
    // One who has time comes first, so that the batch goes on when the other one's is over.
    asio::io_context io;
    std::optional<std::chrono::steady_clock::duration> patient, hasty;
    const auto began = std::chrono::steady_clock::now();
    const auto come = [&](auto deadline, auto& took) {
        asio::co_spawn(io, vault->cards.store(typed(), Deadline::in(deadline)),
                       [&, began](const std::exception_ptr&, const Answer& answer) {
                           EXPECT_FALSE(answer);
                           took = std::chrono::steady_clock::now() - began;
                       });
    };
    come(10s, patient);
    come(300ms, hasty);
    io.run();
    ASSERT_TRUE(patient && hasty);
    EXPECT_GT(*patient - *hasty, 500ms) << "he waited until the database gave up";
    lock.abort();
    EXPECT_TRUE(store(typed())) << "and afterwards it goes on";
}

}  // namespace
