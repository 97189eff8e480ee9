#include "gateway/simulator/ledger.h"

#include <random>

#include <gtest/gtest.h>

namespace {

using namespace simulator;

const std::string card = "c1", eur = "978";

Effect entry(Kind kind, std::string id, std::int64_t amount, std::string target = "", bool last = false) {
    Effect effect;
    effect.type = Effect::Type::entry;
    effect.entry.kind = kind;
    effect.entry.state = State::approved;
    effect.entry.id = std::move(id);
    effect.entry.reference = "R" + effect.entry.id;
    effect.entry.card = card;
    effect.entry.currency = eur;
    effect.entry.amount = effect.entry.requested = amount;
    effect.entry.target = std::move(target);
    effect.entry.last_capture = last;
    return effect;
}

Effect reversal(std::string target, std::optional<std::int64_t> remaining = std::nullopt) {
    Effect effect;
    effect.type = Effect::Type::reversal;
    effect.target = std::move(target);
    effect.remaining = remaining;
    return effect;
}

void expect_position(const Ledger& ledger, std::int64_t held, std::int64_t posted) {
    EXPECT_EQ(ledger.position(card, eur).held, held);
    EXPECT_EQ(ledger.position(card, eur).posted, posted);
}

TEST(Ledger, HoldsThenPostsWhatIsCaptured) {
    Ledger ledger{1000};
    EXPECT_EQ(ledger.check_purchase(card, eur, 1000), "00");
    EXPECT_EQ(ledger.check_purchase(card, eur, 1001), "51");
    ledger.apply(entry(Kind::authorization, "a", 600));
    expect_position(ledger, 600, 0);
    EXPECT_EQ(ledger.check_purchase(card, eur, 401), "51");
    EXPECT_EQ(ledger.check_purchase(card, "840", 1000), "00");
    EXPECT_EQ(ledger.check_capture("a", eur, 600), "00");
    ledger.apply(entry(Kind::capture, "c", 200, "a"));
    expect_position(ledger, 400, 200);
    EXPECT_EQ(ledger.available(card, eur), 400);
    EXPECT_EQ(ledger.check_capture("a", eur, 401), "61");
    EXPECT_EQ(ledger.check_capture("a", "840", 1), "12");
    EXPECT_EQ(ledger.check_capture("b", eur, 1), "25");
}

TEST(Ledger, ReleasesTheRestAtTheLastCapture) {
    Ledger ledger{1000};
    ledger.apply(entry(Kind::authorization, "a", 600));
    ledger.apply(entry(Kind::capture, "c", 200, "a", true));
    expect_position(ledger, 0, 200);
    EXPECT_EQ(ledger.check_capture("a", eur, 1), "61");
    EXPECT_EQ(ledger.check_reversal("a", std::nullopt).response, "21");
}

TEST(Ledger, VoidsOnceAndRefusesCapturesBehindIt) {
    Ledger ledger{1000};
    ledger.apply(entry(Kind::authorization, "a", 600));
    const auto first = ledger.check_reversal("a", std::nullopt);
    EXPECT_EQ(first.response, "00");
    EXPECT_TRUE(first.effect);
    ledger.apply(reversal("a"));
    expect_position(ledger, 0, 0);
    const auto second = ledger.check_reversal("a", std::nullopt);
    EXPECT_EQ(second.response, "00");
    EXPECT_FALSE(second.effect);
    EXPECT_EQ(ledger.check_capture("a", eur, 1), "12");
    EXPECT_EQ(ledger.check_reversal("x", std::nullopt).response, "25");
}

TEST(Ledger, LowersAHoldToWhatStays) {
    Ledger ledger{1000};
    ledger.apply(entry(Kind::authorization, "a", 600));
    EXPECT_EQ(ledger.check_reversal("a", 601).response, "12");
    EXPECT_FALSE(ledger.check_reversal("a", 600).effect);
    ledger.apply(reversal("a", 250));
    expect_position(ledger, 250, 0);
    EXPECT_EQ(ledger.check_capture("a", eur, 251), "61");
    EXPECT_EQ(ledger.check_capture("a", eur, 250), "00");
}

TEST(Ledger, RefundsNoMoreThanWasCaptured) {
    Ledger ledger{1000};
    ledger.apply(entry(Kind::authorization, "a", 600));
    ledger.apply(entry(Kind::capture, "c", 600, "a"));
    EXPECT_EQ(ledger.check_refund("a", eur, 601), "61");
    ledger.apply(entry(Kind::refund, "r", 400, "a"));
    expect_position(ledger, 0, 200);
    EXPECT_EQ(ledger.check_refund("a", eur, 201), "61");
    ledger.apply(reversal("r"));
    expect_position(ledger, 0, 600);
    EXPECT_EQ(ledger.check_refund("a", eur, 600), "00");
}

TEST(Ledger, RemembersReversalsThatCameFirst) {
    Ledger ledger{1000};
    Effect tombstone;
    tombstone.type = Effect::Type::tombstone;
    tombstone.target = "a";
    ledger.apply(tombstone);
    EXPECT_TRUE(ledger.is_tombstone("a"));
    EXPECT_FALSE(ledger.is_tombstone("b"));
}

// Random operations, each applied only when its check allows it: the books always equal what the transactions
// say.
TEST(Ledger, KeepsItsInvariantsUnderRandomOperations) {
    std::mt19937 random{11};
    Ledger ledger{100000};
    std::vector<std::string> ids;
    // A refund that is taken back is due again, even when its money was spent meanwhile: the one way to
    // overdraw.
    std::int64_t refunds_taken_back = 0;
    for (int step = 0; step < 20000; ++step) {
        const std::string id = std::to_string(step);
        const std::int64_t amount = 1 + static_cast<std::int64_t>(random() % 500);
        const std::string target = ids.empty() ? "none" : ids[random() % ids.size()];
        switch (random() % 5) {
            case 0:
            case 1:
                if (ledger.check_purchase(card, eur, amount) == "00")
                    ledger.apply(entry(random() % 4 == 0 ? Kind::sale : Kind::authorization, id, amount)),
                        ids.push_back(id);
                break;
            case 2:
                if (ledger.check_capture(target, eur, amount) == "00")
                    ledger.apply(entry(Kind::capture, id, amount, target, random() % 3 == 0)),
                        ids.push_back(id);
                break;
            case 3:
                if (const auto* payment = ledger.find(target);
                    payment != nullptr &&
                    (payment->kind == Kind::authorization || payment->kind == Kind::sale) &&
                    ledger.check_refund(target, eur, amount) == "00")
                    ledger.apply(entry(Kind::refund, id, amount, target)), ids.push_back(id);
                break;
            default:
                const auto* original = ledger.find(target);
                const auto remaining = random() % 3 == 0 ? std::optional<std::int64_t>{amount} : std::nullopt;
                // A refund that is out keeps its capture from being taken back, as the gateway would.
                if (original != nullptr && (original->kind == Kind::capture || original->kind == Kind::sale))
                    break;
                if (!ledger.check_reversal(target, remaining).effect) break;
                if (original->kind == Kind::refund) refunds_taken_back += original->amount;
                ledger.apply(reversal(target, remaining));
        }
        const auto position = ledger.position(card, eur);
        ASSERT_LE(position.held + position.posted, 100000 + refunds_taken_back);
        ASSERT_GE(position.held, 0);
    }
    std::int64_t held = 0, posted = 0;
    for (const auto& [id, t] : ledger.transactions()) {
        if (t.kind == Kind::authorization || t.kind == Kind::sale) {
            held += t.held;
            posted += t.captured - t.refunded;
            EXPECT_LE(t.held + t.captured, t.amount);
            EXPECT_LE(t.refunded, t.captured);
            EXPECT_GE(t.refunded, 0);
        }
    }
    expect_position(ledger, held, posted);
    EXPECT_GT(ids.size(), 1000U);
}

}  // namespace
