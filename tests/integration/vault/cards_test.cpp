#include <thread>

#include "common/crypto.h"
#include "integration/vault/service.h"
#include "vault/cards/tokens.h"

namespace {

using namespace std::chrono_literals;
using vault_test::AccountId;
using vault_test::Cause;
using vault_test::Deadline;
using vault_test::NewCardInput;
using vault_test::PanTestAccess;
using vault_test::value_of;
using vault_test::Vault;
using vault_test::wait_for;

class StoredCards : public vault_test::CardsTest {};

TEST_F(StoredCards, ComeBackWithTheirSecurityCodeOnce) {
    const auto card = store(typed("4242 4242 4242 4242"));
    ASSERT_TRUE(card) << card.error().describe();
    EXPECT_EQ(card->facts.brand, "visa");
    EXPECT_EQ(card->facts.last4, "4242");
    EXPECT_EQ(card->facts.funding, "credit");
    EXPECT_EQ(card->facts.country, "US");
    EXPECT_EQ(card->facts.fingerprint.size(), 22U);
    EXPECT_TRUE(vault::cards::parse_token(card->facts.token));
    const auto first = open(card->facts.token, card->cvc_handle);
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_EQ(PanTestAccess::digits(first->pan), "4242424242424242");
    EXPECT_EQ(first->expiry.yymm(), "3109");
    ASSERT_TRUE(first->cvc);
    EXPECT_EQ(PanTestAccess::digits(*first->cvc), "123");
    const auto second = open(card->facts.token, card->cvc_handle);
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->cvc);
}

// PCI DSS 4.0.1: 10.2.1, 10.2.2
TEST_F(StoredCards, AreRecordedBeforeTheyAreStoredOrOpened) {
    auto input = typed();
    input.caller = caller();
    const auto card = store(std::move(input));
    ASSERT_TRUE(card);
    ASSERT_TRUE(open(card->facts.token));
    EXPECT_FALSE(store(typed("4242424242424241")));
    const auto entries = vault->trail.entries();
    ASSERT_EQ(entries.size(), 3U) << "a number that is refused is no card";
    EXPECT_EQ(entries[0].action, "merchant_key.create");
    EXPECT_TRUE(entries[0].object.starts_with("mk_"));
    EXPECT_EQ(entries[1].action, "card.create");
    EXPECT_EQ(entries[2].action, "card.open");
    for (const int i : {1, 2}) {
        EXPECT_EQ(entries[static_cast<std::size_t>(i)].object, card->facts.token);
        EXPECT_EQ(entries[static_cast<std::size_t>(i)].actor, "spiffe://portcullis/gateway");
        EXPECT_EQ(entries[static_cast<std::size_t>(i)].origin, "127.0.0.1");
        EXPECT_EQ(entries[static_cast<std::size_t>(i)].detail, "areq_1");
    }
}

// PCI DSS 4.0.1: 10.7.2
TEST_F(StoredCards, AreNeitherStoredNorOpenedWhenThatCannotBeRecorded) {
    const auto card = store(typed());
    ASSERT_TRUE(card);
    vault->trail.fail(common::Error::unavailable("the log is full"));
    const auto refused = store(typed());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    EXPECT_FALSE(store(typed("4242424242424242", AccountId{4713}))) << "no merchant key either";
    EXPECT_EQ(count("card"), "1");
    EXPECT_EQ(count("merchant_key"), "1");
    EXPECT_FALSE(open(card->facts.token, card->cvc_handle));
    vault->trail.fail(std::nullopt);
    const auto opened = open(card->facts.token, card->cvc_handle);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->cvc) << "the security code is still there";
}

// PCI DSS 4.0.1: 3.3.2
TEST_F(StoredCards, OutliveTheProcessButTheirSecurityCodesDoNot) {
    const auto card = store(typed());
    ASSERT_TRUE(card);
    restart();
    const auto opened = open(card->facts.token, card->cvc_handle);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(PanTestAccess::digits(opened->pan), "4242424242424242");
    EXPECT_FALSE(opened->cvc);
}

// PCI DSS 4.0.1: 3.3.1, 3.3.2
TEST_F(StoredCards, TakeASecurityCodeThatCameAloneFromTheirOwnAccountOnce) {
    const auto card = stored();
    const auto hold = [&](AccountId owner, bool livemode, std::string_view code) {
        return vault->cards.hold_code(owner, livemode, common::SecretText{code});
    };
    const auto handle = hold(account, false, "314").value();
    const auto opened = open(card, handle);
    ASSERT_TRUE(opened && opened->cvc);
    EXPECT_EQ(PanTestAccess::digits(*opened->cvc), "314");
    EXPECT_FALSE(open(card, handle)->cvc) << "once";
    EXPECT_FALSE(open(card, hold(AccountId{4712}, false, "314").value())->cvc) << "another account's";
    EXPECT_FALSE(open(card, hold(account, true, "314").value())->cvc) << "another mode's";
    for (const auto* wrong : {"", "12", "12345", "12a"})
        EXPECT_EQ(hold(account, false, wrong).error().code(), "invalid_cvc") << wrong;
}

// PCI DSS 4.0.1: 3.5.1.1
TEST_F(StoredCards, HaveAFingerprintOfNumberAccountAndMode) {
    const auto first = store(typed()), again = store(typed()), other = store(typed("5555555555554444"));
    const auto elsewhere = store(typed("4242424242424242", AccountId{4712}));
    EXPECT_NE(first->facts.token, again->facts.token);
    EXPECT_EQ(first->facts.fingerprint, again->facts.fingerprint);
    EXPECT_NE(first->facts.fingerprint, other->facts.fingerprint);
    EXPECT_NE(first->facts.fingerprint, elsewhere->facts.fingerprint);
}

TEST_F(StoredCards, AreUnknownToOtherAccountsAndModes) {
    const auto card = stored();
    const auto facts = wait_for(vault->cards.facts(account, card, soon()));
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->last4, "4242");
    for (const auto& refused :
         {open(card, "", AccountId{4712}), open(card, "", account, true), open("vt_test_x")}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().status(), 404);
        EXPECT_EQ(refused.error().cause(), Cause::not_found);
    }
    EXPECT_FALSE(wait_for(vault->cards.facts(AccountId{4712}, card, soon())));
    EXPECT_FALSE(wait_for(vault->cards.facts(account, vault::cards::new_token(account, false), soon())));
}

TEST_F(StoredCards, MayBeMadeFromATestId) {
    NewCardInput input;
    input.account = account;
    input.sandbox_id = "pm_card_authenticationRequired";
    const auto card = store(std::move(input));
    ASSERT_TRUE(card) << card.error().describe();
    EXPECT_EQ(card->facts.last4, "3184");
    EXPECT_EQ(card->facts.authentication, "required");
    EXPECT_EQ(card->facts.country, "DE");
    EXPECT_TRUE(open(card->facts.token, card->cvc_handle)->cvc);
    NewCardInput unknown;
    unknown.account = account;
    unknown.sandbox_id = "pm_card_nonsense";
    EXPECT_EQ(store(std::move(unknown)).error().code(), "resource_missing");
}

// PCI DSS 4.0.1: 6.5.5
TEST_F(StoredCards, AreNotMadeOfBadData) {
    const auto refused = [&](auto change) {
        auto input = typed();
        change(input);
        return std::string{store(std::move(input)).error().code()};
    };
    EXPECT_EQ(refused([](auto& card) { card.number = common::SecretText{"4242424242424241"}; }),
              "incorrect_number");
    EXPECT_EQ(refused([](auto& card) { card.number = common::SecretText{"4242"}; }), "invalid_number");
    EXPECT_EQ(refused([](auto& card) { card.exp_month = 13; }), "invalid_expiry_month");
    EXPECT_EQ(refused([](auto& card) { card.exp_year = 2025; }), "invalid_expiry_year");
    EXPECT_EQ(refused([](auto& card) { card.cvc = common::SecretText{"99"}; }), "invalid_cvc");
    auto real = typed("4539578763621486");
    const auto in_test_mode = store(std::move(real));
    EXPECT_EQ(in_test_mode.error().status(), 402);
    EXPECT_EQ(in_test_mode.error().to_json().at("error").at("decline_code"), "test_mode_live_card");
    auto test_card = typed();
    test_card.livemode = true;
    EXPECT_EQ(store(std::move(test_card)).error().to_json().at("error").at("decline_code"),
              "live_mode_test_card");
    EXPECT_EQ(count("card"), "0");
    EXPECT_EQ(count("merchant_key"), "0");
}

TEST_F(StoredCards, OfLiveModeHaveKeysOfTheirOwn) {
    auto live = typed("4539578763621486");
    live.livemode = true;
    const auto card = store(std::move(live));
    ASSERT_TRUE(card) << card.error().describe();
    EXPECT_TRUE(card->facts.token.starts_with("vt_live_"));
    stored();
    EXPECT_EQ(count("merchant_key"), "2");
    EXPECT_TRUE(open(card->facts.token, "", account, true));
}

// PCI DSS 4.0.1: 3.5.1
TEST_F(StoredCards, LeaveNoNumberInTheDatabase) {
    stored("4242424242424242");
    for (const char* table : {"card", "card_key", "merchant_key"}) {
        const auto rows = value_of(std::string{"SELECT string_agg(t::text, '|') FROM "} + table + " t");
        EXPECT_EQ(rows.find("42424242"), std::string::npos);
        EXPECT_EQ(rows.find("3432343234323432"), std::string::npos) << "hexadecimal";
        for (const auto& digest : {common::crypto::sha256(std::string_view{"4242424242424242"})})
            EXPECT_EQ(rows.find(common::crypto::to_hex(digest)), std::string::npos) << "a hash without key";
    }
}

// PCI DSS 4.0.1: 3.7.7
TEST_F(StoredCards, DoNotOpenWhenTheirRowsWereTamperedWith) {
    const auto first = stored("4242424242424242"), second = stored("5555555555554444");
    const auto foreign = stored("4242424242424242", AccountId{4712});
    const auto expect_refused = [&](const std::string& card) {
        restart();
        const auto opened = open(card);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().cause(), Cause::integrity) << opened.error().describe();
        EXPECT_EQ(opened.error().status(), 500);
    };
    const auto swap = [&](const std::string& table, const std::string& column) {
        tamper("UPDATE " + table + " a SET " + column + " = b." + column + " FROM " + table +
               " b WHERE a.account_id = 4711 AND " + "b.account_id = 4711 AND a.token <> b.token");
    };
    for (const auto& [table, column] : {std::pair{"card", "record"},
                                        {"card_key", "sealed"},
                                        {"card_key", "id"},
                                        {"card_key", "commitment"}}) {
        swap(table, column);
        expect_refused(first);
        expect_refused(second);
        swap(table, column);
        restart();
        EXPECT_TRUE(open(first)) << "swapped back";
    }
    // A whole card moved to another account, or another mode.
    tamper("UPDATE card SET record = (SELECT record FROM card WHERE token = '" + first +
           "') WHERE token = '" + foreign + "'");
    restart();
    EXPECT_EQ(open(foreign, "", AccountId{4712}).error().cause(), Cause::integrity);
    tamper("UPDATE card SET record_key_version = 2 WHERE token = '" + first + "'");
    expect_refused(first);
    tamper("UPDATE card_key SET merchant_key_version = 7 WHERE token = '" + second + "'");
    expect_refused(second);
    EXPECT_TRUE(wait_for(hsm->self_test(soon())).value_or(false)) << "a forged row is not a broken device";
}

TEST_F(StoredCards, DoNotOpenUnderAMerchantKeyThatWasTamperedWith) {
    const auto card = stored();
    stored("4242424242424242", AccountId{4712});
    const auto expect_refused = [&] {
        restart();
        EXPECT_EQ(open(card).error().cause(), Cause::integrity);
        EXPECT_EQ(store(typed()).error().cause(), Cause::integrity) << "no new cards either";
    };
    const std::string mine = " WHERE account_id = 4711";
    const auto original = value_of("SELECT sealed FROM merchant_key" + mine);
    const auto mac = value_of("SELECT registry_mac FROM merchant_key" + mine);
    tamper("UPDATE merchant_key SET sealed = (SELECT sealed FROM merchant_key WHERE account_id = 4712)" +
           mine);
    expect_refused();
    tamper(
        "UPDATE merchant_key SET registry_mac = (SELECT registry_mac FROM merchant_key WHERE account_id = "
        "4712)" +
        mine);
    expect_refused();
    tamper("UPDATE merchant_key SET sealed = '" + original + "', registry_mac = '" + mac + "'" + mine);
    restart();
    EXPECT_TRUE(open(card));
    tamper("UPDATE merchant_key SET state = 'compromised'" + mine);
    restart();
    EXPECT_EQ(open(card).error().cause(), Cause::integrity) << "the registry signed another state";
}

TEST_F(StoredCards, ShareOneMerchantKeyWhenVaultsRaceForIt) {
    constexpr int vaults = 4, rounds = 8;
    std::vector<std::unique_ptr<Vault>> all;
    for (int i = 0; i < vaults; ++i)
        all.push_back(std::make_unique<Vault>(*hsm, metrics));
    for (int round = 0; round < rounds; ++round) {
        const AccountId merchant{9000 + round};
        std::vector<std::string> tokens(vaults);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < vaults; ++i)
            threads.emplace_back([&, i] {
                const auto card = wait_for(all[i]->cards.store(typed("4242424242424242", merchant), soon()));
                if (card) tokens[i] = card->facts.token;
            });
        for (auto& thread : threads)
            thread.join();
        EXPECT_EQ(value_of("SELECT count(*) FROM merchant_key WHERE account_id = " +
                           std::to_string(merchant.value)),
                  "1");
        for (const auto& card : tokens)
            for (const auto& other : all) {
                const auto opened = wait_for(other->cards.open(merchant, false, card, "", caller(), soon()));
                ASSERT_TRUE(opened) << opened.error().describe();
            }
    }
}

TEST_F(StoredCards, KeepMerchantKeysOpenForAWhileOnly) {
    const auto card = stored();
    const auto opens = [&] { return metrics.counter_value("vault_cards_opened_total"); };
    EXPECT_TRUE(open(card));
    EXPECT_EQ(vault->ring.cached(), 2U) << "as the active one and as version 1";
    token->move_token_away();
    EXPECT_TRUE(open(card)) << "what is open needs no HSM";
    EXPECT_EQ(opens(), 2);
    vault->clock.advance(5min);
    const auto later = open(card);
    token->move_token_back();
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().status(), 503);
    vault->ring.purge();
    EXPECT_EQ(vault->ring.cached(), 0U);
}

TEST_F(StoredCards, AreRefusedForNowWhileTheHsmIsGone) {
    token->move_token_away();
    const auto refused = store(typed());
    token->move_token_back();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    EXPECT_EQ(refused.error().should_retry(), true);
    EXPECT_EQ(count("card"), "0");
    EXPECT_EQ(count("merchant_key"), "0");
    for (int i = 0; i < 100 && !store(typed()); ++i)
        std::this_thread::sleep_for(100ms);
    EXPECT_TRUE(store(typed())) << "no restart is needed";
}

TEST_F(StoredCards, AreRefusedForNowWhileTheDatabaseIsGone) {
    stored();
    tests::Postgres::instance().stop();
    const auto refused = wait_for(vault->cards.store(typed(), Deadline::in(1s)));
    tests::Postgres::instance().start();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    EXPECT_EQ(refused.error().should_retry(), true);
    EXPECT_EQ(count("card"), "1");
    EXPECT_TRUE(store(typed()));
}

// PCI DSS 4.0.1: 7.2.1
TEST_F(StoredCards, AreKeptByARoleThatCannotChangeThem) {
    stored();
    pqxx::connection connection{tests::Postgres::instance().url("vault", "vault")};
    for (const char* sql :
         {"UPDATE card SET token = token", "UPDATE card SET livemode = livemode",
          "UPDATE card SET last4 = last4", "UPDATE card_key SET token = token",
          "UPDATE card_key SET livemode = livemode", "UPDATE card_metadata SET token = token",
          "UPDATE card_tombstone SET token = token", "UPDATE card_velocity SET fingerprint = fingerprint",
          "DELETE FROM job_lease", "UPDATE merchant_key SET version = 2", "UPDATE merchant_key SET id = id",
          "DELETE FROM merchant_key", "DELETE FROM hsm_key", "DROP TABLE card", "CREATE TABLE mine (x int)",
          "TRUNCATE card_key"}) {
        pqxx::work work{connection};
        EXPECT_THROW(work.exec(sql), pqxx::insufficient_privilege) << sql;
    }
}

}  // namespace
