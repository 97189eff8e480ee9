// What happens to cards after they were stored.
#include <set>

#include <gmock/gmock.h>

#include "integration/vault/service.h"
#include "vault/cards/tokens.h"

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using vault::cards::CardPage;
using vault::cards::CardSearch;
using vault::cards::CardUpdate;
using vault::cards::Metadata;
using vault::cards::TokenFormat;
using vault_test::AccountId;
using vault_test::Cause;
using vault_test::NewCardInput;
using vault_test::PanTestAccess;
using vault_test::value_of;
using vault_test::Vault;
using vault_test::wait_for;

class KeptCards : public vault_test::CardsTest {
  protected:
    NewCardInput with_digits(std::string_view number = "4242424242424242",
                             AccountId owner = AccountId{4711}) {
        auto input = typed(number, owner);
        input.format = TokenFormat::digits;
        return input;
    }
    std::string stored_with(Metadata metadata, std::string_view number = "4242424242424242") {
        auto input = typed(number);
        input.metadata = std::move(metadata);
        return store(std::move(input))->facts.token;
    }
    auto erase(const std::string& card, AccountId owner = AccountId{4711}) {
        return wait_for(vault->keeper.erase(owner, card, caller(), soon()));
    }
    auto update(CardUpdate change) {
        change.account = account;
        change.caller = caller();
        return wait_for(vault->keeper.update(std::move(change), soon()));
    }
    auto search(CardSearch asked) {
        asked.account = account;
        return wait_for(vault->keeper.search(std::move(asked), soon()));
    }
    std::vector<std::string> found(CardSearch asked) {
        const auto page = search(std::move(asked));
        if (!page) throw std::runtime_error{page.error().describe()};
        std::vector<std::string> tokens;
        for (const auto& card : page->cards)
            tokens.push_back(card.token);
        return tokens;
    }
    static std::string cause_of(const common::Error& error) {
        const auto object = error.to_json().at("error").as_object();
        const auto* cause = object.if_contains("cause");
        return cause ? std::string{cause->as_string()} : "";
    }
};

// ---- tokens of digits

TEST_F(KeptCards, MayHaveATokenOfDigits) {
    const auto card = store(with_digits());
    ASSERT_TRUE(card) << card.error().describe();
    const auto& token = card->facts.token;
    EXPECT_TRUE(vault::cards::is_digit_token(token)) << token;
    EXPECT_TRUE(token.ends_with("4242"));
    restart();
    const auto opened = open(token);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(PanTestAccess::digits(opened->pan), "4242424242424242");
    EXPECT_EQ(facts(token)->last4, "4242");
    EXPECT_EQ(update({{}, token, 1, 2032, {{"order", "1"}}})->exp_year, 2032);
    EXPECT_TRUE(open(token));
    EXPECT_TRUE(erase(token));
    EXPECT_FALSE(open(token));
}

TEST_F(KeptCards, WithDigitsAreKnownToTheirAccountAndModeOnly) {
    const auto token = store(with_digits())->facts.token;
    const auto unknown = open(vault::cards::new_digit_token("4242"));
    for (const auto& refused : {open(token, "", AccountId{4712}), open(token, "", account, true)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().status(), unknown.error().status());
        EXPECT_EQ(refused.error().to_json(), unknown.error().to_json()) << "nobody learns that it exists";
    }
    EXPECT_FALSE(facts(token, AccountId{4712}));
    EXPECT_FALSE(erase(token, AccountId{4712}));
    EXPECT_TRUE(open(token));
}

TEST_F(KeptCards, DrawAgainWhenATokenOfDigitsIsTaken) {
    const auto first = store(with_digits())->facts.token;
    auto fresh = vault::cards::new_digit_token("4242");
    int draws = 0;
    vault->draw_digits = [&](std::string_view) { return ++draws < 3 ? first : fresh; };
    const auto second = store(with_digits());
    ASSERT_TRUE(second) << second.error().describe();
    EXPECT_EQ(second->facts.token, fresh);
    EXPECT_EQ(draws, 3);
    EXPECT_EQ(metrics.counter_value("vault_token_collisions_total"), 2);
    EXPECT_TRUE(open(first));
    vault->draw_digits = [&](std::string_view) { return first; };
    EXPECT_TRUE(store(with_digits("4242424242424242", AccountId{4712}))) << "another account's token is free";
    ASSERT_TRUE(erase(fresh));
    vault->draw_digits = [&](std::string_view) { return fresh; };
    EXPECT_FALSE(store(with_digits())) << "whoever kept the token of an erased card must not get another's";
}

// ---- guesses

TEST_F(KeptCards, AreNotFoundByGuessing) {
    stored();
    const auto unknown = open(vault::cards::new_token(account, false)).error();
    for (int i = 0; i < 2000; ++i)
        ASSERT_FALSE(open(vault::cards::new_token(account, false)));
    EXPECT_EQ(metrics.counter_value("vault_tokens_unknown_total"), 2001);
    const auto foreign = open(stored("4242424242424242", AccountId{4712})).error();
    EXPECT_EQ(foreign.status(), 404);
    EXPECT_EQ(foreign.to_json().at("error").at("code"), unknown.to_json().at("error").at("code"));
    EXPECT_EQ(foreign.to_json().at("error").as_object().size(),
              unknown.to_json().at("error").as_object().size());
}

TEST_F(KeptCards, OfOneNumberHaveOneFingerprintAndManyTokens) {
    std::set<std::string> tokens, fingerprints;
    for (int i = 0; i < 50; ++i) {
        const auto card = store(i % 2 ? with_digits() : typed());
        ASSERT_TRUE(card);
        tokens.insert(card->facts.token);
        fingerprints.insert(card->facts.fingerprint);
    }
    EXPECT_EQ(tokens.size(), 50U);
    EXPECT_EQ(fingerprints.size(), 1U);
    CardSearch same;
    same.fingerprint = *fingerprints.begin();
    same.limit = 100;
    const auto all = found(same);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()), tokens);
}

// ---- erasure

TEST_F(KeptCards, AreErasedWithAllThatBelongsToThem) {
    const auto card = stored_with({{"order", "77"}});
    const auto other = stored_with({{"order", "77"}});
    ASSERT_TRUE(erase(card));
    EXPECT_TRUE(erase(card)) << "again is no error";
    for (const char* table : {"card", "card_key", "card_metadata"}) {
        EXPECT_EQ(count(std::string{table} + " WHERE token = '" + card + "'"), "0") << table;
        EXPECT_EQ(count(table), "1") << table;
    }
    EXPECT_EQ(value_of("SELECT reason FROM card_tombstone WHERE token = '" + card + "'"), "requested");
    EXPECT_EQ(value_of("SELECT erased_day FROM card_tombstone"),
              std::to_string(vault::cards::day_of(vault->clock.now())));
    for (const auto& error :
         {open(card).error(), facts(card).error(), update({{}, card, {}, {}, {{"a", "b"}}}).error()}) {
        EXPECT_EQ(error.status(), 404);
        EXPECT_EQ(error.code(), "resource_missing");
        EXPECT_EQ(cause_of(error), "erased");
    }
    EXPECT_EQ(cause_of(open(card, "", AccountId{4712}).error()), "") << "others do not learn that it was";
    EXPECT_TRUE(open(other));
    CardSearch by_order;
    by_order.metadata_key = "order", by_order.metadata_value = "77";
    EXPECT_THAT(found(by_order), ElementsAre(other));
}

TEST_F(KeptCards, ThatNeverWereAreNotErased) {
    const auto nothing = erase(vault::cards::new_token(account, false));
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().status(), 404);
    EXPECT_EQ(cause_of(nothing.error()), "");
    EXPECT_EQ(erase(stored(), AccountId{4712}).error().status(), 404);
    EXPECT_EQ(count("card"), "1");
    EXPECT_EQ(count("card_tombstone"), "0");
}

TEST_F(KeptCards, DoNotComeBackFromABackup) {
    const auto card = stored();
    tamper("CREATE TABLE backup_card AS SELECT * FROM card");
    tamper("CREATE TABLE backup_key AS SELECT * FROM card_key");
    ASSERT_TRUE(erase(card));
    tamper("INSERT INTO card SELECT * FROM backup_card");
    restart();
    EXPECT_EQ(open(card).error().cause(), Cause::not_found) << "a record without its key";
    EXPECT_THAT(found({}), ElementsAre());
    tamper("DELETE FROM card_tombstone");
    EXPECT_EQ(open(card).error().cause(), Cause::not_found) << "also when nobody knows that it was erased";
    tamper("INSERT INTO card_tombstone VALUES (4711, '" + card + "', false, 'requested', 20000)");
    tamper("INSERT INTO card_key SELECT * FROM backup_key");
    EXPECT_EQ(cause_of(open(card).error()), "erased") << "and with its key it is still erased";
    tamper("DELETE FROM card_tombstone");
    EXPECT_TRUE(open(card)) << "what the two rows together would have given away";
}

TEST_F(KeptCards, ThatAMessageNeedsAreNotErased) {
    const auto card = stored();
    for (const char* state : {"intent", "queued"}) {
        tamper("DELETE FROM exchange");
        tamper(
            "INSERT INTO exchange (account_id, request_id, kind, state, authorization_id, card_token, stan, "
            "rrn,"
            " sent_at, created_at) VALUES (4711, 'areq_1', '" +
            std::string{state == std::string_view{"intent"} ? "authorization" : "capture"} + "', '" + state +
            "', 'areq_1', '" + card + "', '000001', '000000000001', '0101000000', 1)");
        const auto refused = erase(card);
        ASSERT_FALSE(refused) << state;
        EXPECT_EQ(refused.error().status(), 409);
        EXPECT_EQ(refused.error().code(), "card_in_use");
    }
    EXPECT_TRUE(open(card));
    tamper("UPDATE exchange SET state = 'answered', response_code = '00'");
    EXPECT_TRUE(erase(card));
}

// ---- who did it

// PCI DSS 4.0.1: 10.2.1, 10.2.2
TEST_F(KeptCards, AreChangedAndErasedUnderTheNameOfWhoAsked) {
    const auto card = stored();
    ASSERT_TRUE(update({{}, card, 2, 2035, {}}));
    ASSERT_TRUE(update({{}, card, {}, {}, {{"order", "1"}}}));
    ASSERT_TRUE(erase(card));
    std::vector<std::string> told;
    for (const auto& entry : vault->trail.entries())
        if (entry.object == card && entry.action != "card.create")
            told.push_back(entry.actor + ' ' + entry.action + ' ' + entry.origin + ' ' + entry.detail);
    const std::string gateway = "spiffe://portcullis/gateway ";
    EXPECT_THAT(told, ElementsAre(gateway + "card.update 127.0.0.1 areq_1 expiry date",
                                  gateway + "card.update 127.0.0.1 areq_1 metadata",
                                  gateway + "card.erase 127.0.0.1 areq_1"));
}

TEST_F(KeptCards, AreNeitherOpenedNorErasedWhenThatCannotBeRecorded) {
    const auto card = stored();
    tamper("UPDATE card SET record = decode(repeat('00', 110), 'hex')");
    vault->trail.fail(common::Error::unavailable("the log is full"));
    const auto refused = update({{}, card, 2, 2035, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    EXPECT_EQ(metrics.counter_value("vault_card_integrity_failures_total"), 0) << "it was opened";
    EXPECT_FALSE(erase(card));
    EXPECT_EQ(count("card"), "1");
}

// ---- expiry and metadata

TEST_F(KeptCards, TakeANewExpiryDateUnderANewKey) {
    const auto card = stored();
    const auto before = value_of(
        "SELECT encode(k.id, 'hex') || encode(record, 'hex') FROM card c JOIN card_key k USING (token)");
    const auto updated = update({{}, card, 2, 35, {}});
    ASSERT_TRUE(updated) << updated.error().describe();
    EXPECT_EQ(updated->exp_month, 2);
    EXPECT_EQ(updated->exp_year, 2035);
    EXPECT_EQ(updated->token, card);
    EXPECT_NE(
        value_of(
            "SELECT encode(k.id, 'hex') || encode(record, 'hex') FROM card c JOIN card_key k USING (token)"),
        before);
    restart();
    const auto opened = open(card);
    ASSERT_TRUE(opened) << opened.error().describe();
    EXPECT_EQ(opened->expiry.yymm(), "3502");
    EXPECT_EQ(PanTestAccess::digits(opened->pan), "4242424242424242");
    EXPECT_EQ(facts(card)->exp_year, 2035);
    EXPECT_EQ(update({{}, card, 13, 2035, {}}).error().code(), "invalid_expiry_month");
    EXPECT_EQ(update({{}, card, 1, 2020, {}}).error().code(), "invalid_expiry_year");
    EXPECT_TRUE(open(card));
}

TEST_F(KeptCards, ThatChangeMeanwhileAreNotOverwritten) {
    const auto card = stored();
    auto row = wait_for(vault->rows.find(account, card, soon()));
    ASSERT_TRUE(row);
    ASSERT_TRUE(update({{}, card, 2, 2035, {}}));
    vault::store::CardChanges::NewSeal stale{row->sealed.key_id, row->sealed, {3, 2033}};
    const auto refused = wait_for(vault->changes.update(account, card, std::move(stale), {}, soon()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 409);
    EXPECT_EQ(open(card)->expiry.yymm(), "3502");
}

TEST_F(KeptCards, AreNotSealedAnewWhenTheirRecordWasTamperedWith) {
    const auto card = stored();
    tamper("UPDATE card SET record = set_byte(record, 60, get_byte(record, 60) # 1)");
    const auto refused = update({{}, card, 2, 2035, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause(), Cause::integrity);
}

TEST_F(KeptCards, HaveMetadataThatCanBeChanged) {
    const auto card = stored_with({{"order", "77"}, {"customer", "C-1"}});
    EXPECT_EQ(facts(card)->metadata, (Metadata{{"order", "77"}, {"customer", "C-1"}}));
    const auto changed = update({{}, card, {}, {}, {{"order", ""}, {"customer", "C-2"}, {"shop", "B"}}});
    ASSERT_TRUE(changed) << changed.error().describe();
    EXPECT_EQ(changed->metadata, (Metadata{{"customer", "C-2"}, {"shop", "B"}}));
    Metadata many;
    for (int i = 0; i < 19; ++i)
        many["key" + std::to_string(i)] = "v";
    const auto refused = update({{}, card, {}, {}, many});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().param(), "metadata");
    EXPECT_EQ(facts(card)->metadata, changed->metadata) << "all or nothing";
    EXPECT_EQ(update({{}, card, {}, {}, {{"note", "4242 4242 4242 4242"}}}).error().status(), 400);
    auto input = typed();
    input.metadata = {{"note", "4242424242424242"}};
    EXPECT_EQ(store(std::move(input)).error().param(), "metadata");
    EXPECT_EQ(count("card"), "1");
}

// ---- searches

TEST_F(KeptCards, AreFoundByWhatIsShownOfThem) {
    const auto visa = stored_with({{"order", "77"}});
    const auto master = stored_with({{"order", "77"}, {"shop", "B"}}, "5555555555554444");
    auto later = typed("4000056655665556");
    later.exp_month = 1, later.exp_year = 2032;
    const auto debit = store(std::move(later))->facts.token;
    stored("4242424242424242", AccountId{4712});
    const auto one = [&](auto set) {
        CardSearch asked;
        set(asked);
        auto tokens = found(asked);
        std::ranges::sort(tokens);
        return tokens;
    };
    const auto sorted = [](std::vector<std::string> tokens) {
        std::ranges::sort(tokens);
        return tokens;
    };
    EXPECT_EQ(one([](auto&) {}), sorted({visa, master, debit}));
    EXPECT_EQ(one([](auto& asked) { asked.brand = "visa"; }), sorted({visa, debit}));
    EXPECT_THAT(one([](auto& asked) { asked.last4 = "4444"; }), ElementsAre(master));
    EXPECT_THAT(one([](auto& asked) { asked.last4 = "4444", asked.brand = "visa"; }), ElementsAre());
    EXPECT_EQ(one([](auto& asked) { asked.metadata_key = "order", asked.metadata_value = "77"; }),
              sorted({visa, master}));
    EXPECT_THAT(one([](auto& asked) {
                    asked.metadata_key = "order", asked.metadata_value = "77", asked.brand = "mastercard";
                }),
                ElementsAre(master));
    EXPECT_THAT(one([](auto& asked) { asked.metadata_key = "order", asked.metadata_value = "7"; }),
                ElementsAre());
    EXPECT_EQ(one([](auto& asked) { asked.expires_to = {12, 2031}; }), sorted({visa, master}));
    EXPECT_THAT(one([](auto& asked) { asked.expires_from = {10, 2031}; }), ElementsAre(debit));
    EXPECT_EQ(one([](auto& asked) { asked.expires_from = asked.expires_to = {9, 2031}; }),
              sorted({visa, master}));
    EXPECT_THAT(one([](auto& asked) { asked.livemode = true; }), ElementsAre());
    CardSearch by_shop;
    by_shop.metadata_key = "shop", by_shop.metadata_value = "B";
    EXPECT_EQ(search(by_shop)->cards.at(0).metadata, (Metadata{{"order", "77"}, {"shop", "B"}}));
}

TEST_F(KeptCards, ComeInPages) {
    std::set<std::string> all;
    for (int i = 0; i < 23; ++i) {
        auto input = typed();
        input.exp_month = 1 + i % 3;
        input.metadata = {{"order", "77"}};
        all.insert(store(std::move(input))->facts.token);
    }
    const auto walk = [&](CardSearch asked, bool erasing) {
        std::vector<std::string> seen;
        asked.limit = 5;
        do {
            const auto page = search(asked);
            if (!page) throw std::runtime_error{page.error().describe()};
            EXPECT_LE(page->cards.size(), 5U);
            for (const auto& card : page->cards) {
                seen.push_back(card.token);
                if (erasing) EXPECT_TRUE(erase(card.token));
            }
            asked.after = page->next;
        } while (!asked.after.empty());
        EXPECT_EQ(seen.size(), all.size());
        EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), all);
        return seen;
    };
    const auto by_token = walk({}, false);
    EXPECT_TRUE(std::ranges::is_sorted(by_token));
    CardSearch by_order;
    by_order.metadata_key = "order", by_order.metadata_value = "77";
    walk(by_order, false);
    CardSearch by_expiry;
    by_expiry.expires_to = {12, 2031};
    walk(by_expiry, true);  // the last one of a page may be gone when the next is asked for
    EXPECT_EQ(count("card"), "0");
}

TEST_F(KeptCards, AreNotFoundFromAnotherSearchesPage) {
    CardSearch asked;
    for (const char* wrong : {"203109.vt_test_x", "x.y", "209x09.vt", "."}) {
        asked.after = wrong;
        const auto refused = search(asked);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().param(), "starting_after") << wrong;
    }
    asked.expires_to = vault::cards::Expiry{12, 2031};
    asked.after = "vt_test_x";
    EXPECT_EQ(search(asked).error().param(), "starting_after");
}

// A page reads a bounded part of an index, however rare is what is looked for.
TEST_F(KeptCards, AreFoundAtABoundedCostAPage) {
    const auto rare = stored("5555555555554444");
    tamper(
        "INSERT INTO card SELECT account_id, 'vt_test_many' || lpad(n::text, 5, '0'), livemode, 'visa', "
        "last4, funding,"
        " country, exp_month, exp_year, fingerprint || n, fingerprint_key_version, authentication, risk, "
        "record,"
        " record_key_version, created_at, last_used_day FROM card, generate_series(1, 4000) n");
    CardSearch asked;
    asked.brand = "mastercard";
    std::vector<std::string> seen;
    int pages = 0;
    do {
        const auto page = search(asked);
        ASSERT_TRUE(page) << page.error().describe();
        for (const auto& card : page->cards)
            seen.push_back(card.token);
        asked.after = page->next;
        ++pages;
    } while (!asked.after.empty());
    EXPECT_THAT(seen, ElementsAre(rare));
    EXPECT_EQ(pages, 5) << "4001 rows, a thousand each";
    tamper("ANALYZE card");
    for (const auto& [condition, index] :
         {std::pair{"last4 = '4242'", "card_by_last4"},
          {"exp_year BETWEEN 2040 AND 2040 AND (exp_year, exp_month, token) > (2040, 1, '')",
           "card_by_expiry"}}) {
        pqxx::connection connection{tests::Postgres::instance().url("vault")};
        pqxx::work work{connection};
        work.exec("SET LOCAL enable_seqscan = off");
        std::string plan;
        for (const auto& row : work.exec(
                 std::string{"EXPLAIN SELECT * FROM card WHERE account_id = 4711 AND livemode = false AND "} +
                 condition + " LIMIT 10"))
            plan += row[0].c_str();
        EXPECT_THAT(plan, HasSubstr(index));
    }
}

// ---- how often

TEST_F(KeptCards, OfOneNumberAreLimitedByTheHourOverAllAccounts) {
    vault = std::make_unique<Vault>(*hsm, metrics, 3);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(store(typed("4242424242424242", AccountId{5000 + i})));
    const auto refused = store(typed("4242424242424242", AccountId{6000}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 402);
    EXPECT_EQ(refused.error().code(), "card_declined");
    EXPECT_EQ(refused.error().to_json().at("error").at("decline_code"), "card_velocity_exceeded");
    EXPECT_TRUE(store(typed("5555555555554444", AccountId{6000}))) << "another number";
    NewCardInput by_id;
    by_id.account = account;
    by_id.sandbox_id = "pm_card_visa";
    EXPECT_TRUE(store(std::move(by_id))) << "nobody typed that";
    vault->clock.advance(30min);
    EXPECT_FALSE(store(typed()));
    vault->clock.advance(31min);
    EXPECT_TRUE(store(typed())) << "what was refused does not count";
    EXPECT_EQ(value_of("SELECT string_agg(t::text, '|') LIKE '%4242%' FROM card_velocity t"), "f");
}

TEST_F(KeptCards, AreLimitedAlsoWhenAllComeAtOnce) {
    std::vector<std::unique_ptr<Vault>> vaults;
    for (int i = 0; i < 4; ++i)
        vaults.push_back(std::make_unique<Vault>(*hsm, metrics, 10));
    std::atomic<int> taken = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            for (int n = 0; n < 8; ++n)
                if (wait_for(vaults[static_cast<std::size_t>(i)]->cards.store(
                        typed("4242424242424242", AccountId{7000 + i}), soon())))
                    ++taken;
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(taken, 10);
}

// ---- retention, PCI DSS 4.0.1 requirement 3.2.1

class Retention : public KeptCards {
  protected:
    common::Result<vault::cards::PurgeReport> purge(vault::cards::RetentionRules rules,
                                                    bool dry_run = false) {
        vault::cards::Purge job{{vault->retention, vault->leases, vault->clock, metrics, &trail}, rules};
        return wait_for(job.run(dry_run));
    }
    struct TrailDouble final : vault::audit::Trail {
        common::Task<bool> record_all(std::vector<vault::audit::Entry> added, common::Deadline) override {
            std::ranges::move(added, std::back_inserter(entries));
            if (broken) co_return common::Fail{common::Error::unavailable("no trail")};
            co_return true;
        }
        std::vector<vault::audit::Entry> entries;
        bool broken = false;
    } trail;
};

// PCI DSS 4.0.1: 3.2.1
TEST_F(Retention, ErasesCardsThatNobodyUsed) {
    const auto unused = stored_with({{"order", "77"}});
    const auto used = stored();
    vault->clock.advance(48h);
    ASSERT_TRUE(open(used));
    ASSERT_TRUE(wait_for(vault->uses.write(soon())));
    const auto dry = purge({.unused_card_days = 1}, true);
    ASSERT_TRUE(dry) << dry.error().describe();
    EXPECT_EQ(dry->unused_cards, 1);
    EXPECT_EQ(count("card"), "2");
    EXPECT_TRUE(trail.entries.empty());
    const auto report = purge({.unused_card_days = 1});
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->unused_cards, 1);
    for (const char* table : {"card", "card_key"})
        EXPECT_EQ(count(table), "1") << table;
    EXPECT_EQ(count("card_metadata"), "0");
    EXPECT_EQ(cause_of(open(unused).error()), "erased");
    EXPECT_TRUE(open(used));
    ASSERT_EQ(trail.entries.size(), 2U);
    EXPECT_EQ(trail.entries[0].outcome, vault::audit::Outcome::begun);
    EXPECT_EQ(trail.entries[1].outcome, vault::audit::Outcome::done);
    EXPECT_THAT(trail.entries[1].detail, HasSubstr(R"("unused_cards":1)"));
    EXPECT_EQ(purge({.unused_card_days = 1})->unused_cards, 0);
}

TEST_F(Retention, MarksACardOnceADay) {
    const auto card = stored();
    const auto day = [] { return value_of("SELECT last_used_day FROM card"); };
    const auto first = day();
    ASSERT_TRUE(open(card));
    ASSERT_TRUE(wait_for(vault->uses.write(soon())));
    EXPECT_EQ(day(), first);
    vault->clock.advance(24h);
    ASSERT_TRUE(open(card));
    EXPECT_EQ(day(), first) << "an authorization does not wait for it";
    ASSERT_TRUE(wait_for(vault->uses.write(soon())));
    EXPECT_EQ(std::stoll(day()), std::stoll(first) + 1);
    vault->clock.advance(24h);
    ASSERT_TRUE(open(card));
    tests::Postgres::instance().stop();
    EXPECT_FALSE(wait_for(vault->uses.write(common::Deadline::in(300ms))));
    tests::Postgres::instance().start();
    ASSERT_TRUE(wait_for(vault->uses.write(soon())));
    EXPECT_EQ(std::stoll(day()), std::stoll(first) + 2) << "what could not be written is written later";
}

// PCI DSS 4.0.1: 3.2.1
TEST_F(Retention, ErasesExpiredCardsAfterTheirMonth) {
    auto soon_over = typed();
    soon_over.exp_month = 7, soon_over.exp_year = 2026;
    const auto card = store(std::move(soon_over))->facts.token;
    const auto later = stored();
    const vault::cards::RetentionRules rules{.expired_card_days = 30};
    vault->clock.advance(24h * 60);  // 30 August: the month has been over for 29 days
    EXPECT_EQ(purge(rules)->expired_cards, 0);
    vault->clock.advance(24h);
    EXPECT_EQ(purge(rules, true)->expired_cards, 1);
    EXPECT_EQ(purge(rules)->expired_cards, 1);
    EXPECT_EQ(value_of("SELECT reason FROM card_tombstone"), "expired");
    EXPECT_EQ(cause_of(open(card).error()), "erased");
    EXPECT_TRUE(open(later));
}

TEST_F(Retention, LeavesCardsThatAMessageNeeds) {
    const auto card = stored();
    tamper(
        "INSERT INTO exchange (account_id, request_id, kind, state, authorization_id, card_token, stan, rrn, "
        "sent_at,"
        " created_at) VALUES (4711, 'areq_1', 'capture', 'queued', 'areq_1', '" +
        card + "', '000001', '000000000001', '0101000000', 1)");
    vault->clock.advance(48h);
    EXPECT_EQ(purge({.unused_card_days = 1})->unused_cards, 0);
    EXPECT_TRUE(open(card));
}

TEST_F(Retention, ForgetsTombstonesAndCounters) {
    vault = std::make_unique<Vault>(*hsm, metrics, 100);
    const auto card = stored();
    ASSERT_TRUE(erase(card));
    vault->clock.advance(24h * 29);
    EXPECT_EQ(purge({.tombstone_days = 30})->tombstones, 0);
    EXPECT_EQ(count("card_velocity"), "1");
    vault->clock.advance(48h);
    const auto report = purge({.tombstone_days = 30});
    EXPECT_EQ(report->tombstones, 1);
    EXPECT_EQ(report->velocity_counters, 1);
    EXPECT_EQ(count("card_velocity"), "0");
    EXPECT_EQ(cause_of(open(card).error()), "") << "as unknown as any other";
}

TEST_F(Retention, DeletesNothingWithoutARule) {
    stored();
    vault->clock.advance(24h * 365 * 9);
    const auto report = purge({});
    ASSERT_TRUE(report);
    EXPECT_EQ(
        report->json(),
        R"({"dry_run":false,"unused_cards":0,"expired_cards":0,"tombstones":0,"bulk_chunks":0,"velocity_counters":0})");
    EXPECT_EQ(count("card"), "1");
}

TEST_F(Retention, IsOneVaultsWorkAtATime) {
    stored();
    vault->clock.advance(48h);
    const auto now = vault->clock.now().time_since_epoch().count();
    ASSERT_TRUE(*wait_for(vault->leases.take("purge", "another", now, now + 300'000, soon())));
    const auto refused = purge({.unused_card_days = 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause(), Cause::conflict);
    EXPECT_EQ(count("card"), "1");
    vault->clock.advance(301s);
    EXPECT_EQ(purge({.unused_card_days = 1})->unused_cards, 1) << "a dead one's work is taken over";
}

TEST_F(Retention, DeletesNothingThatTheTrailWouldNotKnowOf) {
    stored();
    vault->clock.advance(48h);
    trail.broken = true;
    EXPECT_FALSE(purge({.unused_card_days = 1}));
    EXPECT_EQ(count("card"), "1");
}

TEST_F(Retention, GoesOnOverManyCards) {
    stored();
    stored("4242424242424242", AccountId{4712});
    tamper(
        "INSERT INTO card SELECT account_id, 'vt_test_many' || n, livemode, brand, last4, funding, country, "
        "exp_month,"
        " exp_year, fingerprint, fingerprint_key_version, authentication, risk, record, record_key_version, "
        "created_at,"
        " last_used_day FROM card, generate_series(1, 1200) n WHERE account_id = 4711");
    vault->clock.advance(48h);
    const auto report = purge({.unused_card_days = 1});
    ASSERT_TRUE(report) << report.error().describe();
    EXPECT_EQ(report->unused_cards, 1202);
    EXPECT_EQ(count("card"), "0");
    EXPECT_EQ(count("card_tombstone"), "1202");
}

}  // namespace
