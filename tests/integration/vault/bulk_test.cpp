// Bulks of cards: stored once, answered alike as often as they are sent.
#include <gmock/gmock.h>

#include "hsm/provision.h"
#include "integration/vault/service.h"

namespace {

using namespace std::chrono_literals;

using testing::HasSubstr;
using vault::cards::BulkLines;
using vault::cards::BulkScope;
using vault::cards::Line;
using vault::cards::LineResult;
using vault_test::AccountId;
using vault_test::Cause;
using vault_test::Deadline;
using vault_test::NewCardInput;
using vault_test::PanTestAccess;
using vault_test::value_of;
using vault_test::wait_for;

class Bulks : public vault_test::CardsTest {
  protected:
    static Line card(std::string_view number = "4242424242424242") {
        NewCardInput input;
        input.number = common::SecretText{number};
        input.exp_month = 9, input.exp_year = 2031;
        return input;
    }
    static BulkLines three() {
        BulkLines lines;
        lines.lines.push_back(card());
        lines.lines.push_back(card("4242424242424241"));
        lines.lines.push_back(card("5555555555554444"));
        return lines;
    }
    auto send(BulkLines lines, std::string name = "first", AccountId owner = AccountId{4711}) {
        return wait_for(
            vault->bulk.store({owner, false, std::move(name), caller()}, std::move(lines), soon()));
    }
};

TEST_F(Bulks, AreStoredLineByLine) {
    const auto results = send(three());
    ASSERT_TRUE(results) << results.error().describe();
    ASSERT_EQ(results->size(), 3U);
    EXPECT_EQ(results->at(0)->last4, "4242");
    EXPECT_EQ(results->at(1).error().code(), "incorrect_number");
    EXPECT_EQ(results->at(2)->brand, "mastercard");
    EXPECT_EQ(PanTestAccess::digits(open(results->at(2)->token)->pan), "5555555555554444");
    EXPECT_EQ(count("card"), "2");
}

TEST_F(Bulks, AreAnsweredAlikeWhenTheyAreSentAgain) {
    const auto first = send(three()), again = send(three());
    ASSERT_TRUE(again) << again.error().describe();
    for (const std::size_t i : {0U, 2U})
        EXPECT_EQ(first->at(i)->token, again->at(i)->token);
    EXPECT_EQ(again->at(1).error().code(), "incorrect_number");
    EXPECT_EQ(count("card"), "2");
    restart();
    EXPECT_EQ(send(three())->at(0)->token, first->at(0)->token) << "in another process too";
    EXPECT_EQ(metrics.counter_value("vault_bulk_chunks_again_total"), 2);
    const auto other = send(three(), "second");
    EXPECT_NE(other->at(0)->token, first->at(0)->token);
    EXPECT_EQ(other->at(0)->fingerprint, first->at(0)->fingerprint);
    EXPECT_NE(send(three(), "first", AccountId{4712})->at(0)->token, first->at(0)->token);
}

TEST_F(Bulks, AreRefusedWhenOtherCardsComeUnderTheirName) {
    ASSERT_TRUE(send(three()));
    const auto refused = [&](auto change) {
        auto lines = three();
        change(lines.lines);
        const auto answer = send(std::move(lines));
        return answer ? "" : std::string{answer.error().code()};
    };
    EXPECT_EQ(refused([](auto& lines) { std::swap(lines[0], lines[2]); }), "bulk_differs");
    EXPECT_EQ(refused([](auto& lines) { lines[0] = card("4000056655665556"); }), "bulk_differs");
    EXPECT_EQ(refused([](auto& lines) { lines.pop_back(); }), "bulk_differs");
    EXPECT_EQ(refused([](auto& lines) { lines.push_back(card()); }), "bulk_differs");
    EXPECT_EQ(refused([](auto& lines) { lines[0] = card("4242424242424241"); }), "bulk_differs");
    // A card in place of a line that was none: its answer stays what it was.
    auto lines = three();
    lines.lines[1] = card();
    EXPECT_EQ(send(std::move(lines))->at(1).error().code(), "refused_before");
    EXPECT_EQ(count("card"), "2");
}

TEST_F(Bulks, AreAnsweredAlikeThoughRulesHaveChangedSince) {
    auto with_metadata = three();
    with_metadata.lines[0]->metadata = {{"order", "77"}};
    const auto first = send(std::move(with_metadata));
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->at(0)->metadata.empty()) << "as the second time";
    vault->clock.advance(24h * 365 * 9);  // every card has expired
    const auto again = send(three());
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->at(0)->token, first->at(0)->token);
    EXPECT_EQ(send(three(), "other")->at(0).error().code(), "invalid_expiry_year");
}

TEST_F(Bulks, AreNotBelievedWhenTheirChunkWasEdited) {
    ASSERT_TRUE(send(three()));
    tamper("UPDATE card_bulk_chunk SET outcomes[1] = 'no token'");
    EXPECT_EQ(send(three()).error().cause(), Cause::integrity);
}

TEST_F(Bulks, AreRememberedWhenNoneOfTheirLinesIsACard) {
    BulkLines lines;
    lines.lines.push_back(card("4242424242424241"));
    ASSERT_TRUE(send(std::move(lines)));
    EXPECT_EQ(value_of("SELECT outcomes[1] FROM card_bulk_chunk"), "_incorrect_number");
    EXPECT_EQ(send(three()).error().code(), "bulk_differs");
}

TEST_F(Bulks, SayThatACardWasErasedSince) {
    const auto first = send(three());
    ASSERT_TRUE(wait_for(vault->keeper.erase(account, first->at(0)->token, caller(), soon())));
    const auto again = send(three());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at(0).error().status(), 404);
    EXPECT_EQ(again->at(0).error().to_json().at("error").at("cause"), "erased");
    EXPECT_EQ(again->at(2)->token, first->at(2)->token);
}

// PCI DSS 4.0.1: 10.2.1, 10.7.2
TEST_F(Bulks, AreRecordedAChunkAnEntryOrNotStored) {
    vault->trail.fail(common::Error::unavailable("the log is full"));
    EXPECT_FALSE(send(three()));
    EXPECT_EQ(count("card"), "0");
    EXPECT_EQ(count("card_bulk_chunk"), "0");
    vault->trail.fail(std::nullopt);
    const auto stored = send(three());
    ASSERT_TRUE(stored);
    const auto entries = vault->trail.entries();
    const auto& entry = entries.back();
    EXPECT_EQ(entry.action, "card.create_many");
    EXPECT_EQ(entry.object, common::public_account_id(account) + "/test/first");
    EXPECT_EQ(entry.actor, "spiffe://portcullis/gateway");
    const auto tokens = stored->at(0)->token + '\n' + stored->at(2)->token + '\n';
    EXPECT_EQ(entry.detail,
              "areq_1 lines 1-3, 2 cards, sha256 " + common::crypto::to_hex(common::crypto::sha256(tokens)));
}

TEST_F(Bulks, AreStoredOnceThoughTheyComeTwiceAtATime) {
    std::vector<common::Result<std::vector<LineResult>>> answers(8);
    boost::asio::io_context io;
    for (auto& answer : answers)
        boost::asio::co_spawn(io, vault->bulk.store({account, false, "first", caller()}, three(), soon()),
                              [&answer](const std::exception_ptr& thrown, auto result) {
                                  if (thrown) std::rethrow_exception(thrown);
                                  answer = std::move(result);
                              });
    io.run();
    std::set<std::string> tokens;
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer) << answer.error().describe();
        tokens.insert(answer->at(0)->token);
    }
    EXPECT_EQ(tokens.size(), 1U);
    EXPECT_EQ(count("card"), "2");
    EXPECT_EQ(*tokens.begin(), send(three())->at(0)->token);
}

TEST_F(Bulks, AreForgottenAfterAWeekButTheirCardsAreNot) {
    ASSERT_TRUE(send(three()));
    vault::cards::Purge job{{vault->retention, vault->leases, vault->clock, metrics, &vault->trail}, {}};
    EXPECT_EQ(wait_for(job.run(false))->bulk_chunks, 0);
    vault->clock.advance(24h * 8);
    EXPECT_EQ(wait_for(job.run(true))->bulk_chunks, 1);
    EXPECT_EQ(wait_for(job.run(false))->bulk_chunks, 1);
    EXPECT_EQ(count("card_bulk_chunk"), "0");
    EXPECT_EQ(count("card"), "2");
}

// Has a token of its own, which keeps the second key.
class BulksAfterARotation : public Bulks {};

TEST_F(BulksAfterARotation, AreComparedUnderTheKeyThatTheirFingerprintsWereMadeWith) {
    const auto first = send(three());
    ASSERT_TRUE(first);
    const auto next = wait_for(vault->rotation.plan_successor(hsm::Purpose::fingerprint, soon()));
    ASSERT_TRUE(next);
    vault.reset(), hsm.reset();  // a process that has the token open does not see what another one makes
    ASSERT_TRUE(hsm::make_key(token->setup(), *next, metrics));
    hsm = std::move(*hsm::Hsm::open(token->options(), {}, metrics));
    restart();
    const auto active = wait_for(vault->rotation.activate(*next, false, soon()));
    ASSERT_TRUE(active) << active.error().describe();
    const auto again = send(three());
    ASSERT_TRUE(again) << again.error().describe();
    EXPECT_EQ(again->at(0)->token, first->at(0)->token);
    auto other = three();
    other.lines[0] = card("4000000000024242");
    EXPECT_FALSE(send(std::move(other))) << "the same last four digits";
}

}  // namespace
