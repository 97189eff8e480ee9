// Who can write to the database puts parts of one card into the place of another's: any part, and any two.
#include <gmock/gmock.h>

#include "integration/vault/service.h"
#include "vault/cards/tokens.h"

namespace {

using vault_test::AccountId;
using vault_test::Cause;
using vault_test::PanTestAccess;
using vault_test::value_of;
using vault_test::wait_for;

struct Part {
    const char* table;
    const char* column;
    std::string name() const { return std::string{table} + '.' + column; }
};

constexpr Part parts[] = {
    {"card", "record"},
    {"card", "record_key_version"},
    {"card", "token"},
    {"card", "account_id"},
    {"card", "livemode"},
    {"card_key", "sealed"},
    {"card_key", "id"},
    {"card_key", "commitment"},
    {"card_key", "token"},
    {"card_key", "account_id"},
    {"card_key", "livemode"},
    {"card_key", "merchant_key_id"},
    {"card_key", "merchant_key_version"},
    {"merchant_key", "sealed"},
    {"merchant_key", "registry_mac"},
    {"merchant_key", "account_id"},
    {"merchant_key", "livemode"},
    {"merchant_key", "version"},
};

struct Card {
    AccountId account;
    bool livemode = false;
    std::string number, token = {};
};

std::string rows_at(const char* table, const Card& card) {
    return std::string{"(SELECT count(*) FROM "} + table +
           " WHERE account_id = " + std::to_string(card.account.value) + " AND token = '" + card.token + "')";
}

// How two cards stand to each other.
struct Relation {
    const char* name;
    Card first, second;
    bool rotates = false;  // the merchant key, between the two
    bool digits = false;
};

void PrintTo(const Relation& relation, std::ostream* out) {
    *out << relation.name;
}

const Relation relations[] = {
    {"OfOneAccountUnderTwoKeys",
     {AccountId{4711}, false, "4242424242424242"},
     {AccountId{4711}, false, "5555555555554444"},
     true},
    {"OfTwoAccounts",
     {AccountId{4711}, false, "4242424242424242"},
     {AccountId{4712}, false, "5555555555554444"}},
    {"OfTwoModes", {AccountId{4711}, false, "4242424242424242"}, {AccountId{4711}, true, "4539578763621486"}},
    {"OfTwoModesWithTokensOfDigits",
     {AccountId{4711}, false, "4242424242424242"},
     {AccountId{4711}, true, "4539578763621486"},
     false,
     true},
};

class SwappedParts : public vault_test::CardsTest, public testing::WithParamInterface<Relation> {
  protected:
    void SetUp() override {
        CardsTest::SetUp();
        // Swapping rows' names would be in the way of keys that the attacker, who owns the tables, drops.
        tamper("ALTER TABLE card DROP CONSTRAINT card_pk CASCADE");
        tamper("ALTER TABLE card_key DROP CONSTRAINT card_key_pk CASCADE");
        tamper("ALTER TABLE merchant_key DROP CONSTRAINT merchant_key_pk CASCADE");
        tamper("DROP INDEX merchant_key_one_active");
        const auto& relation = GetParam();
        cards = {relation.first, relation.second};
        store_card(cards[0]);
        if (relation.rotates) ASSERT_TRUE(wait_for(vault->rotation.rotate({account, false}, false, soon())));
        store_card(cards[1]);
        store_card(bystander);
        for (const char* table : {"card", "card_key", "merchant_key"})
            tamper(std::string{"ALTER TABLE "} + table + " ADD COLUMN place integer NOT NULL DEFAULT 0");
        for (const int place : {1, 2})
            mark(cards[static_cast<std::size_t>(place - 1)], std::to_string(place));
    }
    void store_card(Card& card) {
        auto input = typed(card.number, card.account);
        input.livemode = card.livemode;
        if (GetParam().digits) input.format = vault::cards::TokenFormat::digits;
        const auto stored = store(std::move(input));
        ASSERT_TRUE(stored) << stored.error().describe();
        card.token = stored->facts.token;
    }
    static void mark(const Card& card, const std::string& place) {
        const auto here =
            "account_id = " + std::to_string(card.account.value) + " AND token = '" + card.token + '\'';
        for (const char* table : {"card", "card_key"})
            tamper(std::string{"UPDATE "} + table + " SET place = " + place + " WHERE " + here);
        tamper("UPDATE merchant_key SET place = " + place +
               " WHERE id = (SELECT merchant_key_id FROM card_key WHERE " + here + ')');
    }
    static bool differs(const Part& part) {
        return value_of(std::string{"SELECT count(DISTINCT "} + part.column + ") FROM " + part.table +
                        " WHERE place > 0") == "2";
    }
    // Twice is back again.
    static void swap(const Part& part) {
        tamper(std::string{"UPDATE "} + part.table + " a SET " + part.column + " = b." + part.column +
               " FROM " + part.table + " b WHERE a.place + b.place = 3");
    }
    auto open_it(const Card& card) { return open(card.token, "", card.account, card.livemode); }
    double alarms() const { return metrics.counter_value("vault_card_integrity_failures_total"); }

    // Nothing of what was open is in memory any more.
    void forget_keys() {
        for (const auto owner : {AccountId{4711}, AccountId{4712}})
            for (const bool livemode : {false, true})
                vault->ring.forget(owner, livemode);
    }
    void expect_refused(const std::string& what) {
        forget_keys();
        for (const auto& card : cards) {
            const auto before = alarms();
            const auto opened = open_it(card);
            ASSERT_FALSE(opened) << what << ": opened as " << PanTestAccess::digits(opened->pan);
            // A row that is not where it belongs is missed, like one that was deleted.
            const bool is_there =
                value_of("SELECT " + rows_at("card", card) + " * " + rows_at("card_key", card)) != "0";
            EXPECT_EQ(opened.error().cause(), is_there ? Cause::integrity : Cause::not_found)
                << what << ": " << opened.error().describe();
            EXPECT_EQ(alarms() - before, is_there ? 1 : 0) << what;
        }
        EXPECT_TRUE(open_it(bystander)) << what << ": other cards go on";
    }
    void expect_sound() {
        forget_keys();
        for (const auto& card : cards) {
            const auto opened = open_it(card);
            ASSERT_TRUE(opened) << opened.error().describe();
            ASSERT_EQ(PanTestAccess::digits(opened->pan), card.number);
        }
    }

    std::array<Card, 2> cards;
    Card bystander{AccountId{4713}, false, "4242424242424242"};
};

// PCI DSS 4.0.1: 3.7.7
TEST_P(SwappedParts, OfTwoCardsNeverOpen) {
    expect_sound();
    int cases = 0;
    for (const auto& first : parts) {
        if (!differs(first)) continue;
        swap(first);
        expect_refused(first.name());
        ++cases;
        for (const auto& second : parts) {
            if (&second <= &first || !differs(second)) continue;
            swap(second);
            expect_refused(first.name() + " and " + second.name());
            swap(second);
            ++cases;
        }
        swap(first);
        if (HasFatalFailure()) return;
    }
    EXPECT_GE(cases, 50);
    expect_sound();
    EXPECT_TRUE(wait_for(hsm->self_test(soon())).value_or(false)) << "forged rows are not a broken device";
}

INSTANTIATE_TEST_SUITE_P(Cards, SwappedParts, testing::ValuesIn(relations),
                         [](const auto& relation) { return relation.param.name; });

}  // namespace
